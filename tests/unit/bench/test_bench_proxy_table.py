"""How a run of `make bench-proxy` is told: medians, ratios, gaps, noise, and its picture."""

import xml.etree.ElementTree as ET

import pytest

from bench.figures import Figure, summarise
from bench.proxy import plot, table
from bench.proxy.measurements import Measurement, Plan, figures
from bench.proxy.place import PLAIN
from bench.proxy.table import Told

ONE = Measurement("get", "GET", "closed", PLAIN, "/", connections=(1,))
FIGURES = (
    Figure("get/1/rate", "GET, 1 conn.: throughput", "req/s"),
    Figure("get/1/cpu", "GET, 1 conn.: CPU per request", "µs"),
    Figure("get/1/p50", "GET, 1 conn.: added p50", "µs", added=True),
)


def values(rate, cpu, p50):
    return {"get/1/rate": rate, "get/1/cpu": cpu, "get/1/p50": p50}


def rounds():
    """Two rounds; the one of Varnish failed in the second."""
    direct = {"get/1/rate": 40_000.0, "get/1/p50": 20.0}
    first = {
        "direct": direct,
        "sidecar": values(8000.0, 120.0, 120.0),
        "nginx": values(20_000.0, 40.0, 70.0),
        "Varnish": values(10_000.0, 60.0, 15.0),
    }
    second = {
        "direct": direct,
        "sidecar": values(12_000.0, 80.0, 220.0),
        "nginx": values(20_000.0, 60.0, 70.0),
        "Varnish": {},
    }
    return [first, second]


def told(**changed):
    given = {
        "table": summarise(rounds(), FIGURES),
        "figures": FIGURES,
        "measurements": (ONE,),
        "noise": {"get/1": [0.02, 0.3]},
        "repeated": 1,
        "failures": {},
        "missing": {},
        "opened": {"sidecar": 0.0, "nginx": 40.0},
        "failed": {"sidecar": 0.004, "nginx": 0.0},
    }
    return Told(**{**given, **changed})


def row(rows, title):
    return dict(zip(rows[0], next(each for each in rows if each[0].startswith(title)), strict=True))


def test_values_are_medians_of_the_rounds_that_have_them():
    rate = row(table.values(told()), "GET, 1 conn.: throughput")
    assert (rate["direct"], rate["sidecar"], rate["Varnish"]) == ("40,000", "10,000", "10,000")


def test_what_was_measured_directly_is_taken_off_what_is_added():
    added = row(table.values(told()), "GET, 1 conn.: added p50")
    assert (added["direct"], added["sidecar"], added["nginx"]) == ("-", "150", "50")


def test_ratios_are_of_medians_and_to_peers_only():
    rows = table.ratios(told())
    assert rows[0][1:] == ["nginx", "Varnish"]
    assert row(rows, "GET, 1 conn.: CPU")["nginx"] == "2.00"


def test_there_is_no_ratio_to_nothing_or_less():
    """Varnish was faster than going directly, by chance."""
    assert row(table.ratios(told()), "GET, 1 conn.: added p50")["Varnish"] == "-"


def test_without_a_direct_figure_nothing_is_added():
    broken = rounds()
    for one in broken:
        one["direct"] = {}
    summary = summarise(broken, FIGURES)
    assert "get/1/p50" not in summary["nginx"]


def test_what_failed_and_who_is_missing_is_told():
    failures = {"Varnish": {"get/1": ["early", "no answer"]}}
    text = table.plain(told(failures=failures, missing={"caddy": "none"}))
    assert "Without a value (2): Varnish, get/1: no answer" in text
    assert "Requests that failed, of one measurement at worst: sidecar 0.4%" in text
    assert "Left out: caddy: none" in text


def test_the_use_by_others_is_told_for_each_measurement():
    text = table.plain(told())
    assert "16% of the machine in the median measurement and 30% in the worst; 1 were" in text
    assert row(table._noise(told()), "GET, 1 conn.") == {
        "": "GET, 1 conn.",
        "median": "16%",
        "worst": "30%",
    }


def test_who_does_not_keep_connections_is_named():
    assert "where more than 5: nginx 40\n" in table.plain(told()) + "\n"
    rounds = [{"nginx": {"a/1/opened": 3.0}}, {"nginx": {"b/1/opened": 7.0, "b/1/cpu": 9.0}}]
    assert table.worst(rounds, "opened") == {"nginx": 7.0}


def test_the_document_has_tables_whose_lines_are_as_wide_as_their_heads():
    text = table.markdown(told(), "today", "as planned", {"cpu": "one"}, "proxy.svg")
    assert "(proxy.svg)" in text
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(blocks) == 3
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1


def test_in_the_picture_what_costs_less_is_further_left():
    root = ET.fromstring(plot.picture(told().table, FIGURES))
    dots = [each for each in root.iter() if each.tag.endswith("circle")]
    legend, points = dots[:2], dots[2:]
    nginx = [float(p.attrib["cx"]) for p in points if p.attrib["fill"] == legend[0].attrib["fill"]]
    middle = plot._x(1.0)
    assert len(nginx) == 2  # CPU and added p50; throughput is not shown
    assert all(x < middle for x in nginx)
    assert plot._x(2.0) - middle == pytest.approx(middle - plot._x(0.5))


def test_the_longest_title_is_inside_the_picture():
    titles = [each.title for each in figures(Plan()) if plot._is_shown(each)]
    assert max(map(len, titles)) * 6.5 < plot._LEFT


def test_the_picture_has_everything_inside():
    root = ET.fromstring(plot.picture(told().table, FIGURES))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for each in root.iter():
        if each.tag.endswith("circle"):
            assert 0 < float(each.attrib["cx"]) < width
            assert 0 < float(each.attrib["cy"]) < height
    assert 0 < plot._x(1e-9) < plot._x(1e9) < width
