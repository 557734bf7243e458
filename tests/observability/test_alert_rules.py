"""Every alert of deploy/prometheus, by `promtool test rules`: where it fires, and where not."""

import re

import pytest
import yaml

from sidecar.cli import COMMANDS
from tests.observability.alert_cases import CASES
from tests.observability.alert_worlds import STEP
from tests.support.prometheus import ROOT, RULES, promtool


def alerts():
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def played_in(case, world, *, fires):
    """One of promtool's tests: how the alert stands at the end of `world`."""
    labels = {
        "alertname": case.alert,
        "alertstate": "firing",
        "severity": case.severity,
        "job": "sidecar",
        **{name: value for name, value in case.labels.items() if value},
    }
    shown = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    expected = [{"labels": f"ALERTS{{{shown}}}", "value": 1}] if fires else []
    return {
        "interval": f"{STEP}s",
        "input_series": [{"series": name, "values": value} for name, value in world.items()],
        "promql_expr_test": [
            {
                "expr": f'ALERTS{{alertname="{case.alert}", alertstate="firing"}}',
                "eval_time": case.at,
                "exp_samples": expected,
            }
        ],
    }


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """What promtool says of all cases, in one run; "" when all is as it should be."""
    tests = [
        *(played_in(case, case.firing, fires=True) for case in CASES),
        *(played_in(case, case.silent, fires=False) for case in CASES),
    ]
    text = {"rule_files": [str(RULES)], "evaluation_interval": f"{STEP}s", "tests": tests}
    path = tmp_path_factory.mktemp("rules") / "cases.yml"
    path.write_text(yaml.safe_dump(text))
    done = promtool("test", "rules", str(path))
    return "" if done.returncode == 0 else (done.stdout + done.stderr).decode()


def test_every_alert_has_one_case():
    assert sorted(case.alert for case in CASES) == sorted(alerts())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_alert_fires_where_it_should_and_only_there(case, played):
    assert case.silent != case.firing
    assert f'alertname="{case.alert}"' not in played, played


def test_promtool_finds_nothing_else_wrong(played):
    assert played == ""


def test_prometheus_accepts_its_configuration_and_the_rules():
    config = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    done = promtool("check", "config", "--lint=all", "--lint-fatal", str(config))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(alerts()))
def test_an_alert_says_what_it_is_and_where_to_read_on(name):
    rule = alerts()[name]
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^### (\w+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor == name.lower()
    assert [heading.lower() for heading in headings].count(anchor) == 1


def test_the_page_has_no_section_for_an_alert_that_is_gone():
    text = (ROOT / "docs" / "alerts.md").read_text()
    assert sorted(re.findall(r"^### (\w+)$", text, re.MULTILINE)) == sorted(alerts())
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        for part in ("**What it means.**", "**How to look.**", "**What to do.**"):
            assert section.count(part) == 1, section.splitlines()[0]


def test_the_page_names_commands_and_headings_that_exist():
    text = (ROOT / "docs" / "alerts.md").read_text()
    assert set(re.findall(r"`sidecar (\w+)", text)) <= set(COMMANDS)
    links = re.findall(r"\]\(([\w.-]*)#([\w-]+)\)", text)
    assert len(links) > 15
    for page, anchor in links:
        target = ROOT / "docs" / (page or "alerts.md")
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
        assert anchor in anchors, (page, anchor)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_annotation_uses_only_labels_that_the_alert_has(case):
    used = set(re.findall(r"\$labels\.(\w+)", str(alerts()[case.alert]["annotations"])))
    assert used <= {name for name, value in case.labels.items() if value} | {"job"}
