"""A real Prometheus that scrapes a running sidecar: rules, queries of the dashboard, exemplars."""

import json
import math
import time
import urllib.request

import pytest
import yaml

from tests.observability.live import TRACE, live, traffic
from tests.support.prometheus import DASHBOARD, RULES, promtool, running_prometheus

pytestmark = pytest.mark.timeout(120)
VARIABLES = {"$job": ".+", "$instance": ".+", "$upstream": ".+", "$__rate_interval": "10s"}
SECONDS = 14
"""Of traffic: enough for a rate over 10 s."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """A Prometheus that has scraped a sidecar under load for a while, and still does."""
    folder = tmp_path_factory.mktemp("live")
    with live(folder) as sidecar:
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [
                {"job_name": "sidecar", "static_configs": [{"targets": [sidecar.ops]}]}
            ],
        }
        with (
            running_prometheus(yaml.safe_dump(config), folder) as prometheus,
            traffic(sidecar),
        ):
            up = 'up{job="sidecar"} == 1'
            prometheus.wait("no scrape succeeded", lambda: prometheus.query(up))
            time.sleep(SECONDS)
            yield prometheus, time.time()


def queries():
    """Every query of the dashboard, with a name."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield pytest.param(target["expr"], id=f"{panel['title']}: {target['legendFormat']}")


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_of_the_dashboard_has_data(seen, query):
    prometheus, at = seen
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    prometheus.api("format_query", query=query)

    found = prometheus.api("query", query=query, time=at)["result"]

    assert found, query
    assert any(not math.isnan(float(series["value"][1])) for series in found), query


def test_every_rule_is_evaluated_without_an_error(seen):
    prometheus, _ = seen
    groups = prometheus.api("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 30
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []


def test_every_figure_that_the_rules_record_is_there(seen):
    prometheus, at = seen
    groups = yaml.safe_load(RULES.read_text())["groups"]
    recorded = [rule["record"] for group in groups for rule in group["rules"] if "record" in rule]
    missing = [n for n in recorded if not prometheus.api("query", query=n, time=at)["result"]]
    assert missing == []


def test_alerts_that_fire_have_texts_without_a_gap(seen):
    prometheus, _ = seen

    def found():
        return [each for each in prometheus.api("alerts")["alerts"] if each["annotations"]]

    prometheus.wait("no alert is pending", found)
    for alert in found():
        texts = "\n".join(alert["annotations"].values())
        assert "<no value>" not in texts
        assert "error expanding" not in texts


def test_a_trace_is_found_from_the_duration_of_a_call(seen):
    prometheus, at = seen
    query = "sidecar_exchange_duration_seconds_bucket"

    series = prometheus.api("query_exemplars", query=query, start=at - 60, end=at)

    traces = {each["labels"]["trace_id"] for one in series for each in one["exemplars"]}
    assert traces == {TRACE}
    assert {one["seriesLabels"]["upstream"] for one in series} == {"supabase"}


def test_promtool_has_no_complaint_about_anything_that_a_sidecar_exports(tmp_path):
    with live(tmp_path) as sidecar, traffic(sidecar):
        time.sleep(2)
        with urllib.request.urlopen(f"http://{sidecar.ops}/metrics") as answer:
            text = answer.read()
    assert text.count(b"# TYPE sidecar_") > 80
    checked = promtool("check", "metrics", text=text)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
