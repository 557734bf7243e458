"""deploy/grafana/sidecar-dashboard.json as Grafana needs it. Nothing else checks it before that."""

import json
import re
from itertools import combinations

import pytest

from scripts.grafana.__main__ import text
from tests.support.prometheus import DASHBOARD

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {"reqps", "ops", "s", "bytes", "Bps", "percentunit", "none", "short", "bool", "bool_yes_no"}


@pytest.fixture(scope="module")
def dashboard():
    return json.loads(DASHBOARD.read_text())


@pytest.fixture(scope="module")
def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def test_it_is_what_the_generator_writes():
    assert DASHBOARD.read_text() == text(), "run `python -m scripts.grafana` from the checkout"


def test_its_uid_is_fixed_and_its_datasource_is_chosen_by_whoever_imports_it(dashboard):
    assert dashboard["uid"] == "outbound-sidecar"
    assert "id" not in dashboard
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert set(variables) == {"datasource", "job", "instance", "upstream"}

    def sources(value):
        if isinstance(value, dict):
            yield from ([value["datasource"]] if "datasource" in value else [])
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                yield from sources(each)

    found = list(sources(dashboard))
    assert len(found) > 50
    assert all(source == SOURCE for source in found)


def test_ids_are_unique_and_every_panel_has_a_title_of_its_own_in_its_row(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["title"] for panel in dashboard["panels"])


def test_panels_lie_within_24_columns_and_none_over_another(dashboard):
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    for place in places:
        assert place["x"] >= 0
        assert place["w"] > 0
        assert place["h"] > 0
        assert place["x"] + place["w"] <= 24
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)


def test_every_panel_has_a_unit(panels):
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in panels} <= UNITS


def test_every_rate_is_over_the_interval_that_grafana_chooses(panels):
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(queries) > 50
    for query in queries:
        assert set(re.findall(r"\[([^\]]+)\]", query)) <= {"$__rate_interval"}, query
        assert len(re.findall(r"\brate\(", query)) == query.count("[")
        assert "{F}" not in query


def test_every_counter_is_looked_at_as_a_rate_and_every_series_is_filtered(panels):
    for panel in panels:
        for target in panel["targets"]:
            query = target["expr"]
            counters = re.findall(r"(\w*)\(?(?:sidecar|process)_\w+_(?:total|bucket|sum)\b", query)
            assert set(counters) <= {"rate"}, query
            series = re.findall(r"\b((?:sidecar|process)_\w+)(\{[^}]*\})?", query)
            assert all('job=~"$job"' in where for _, where in series), query


def test_queries_of_one_panel_have_names_of_their_own(panels):
    for panel in panels:
        names = [target["refId"] for target in panel["targets"]]
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert len(set(names)) == len(names) == len(set(legends))
