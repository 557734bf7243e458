"""How a run of `make bench-fleet` is told."""

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

from bench.fleet import report
from bench.fleet.judging import Verdict
from bench.fleet.plan import Found, Row
from bench.fleet.policies import POLICIES, paced
from bench.fleet.real import Measured
from bench.fleet.sharing import Cost

NOW = datetime(2029, 1, 1, tzinfo=UTC)


def _run(recovery: float | None = 3.0) -> report.Run:
    verdict = Verdict(1.0, 0.1, recovery, 1.0, 1.2, 0.05)
    shape = {0: 1.0, 1: 0.5}
    rows = [
        Row(policy.name, policy.role, size, trouble, limited, verdict, shape)
        for size in (1, 10)
        for trouble in ("outage", "brownout")
        for policy in (*POLICIES, paced(10.0, size))
        for limited in (False, True)
    ]
    cost = Cost(0.5, 0.0, 0.1, 0.4, {"GET": 3})
    real = Measured(8, {"outage": verdict}, {"outage": verdict}, {"get": 0.3}, 1.0, 0.5)
    return report.Run(Found(rows, {1: cost, 10: cost}), real, {"cpu": "one"}, (0.5, 1.5))


def test_the_document_says_everything_and_what_is_not_as_it_must_be() -> None:
    text = report.markdown(_run(), NOW)
    assert "back after, real / simulated | 3 s / 3 s" in text
    assert "load average 0.5 before and 1.5 after" in text
    assert "NOT AS IT MUST BE" in text  # the controls recover here
    assert "| never |" in report.markdown(_run(None), NOW)


def test_the_json_can_be_read_again() -> None:
    told = json.loads(json.dumps(report.as_json(_run(), NOW)))
    assert len(told["rows"]) == 2 * 2 * (len(POLICIES) + 1) * 2
    assert told["real"]["sidecars"] == 8


def test_pictures_are_well_formed_and_of_the_largest_fleet() -> None:
    pictures = dict(report.pictures(_run()))
    assert set(pictures) == {"outage", "brownout", "redis"}
    for picture in pictures.values():
        ET.fromstring(picture)
    assert "10 sidecars" in pictures["outage"]
