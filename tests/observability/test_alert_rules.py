"""Every alert of deploy/prometheus, by `promtool test rules`: where it fires, and where not."""

import re
from dataclasses import dataclass, field

import pytest
import yaml

from sidecar.cli import COMMANDS
from tests.support.prometheus import ROOT, RULES, promtool

PROCESS = 'job="sidecar", instance="a:9090"'
STEP = 30
"""Seconds between two samples, and between two looks at the rules."""


@dataclass(frozen=True)
class Case:
    """Two worlds of series, in promtool's notation, and what the alert says in the first."""

    alert: str
    severity: str
    firing: dict[str, str]
    silent: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    at: str = "30m"


def series(name, **labels):
    """A series of one sidecar."""
    more = "".join(f', {key.rstrip("_")}="{value}"' for key, value in labels.items())
    return f"{name}{{{PROCESS}{more}}}"


def counting(per_second):
    """A counter that grows for an hour."""
    return f"0+{per_second * STEP:g}x120"


def still(value):
    """A gauge that stands for an hour."""
    return f"{value}x120"


def histogram(name, *, share_below, bound, per_second=10, **labels):
    """Two buckets and the total: `share_below` of what is observed is at most `bound`."""
    return {
        series(f"{name}_bucket", le=bound, **labels): counting(per_second * share_below),
        series(f"{name}_bucket", le=bound * 2, **labels): counting(per_second),
        series(f"{name}_bucket", le="+Inf", **labels): counting(per_second),
    }


def exchanges(per_second, code):
    at = {"upstream": "gemini", "route": "generate", "method": "POST"}
    return {series("sidecar_exchanges_total", **at, code=code): counting(per_second)}


def gauge(alert, severity, name, *, firing, silent, labels, **more):
    """A case of one gauge with two values."""
    at = series(name, **labels)
    shown = {"instance": "a:9090", **labels, **more.pop("shown", {})}
    return Case(alert, severity, {at: still(firing)}, {at: still(silent)}, shown, **more)


def refusals(alert, severity, name, *, shown=(), rate=0.2, quiet=0.0, **labels):
    """A case of one counter that grows, or grows too slowly to matter."""
    at = series(name, **labels)
    seen = {key: value for key, value in labels.items() if key in ("upstream", *shown)}
    return Case(alert, severity, {at: counting(rate)}, {at: counting(quiet)}, seen)


def slow(name, bound, **labels):
    return histogram(name, share_below=0.5, bound=bound, **labels)


def quick(name, bound, **labels):
    return histogram(name, share_below=1.0, bound=bound, **labels)


DURATION = "sidecar_exchange_duration_seconds"
GENERATE = {"upstream": "gemini", "route": "generate"}


def turning_slow():
    """Two hours of 0.5 s, then an hour of 4 s."""
    return {
        series(f"{DURATION}_bucket", le="0.5", **GENERATE): "0+300x240 72000x120",
        series(f"{DURATION}_bucket", le="2", **GENERATE): "0+300x240 72000x120",
        series(f"{DURATION}_bucket", le="4", **GENERATE): "0+300x360",
        series(f"{DURATION}_bucket", le="+Inf", **GENERATE): "0+300x360",
    }


def always_slow():
    """Three hours of 4 s: it is usual."""
    return {
        series(f"{DURATION}_bucket", le="2", **GENERATE): "0x360",
        series(f"{DURATION}_bucket", le="4", **GENERATE): "0+300x360",
        series(f"{DURATION}_bucket", le="+Inf", **GENERATE): "0+300x360",
    }


BREAKER = {"upstream": "gemini", "breaker": "gemini-2.5-flash"}
CLOSED = series("sidecar_breaker_state", **BREAKER, state="closed")
HERE = {"instance": "a:9090"}
GEMINI = {"upstream": "gemini"}

