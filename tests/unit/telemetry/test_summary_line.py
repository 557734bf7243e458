import io
import json
import logging

import pytest

from sidecar import config
from sidecar.core.summary import Cell, figures, row
from sidecar.parts.summary_lines import SummaryLines
from sidecar.telemetry import logs
from sidecar.telemetry.summary_line import summary_fields
from tests.support.clock import FakeClock
from tests.support.proxied import soon


def upstream(name, counts, *, states=(), seconds=60.0):
    cells = [(Cell(name, "default", *key), value) for key, value in counts.items()]
    breakers = [{"name": f"{name}/{n}", "state": state} for n, state in enumerate(states)]
    return {"name": name, "breakers": breakers, **figures(row(cells), seconds)}


def summary(*upstreams):
    return {"window": 60.0, "upstreams": upstreams}


BUSY = {
    ("calls", ""): 120.0,
    ("failed", "timeout"): 3.0,
    ("cache", "hit"): 80.0,
    ("cache", "miss"): 20.0,
    ("saved", ""): 12.5,
}


def test_a_line_says_what_the_summary_says():
    (fields,) = summary_fields(summary(upstream("supabase", BUSY, states=["closed", "open"])))
    assert fields["upstream"] == "supabase"
    assert (fields["calls"], fields["rate"], fields["errors_percent"]) == (120, 2.0, 2.5)
    assert (fields["cache_percent"], fields["seconds_saved_estimated"]) == (80.0, 12.5)
    assert fields["breaker"] == "open"
    assert fields["p95"] is None
    assert "tokens_input" not in fields


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        ([], None),
        (["closed"], "closed"),
        (["closed", "half_open"], "half_open"),
        (["open", "forced_open"], "forced_open"),
        (["something new"], "something new"),
    ],
)
def test_of_many_breakers_the_worst_is_named(states, shown):
    (fields,) = summary_fields(summary(upstream("a", BUSY, states=states)))
    assert fields["breaker"] == shown


def test_who_was_not_called_has_no_line():
    quiet = upstream("quiet", {("cache", "hit"): 1.0})
    assert list(summary_fields(summary(quiet))) == []
    names = [each["upstream"] for each in summary_fields(summary(quiet, upstream("busy", BUSY)))]
    assert names == ["busy"]


class Summaries:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.windows = []

    async def __call__(self, window):
        self.windows.append(window)
        answer = self.answers.pop(0) if self.answers else summary()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_they_are_written_every_interval_and_a_failure_does_not_end_them(caplog):
    caplog.set_level(logging.INFO, "sidecar")
    clock = FakeClock()
    source = Summaries(
        summary(upstream("a", BUSY)), RuntimeError("x"), summary(upstream("b", BUSY))
    )
    lines = SummaryLines(source, "5m", clock)
    lines.start()
    lines.start()
    await soon(lambda: len(source.windows) >= 4)
    await lines.close()
    await lines.close()
    seen = [each.fields["upstream"] for each in caplog.records if each.msg == "summary"]
    assert seen == ["a", "b"]
    assert set(source.windows) == {"5m"}
    assert set(clock.slept) == {300.0}
    assert any(each.exc_info for each in caplog.records)


async def test_with_0s_there_are_none():
    lines = SummaryLines(source := Summaries(), "0s", FakeClock())
    lines.start()
    await lines.close()
    assert source.windows == []


def test_a_line_is_one_line_of_json_with_plain_values():
    root = logging.getLogger()
    before, levels = root.handlers[:], (root.level, logging.getLogger("sidecar").level)
    logs.setup(config.Log(), stream := io.StringIO())
    try:
        for fields in summary_fields(summary(upstream("a", BUSY))):
            logs.event("summary", "info", **fields)
        logs.flush()
        shown = json.loads(stream.getvalue())
        assert (shown["event"], shown["calls"]) == ("summary", 120)
        assert not any(isinstance(value, dict | list) for value in shown.values())
    finally:
        for handler in [each for each in root.handlers if each not in before]:
            handler.writer.close()
            root.removeHandler(handler)
        root.setLevel(levels[0])
        logging.getLogger("sidecar").setLevel(levels[1])
