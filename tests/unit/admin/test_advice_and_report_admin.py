"""`/admin/advice` and `/admin/report`, and the commands that show them, over a real socket."""

import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from sidecar import cli
from sidecar.admin.advice import advice_endpoints
from sidecar.admin.app import make_admin_app
from sidecar.admin.report import report_endpoints
from sidecar.clock import SystemClock
from sidecar.commands import advise, report
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.core.report import Totals
from sidecar.observing import Observer
from sidecar.side_listener import make_runner
from sidecar.telemetry.lines import exchange_json
from sidecar.telemetry.record import Record
from tests.support.background import in_thread
from tests.support.builders import config, exchange, request, upstream

CONFIG = config(upstreams={"api": upstream("http://api.example")})
SINCE = 1_700_000_000.0


def record(number, target, took):
    fields = {"status": 200, "attempts": 1, "duration": took, "first_byte": took}
    at = {"at_upstream": took, "started_wall": SINCE + number}
    return Record(f"x{number}", "api", "default", "GET", target, **fields, **at)


def records():
    for number in range(60):
        quick = number % 2
        target = f"/rest/v1/{'plans?id' if quick else 'things?account_id'}=eq.{number}"
        yield record(number, target, 0.01 if quick else 0.2)


def observed():
    observer = Observer(1000, SystemClock().now)
    for each in records():
        made = exchange(request("GET", each.target))
        made.id = each.id
        observer.begin(made)
        observer.sink(each)
    return observer


@asynccontextmanager
async def listening(observer):
    endpoints = (
        *advice_endpoints(observer, lambda: CONFIG, dict),
        *report_endpoints(lambda: Totals(rescued=1234, saved_seconds=2.5), SINCE),
    )
    runner = make_runner(make_admin_app(Admin(), DEFAULT_ADMIN, endpoints))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(cli, "COMMANDS", {**cli.COMMANDS, "advise": "", "report": ""})
    monkeypatch.chdir(tmp_path)
    with in_thread(lambda: listening(observed()), "admin") as runner:
        monkeypatch.setenv("SIDECAR_ADMIN", f"127.0.0.1:{runner.addresses[0][1]}")

        def run(*arguments):
            code = cli.main(arguments)
            said = capsys.readouterr()
            return code, said.out, said.err

        yield run


def test_advice_is_shown_with_its_evidence_and_what_to_look_at(run):
    code, out, _ = run("advise")
    assert code == 0
    assert out.startswith("learnt from 60 calls in 58.8 s\n")
    assert "1. GET /rest/v1/things?account_id=eq takes 0." in out
    assert "index, api/default, confidence high" in out
    assert "seen: calls 30, shapes 1, p50 0." in out
    assert "before: EXPLAIN (ANALYZE, BUFFERS)" in out


def test_statements_alone_can_be_given_to_a_database(run):
    code, out, _ = run("advise", "--sql")
    lines = [line for line in out.splitlines() if line and not line.startswith("--")]
    assert code == 0
    (statement,) = lines
    assert statement == (
        'CREATE INDEX CONCURRENTLY IF NOT EXISTS "things_account_id_idx" '
        'ON "public"."things" ("account_id");'
    )


def test_json_is_for_programs(run):
    code, out, _ = run("advise", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["learnt"] == {"calls": 60, "seconds": 58.8, "shapes": 2}
    assert [each["kind"] for each in found["advice"]] == ["index"]
    assert found["advice"][0]["yaml"] is None


def test_what_was_observed_is_forgotten_on_request(run):
    assert run("advise", "--reset")[0] == 0
    code, out, _ = run("advise")
    assert (code, out) == (0, "learnt from 0 calls in 0 s: nothing to propose\n")
    assert run("advise", "--sql")[1] == "-- nothing to propose\n"
    assert json.loads(run("advise", "--sql", "--json")[1]) == {"sql": "-- nothing to propose\n"}


def test_a_log_is_as_good_for_what_is_in_it(run, tmp_path):
    log = tmp_path / "sidecar.log"
    log.write_text("\n".join(exchange_json(each, "info") for each in records()))
    (tmp_path / "sidecar.yaml").write_text("upstreams: {api: {url: https://api.example}}\n")
    code, out, err = run("advise", "--from", str(log), "--json")
    assert code == 0, err
    (advice,) = json.loads(out)["advice"]
    assert (advice["kind"], advice["confidence"]) == ("index", "low")
    assert advice["check"].startswith("the log has no operands")


def test_a_log_or_a_configuration_that_is_not_there_is_named(run, tmp_path):
    assert run("advise", "--from", "no.log")[0] == 2
    (tmp_path / "sidecar.yaml").write_text("upstreams: {api: {url: https://api.example}}\n")
    code, _, err = run("advise", "--from", "no.log")
    assert code == 2
    assert "no.log: No such file" in err


def test_the_report_names_each_figure_and_marks_estimates(run):
    code, out, _ = run("report")
    assert code == 0
    assert out.startswith("since 2023-11-1")
    assert "1,234  calls        Errors that the application did not see" in out
    assert "~2.5   seconds      Waiting that the cache saved" in out


def test_the_report_says_how_each_figure_is_computed(run):
    code, out, _ = run("report", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["since"] == SINCE
    assert all(
        set(row) >= {"name", "label", "value", "unit", "how", "estimate"} for row in found["rows"]
    )


@pytest.mark.parametrize("command", [advise, report])
def test_nobody_there_is_said_once(command, monkeypatch, capsys):
    monkeypatch.setattr(cli, "COMMANDS", {**cli.COMMANDS, "advise": "", "report": ""})
    monkeypatch.setenv("SIDECAR_ADMIN", "127.0.0.1:9")
    assert cli.main([command.__name__.rpartition(".")[2]]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no answer from 127.0.0.1:9" in said.err


def test_where_nothing_is_observed_that_is_said(monkeypatch, capsys):
    monkeypatch.setattr(cli, "COMMANDS", {**cli.COMMANDS, "advise": ""})
    with in_thread(lambda: listening(None), "admin") as runner:
        monkeypatch.setenv("SIDECAR_ADMIN", f"127.0.0.1:{runner.addresses[0][1]}")
        assert cli.main(["advise"]) == 1
    assert capsys.readouterr().err == "sidecar: nothing is observed: advise.enabled is false\n"
