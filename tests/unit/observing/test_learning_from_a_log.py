import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.advice import advise
from sidecar.observing.from_log import learn_from
from sidecar.telemetry.lines import exchange_json
from sidecar.telemetry.record import Record
from tests.support.builders import config, upstream

CONFIG = config(upstreams={"api": upstream("http://api.example")})


def line(number, target, took, status=200):
    names = (f"x{number}", "api", "default", "GET", target)
    record = Record(
        *names,
        status=status,
        attempts=1,
        started_wall=1_700_000_000.0 + number,
        duration=took,
        first_byte=took,
        pool_wait=0.001,
        dial=0.002,
    )
    return exchange_json(record, "info")


def test_a_slow_filter_is_found_in_a_log():
    lines = [line(n, f"/rest/v1/things?account_id=eq.{n}&select=a", 0.2) for n in range(30)]
    lines += [line(n, f"/rest/v1/plans?id=eq.{n}", 0.01) for n in range(30, 60)]
    (advice,) = advise(learn_from(lines), CONFIG)
    assert advice.kind == "index"
    assert '"things" ("account_id")' in advice.sql
    assert 0.18 < advice.evidence["p50_seconds"] < 0.21


def test_other_lines_and_broken_ones_are_passed_over():
    good = line(1, "/x", 0.1)
    other = json.dumps({"event": "started", "version": "1"})
    broken = json.dumps({**json.loads(good), "duration": "soon"})
    assert learn_from([good, other, broken, good[:50], "", "[1]", "plain text"]).seen == 1


@pytest.mark.parametrize("name", ["status", "duration", "first_byte", "dial", "held"])
@pytest.mark.parametrize("number", ["NaN", "1e999"])
def test_a_number_that_is_none_makes_a_line_unreadable(name, number):
    whole = json.loads(line(1, "/x", 0.1))
    broken = json.dumps({**whole, name: "?"}).replace('"?"', number)
    assert learn_from([json.dumps(whole), broken]).seen == 1


@given(st.lists(st.text(max_size=80), max_size=9))
def test_any_text_may_be_a_log(lines):
    assert learn_from(lines).seen == 0
