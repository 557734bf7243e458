"""Drills at the admin listener: begun, shown, refused and ended."""

import pytest

from sidecar.faults import FAULTS
from tests.support.admin_served import Served


async def test_the_catalogue_names_every_fault(served):
    status, shown = await served.call("GET", "/admin/drills")
    assert (status, shown["allowed"], shown["active"]) == (200, True, [])
    assert [row["fault"] for row in shown["faults"]] == list(FAULTS)


async def test_a_drill_is_begun_shown_and_ended(served, audit):
    order = {
        "fault": "latency",
        "upstream": "gemini",
        "route": "generate",
        "percent": 20,
        "for": "5m",
        "delay": "250ms",
        "reason": "game day",
    }
    status, drill = await served.call("POST", "/admin/drills", json=order)
    assert (status, drill["percent"], drill["delay"], drill["id"]) == (201, 20.0, 0.25, "d1")
    _, shown = await served.call("GET", "/admin/drills")
    assert [each["id"] for each in shown["active"]] == ["d1"]
    assert await served.call("DELETE", "/admin/drills/d1") == (200, {"stopped": "d1"})
    assert (await served.call("DELETE", "/admin/drills/d1"))[0] == 404
    assert [(line["method"], line["status"]) for line in audit()] == [
        ("POST", 201),
        ("DELETE", 200),
        ("DELETE", 404),
    ]
    assert audit()[0]["given_fault"] == "latency"


async def test_a_drill_that_is_over_at_once_has_begun_all_the_same(served):
    order = {"fault": "hang", "upstream": "gemini", "for": "0.001ms"}
    status, drill = await served.call("POST", "/admin/drills", json=order)
    assert (status, drill["id"], drill["left"]) == (201, "d1", 0.0)


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"fault": "hnag"}, 404, "no such fault (did you mean 'hang'?)"),
        ({"fault": ""}, 400, "fault"),
        ({"upstream": "gemni"}, 404, "no such upstream (did you mean 'gemini'?)"),
        ({"route": "generat"}, 404, "no such route (did you mean 'generate'?)"),
        ({"percent": 0}, 400, "percent: "),
        ({"percent": "x"}, 400, "percent: "),
        ({"for": "2d"}, 400, "for: longer than 24 hours"),
        ({"delay": "0s"}, 400, "delay: zero is not a timeout"),
        ({"lasts": "1m"}, 400, "there is no parameter"),
    ],
)
async def test_a_drill_that_makes_no_sense_is_refused(served, change, status, said):
    order = {"fault": "hang", "upstream": "gemini", **change}
    found, answer = await served.call("POST", "/admin/drills", json=order)
    assert (found, said in answer["error"]) == (status, True), answer
    assert served.drilling.snapshot() == []


async def test_there_are_only_so_many_drills(served):
    order = {"fault": "hang", "upstream": "gemini"}
    answers = [await served.call("POST", "/admin/drills", params=order) for _ in range(33)]
    assert [status for status, _ in answers] == [201] * 32 + [409]


async def test_where_drills_are_not_allowed_none_begins():
    async with Served(drills=False) as made:
        order = {"fault": "hang", "upstream": "gemini"}
        status, answer = await made.call("POST", "/admin/drills", json=order)
        assert (status, "drills: {allowed: true}" in answer["error"]) == (403, True)
        assert (await made.call("GET", "/admin/drills"))[1]["allowed"] is False
        assert (await made.call("DELETE", "/admin/drills/d1"))[0] == 403
