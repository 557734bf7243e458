"""The figures of the benchmark's application: percentiles, windows, targets, tables, picture."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from bench.app import plot, table
from bench.app.contenders import EVERY, SHIPPED
from bench.app.figures import Result, Row, percentile, result, times, worst_window
from bench.app.spec import Reported
from bench.app.targets import verdicts

REPORTED = {"GET /a": Reported(1000, 100)}


def row(at: float = 0.0, milliseconds: float = 10.0, outcome: str = "ok") -> Row:
    return Row("GET /a", at, milliseconds, outcome)


def made(milliseconds: float = 10.0, **changed: object) -> Result:
    seen = {
        "rows": [list(row(10.0, milliseconds)) for _ in range(20)],
        "calls": [["GET /a", "rest.a", milliseconds, "ok"]],
        "replies": {"ok": 3, "503": 1},
        "judged": 20,
        "wrong": 0,
        "stale": 0,
        "stale_labelled": 0,
        "stale_of": {},
    }
    providers = {"requests": {"rest.a": 30, "rest.b": 10}, "duplicates": {}, "connections": 9}
    return replace(result(seen, providers, warm_up=0.0), **changed)


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1), (0.5, 51), (0.95, 96), (0.99, 100), (1.0, 100)]
)
def test_a_percentile_is_the_value_that_so_many_are_below(share, value):
    assert percentile(list(range(1, 101)), share) == value


def test_failed_requests_count_in_percentiles():
    found = times([row(milliseconds=1), row(milliseconds=500, outcome="503"), row(milliseconds=2)])
    assert (found.count, found.p50, found.p99) == (3, 2, 500)
    assert found.failed == pytest.approx(100 / 3)
    assert found.mean == pytest.approx(503 / 3)


def test_the_worst_window_is_found():
    good = [row(at) for at in range(100)]
    bad = [row(61.0 + n / 10, outcome="503" if n < 10 else "ok") for n in range(20)]
    assert worst_window([*good, *bad]) == pytest.approx(100 * 10 / 25)  # 5 good ones are in it, too


def test_a_window_with_few_requests_is_not_the_worst():
    assert worst_window([row(1.0, outcome="503"), *(row(6.0) for _ in range(20))]) == 0.0


def test_the_warm_up_does_not_count():
    seen = {
        "rows": [list(row(1.0, 9_000)), list(row(10.0, 5))],
        "calls": [],
        "replies": {},
        "judged": 0,
        "wrong": 0,
        "stale": 0,
        "stale_labelled": 0,
        "stale_of": {},
    }
    found = result(
        seen,
        {"requests": {"rest.a": 3}, "duplicates": {"wa.send": 2}, "connections": 1},
        warm_up=5.0,
    )
    assert (found.overall.count, found.overall.p99) == (1, 5)
    assert (found.requests, found.duplicates) == (3, 2)


def test_replies_are_a_share_of_those_that_were_begun():
    assert made().replies == 75.0


def verdict_of(results: dict[str, Result], what: str, name: str = SHIPPED) -> bool:
    return next(v.met for who, v in verdicts(results, REPORTED) if (who, v.what) == (name, what))


@pytest.mark.parametrize(("milliseconds", "met"), [(50.0, True), (50.1, False)])
def test_a_target_is_met_up_to_its_bound(milliseconds, met):
    assert verdict_of({SHIPPED: made(milliseconds)}, "overall p50") is met


def test_an_endpoint_that_is_slower_than_reported_is_named():
    found = {v.what: v for _, v in verdicts({SHIPPED: made(101.0)}, REPORTED)}
    assert "GET /a 101 > 100" in found["p50 of each endpoint"].measured


def test_a_peer_that_is_faster_is_named():
    results = {"nginx": made(5.0), SHIPPED: made(10.0)}
    assert verdict_of(results, "better than every peer") is False
    assert verdict_of({"nginx": made(11.0), SHIPPED: made(10.0)}, "better than every peer") is True


def test_the_other_sidecar_is_no_peer():
    assert verdict_of({SHIPPED: made(10.0), EVERY: made(5.0)}, "better than every peer") is True


@pytest.mark.parametrize("wrong", ["duplicates", "wrong", "stale"])
def test_one_wrong_answer_is_too_many(wrong):
    result = made(**{wrong: 1})
    assert verdict_of({SHIPPED: result}, "duplicates, wrong user, stale") is False


def test_the_page_has_every_contender_and_every_target():
    page = table.document(
        {"nginx": made(), SHIPPED: made()}, REPORTED, title="T", facts=["seed 1"], plot="app.svg"
    )
    assert "| nginx | 10 / 10 / 10 |" in page
    assert "| GET /a (1,000 → 100) | 10 / 10 / 10 · 0.0 |" in page
    targets = page.partition("| wanted |")[2]
    assert targets.count(f"| {SHIPPED} |") == 7
    assert "- seed 1" in page


def test_labelled_stale_answers_are_told_apart():
    assert "0 (+2 labelled)" in table.markdown(table.overall({"x": made(stale_labelled=2)}))


def test_failures_are_told_by_reason():
    result = made(failures={"rest.a 503": 2}, stale_of={"rest.b": 1})
    assert table.failures({"x": result}) == ["x: 2 x rest.a 503, 1 stale x rest.b"]


def test_the_picture_is_xml_with_a_line_for_each_contender():
    picture = ET.fromstring(plot.picture({"a & b": [10.0, 20.0, 900.0], "c": [5.0]}))
    lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert len(lines) == 2
    assert "a & b" in texts


def test_a_line_of_the_picture_goes_to_the_right_and_down():
    picture = ET.fromstring(plot.picture({"a": [float(n) for n in range(10, 5000)]}))
    line = picture.find("{http://www.w3.org/2000/svg}polyline")
    points = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
    assert points == sorted(points)
    assert [y for _, y in points] == sorted(y for _, y in points)