CASES = [
    Case(
        "SidecarDown",
        "critical",
        {series("up"): "1x10 0x50"},
        {series("up"): "1x10 0x1 1x50"},
        HERE,
        at="10m",
    ),
    Case(
        "SidecarAbsent", "critical", {'up{job="application"}': still(1)}, {series("up"): still(0)}
    ),
    Case(
        "SidecarRestarts",
        "warning",
        {series("process_start_time_seconds"): "100x40 200x5 300x5 400x20"},
        {series("process_start_time_seconds"): "100x40 200x5 300x30"},
        HERE,
    ),
    gauge(
        "SidecarReloadFailed",
        "warning",
        "sidecar_config_last_reload_successful",
        firing=0,
        silent=1,
        labels={},
    ),
    refusals(
        "SidecarInternalErrors",
        "critical",
        "sidecar_errors_total",
        **GENERATE,
        error="internal_error",
    ),
    Case(
        "SidecarOverheadHigh",
        "warning",
        slow("sidecar_overhead_seconds", 0.025, **GEMINI),
        quick("sidecar_overhead_seconds", 0.02, **GEMINI),
        GEMINI,
    ),
    Case(
        "SidecarLoopLag",
        "warning",
        slow("sidecar_loop_lag_seconds", 0.25),
        quick("sidecar_loop_lag_seconds", 0.1),
        HERE,
    ),
    Case(
        "SidecarFileDescriptors",
        "warning",
        {series("process_open_fds"): still(900), series("process_max_fds"): still(1024)},
        {series("process_open_fds"): still(800), series("process_max_fds"): still(1024)},
        HERE,
    ),
    Case(
        "SidecarUpstreamErrors",
        "warning",
        {**exchanges(9, 200), **exchanges(1, 503)},
        {**exchanges(97, 200), **exchanges(3, 503)},
        GEMINI,
    ),
    Case("SidecarUpstreamSlow", "warning", turning_slow(), always_slow(), GEMINI, at="2h20m"),
    Case(
        "SidecarBreakerOpen",
        "critical",
        {CLOSED: "1x10 0x100"},
        {CLOSED: "1x10 0x3 1x2 0x3 1x100"},
        {**HERE, **BREAKER},
        at="9m",
    ),
    gauge(
        "SidecarBreakerForced",
        "info",
        "sidecar_breaker_forced",
        firing=1,
        silent=0,
        labels=BREAKER,
        at="40m",
    ),
    refusals(
        "SidecarRetryBudgetSpent",
        "warning",
        "sidecar_retry_skipped_total",
        **GENERATE,
        reason="budget",
    ),
    refusals(
        "SidecarConnectionsFail",
        "warning",
        "sidecar_pool_dial_failures_total",
        **GEMINI,
        error="connect_timeout",
        shown=["error"],
        quiet=0.04,
    ),
    Case(
        "SidecarPoolFull",
        "warning",
        slow("sidecar_pool_wait_seconds", 0.25, **GEMINI),
        quick("sidecar_pool_wait_seconds", 0.1, **GEMINI),
        GEMINI,
    ),
    refusals(
        "SidecarLimitSheds",
        "warning",
        "sidecar_limit_rejected_total",
        **GEMINI,
        reason="full",
        priority="high",
    ),
    refusals(
        "SidecarPaceSheds",
        "warning",
        "sidecar_pace_refused_total",
        **GEMINI,
        pace="rpm",
        reason="full",
        shown=["pace"],
    ),
    Case(
        "SidecarRateLimited",
        "warning",
        {**exchanges(9, 200), **exchanges(1, 429)},
        {**exchanges(995, 200), **exchanges(5, 429)},
        GEMINI,
    ),
    gauge(
        "SidecarQuotaNearlyUsed",
        "warning",
        "sidecar_upstream_usage_ratio",
        firing=0.95,
        silent=0.85,
        labels={"upstream": "whatsapp", "meter": "app_calls"},
        shown={"instance": ""},
    ),
    refusals(
        "SidecarKeyRejected",
        "critical",
        "sidecar_key_rejected_total",
        **GEMINI,
        key="first",
        shown=["key"],
    ),
    gauge(
        "SidecarDrillActive",
        "info",
        "sidecar_drills_active",
        firing=1,
        silent=0,
        labels={**GEMINI, "fault": "hang"},
        at="40m",
    ),
    gauge(
        "SidecarStoreDown",
        "warning",
        "sidecar_store_up",
        firing=0,
        silent=1,
        labels={"store": "shared"},
    ),
    gauge(
        "SidecarMessagesDown", "warning", "sidecar_cache_messages_up", firing=0, silent=1, labels={}
    ),
    gauge("SidecarSpoolDown", "critical", "sidecar_queue_spool_up", firing=0, silent=1, labels={}),
    refusals(
        "SidecarQueueRefuses",
        "critical",
        "sidecar_queue_refused_total",
        **GENERATE,
        reason="spool_full",
        shown=["reason"],
    ),
    gauge(
        "SidecarQueueOld",
        "warning",
        "sidecar_queue_oldest_due_seconds",
        firing=400,
        silent=200,
        labels={},
    ),
    gauge(
        "SidecarDeadLetters",
        "warning",
        "sidecar_queue_deliveries",
        firing=2,
        silent=0,
        labels={"state": "failed"},
    ),
    gauge(
        "SidecarDeliveriesUnknown",
        "warning",
        "sidecar_queue_deliveries",
        firing=1,
        silent=0,
        labels={"state": "unknown"},
        shown={"state": ""},
    ),
]


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
