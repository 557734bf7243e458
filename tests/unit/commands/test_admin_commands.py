"""`sidecar breaker` and `sidecar drill` against an admin listener in a thread."""

import json
import logging
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from sidecar import cli
from sidecar.admin import breaker_endpoints, drill_endpoints, make_admin_app
from sidecar.clock import SystemClock
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.config.breaker import Breaker
from sidecar.core.breaker.registry import Breakers, BreakerSet
from sidecar.drilling import Drilling
from sidecar.side_listener import make_runner
from sidecar.telemetry.drill_stats import DrillStats
from tests.support.background import in_thread

TOKEN = "0123456789abcdef"  # not a secret


@asynccontextmanager
async def listening(site):
    clock = SystemClock()
    breakers = Breakers({"gemini": BreakerSet("gemini", Breaker(), lambda: 0.5, now=clock.now())})
    drilling = Drilling(clock, DrillStats())
    endpoints = [
        *breaker_endpoints(breakers, clock),
        *drill_endpoints(drilling, {"gemini": ["default"]}),
    ]
    runner = make_runner(make_admin_app(Admin(token=TOKEN), DEFAULT_ADMIN, endpoints))
    await runner.setup()
    await site(runner).start()
    yield runner
    drilling.close()
    await runner.cleanup()


@pytest.fixture(scope="module")
def address():
    with in_thread(
        lambda: listening(lambda runner: web.TCPSite(runner, "127.0.0.1", 0)), "admin"
    ) as runner:
        yield f"127.0.0.1:{runner.addresses[0][1]}"


@pytest.fixture
def run(address, tmp_path, monkeypatch, capsys):
    (tmp_path / "token").write_text(TOKEN + "\n")
    monkeypatch.setenv("SIDECAR_ADMIN", address)
    monkeypatch.setenv("SIDECAR_ADMIN_TOKEN_FILE", str(tmp_path / "token"))

    def run(*arguments):
        code = cli.main(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_breakers_are_listed_as_a_table_and_as_json(run):
    code, table, _ = run("breaker")
    assert code == 0
    assert table.startswith("NAME ")
    code, text, _ = run("breaker", "list", "--json")
    assert (code, json.loads(text)[0]["name"]) == (0, "gemini/gemini")


def test_a_breaker_is_forced_and_reset_with_a_reason(run, caplog):
    caplog.set_level(logging.INFO, "sidecar.event")
    code, text, _ = run("breaker", "open", "gemini", "--for", "2m", "--reason", "down", "--json")
    shown = json.loads(text)
    assert (code, shown["state"], shown["forced"]["reason"]) == (0, "forced_open", "down")
    assert 119 < shown["forced"]["seconds_left"] <= 120
    code, text, _ = run("breaker", "reset", "gemini/gemini")
    assert code == 0
    assert "closed" in text


def test_a_drill_is_begun_listed_and_ended(run):
    code, text, _ = run(
        *("drill", "start", "hang", "--upstream", "gemini", "--percent", "5", "--json")
    )
    drill = json.loads(text)
    assert (code, drill["fault"], drill["percent"]) == (0, "hang", 5.0)
    code, text, _ = run("drill")
    assert "gemini.429_retryinfo" in text
    assert drill["id"] in text
    assert run("drill", "stop", drill["id"])[0] == 0
    code, _, error = run("drill", "stop", drill["id"])
    assert (code, "no such drill" in error) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["breaker", "open"], "open which? NAME is missing"),
        (["breaker", "opne", "gemini"], "did you mean 'open'?"),
        (["drill", "start", "hang"], "--upstream are needed"),
        (["drill", "stop"], "its ID is missing"),
        (["drill", "--admin", "nonsense"], "expected host:port"),
        (["drill", "--admin", "local host:9901"], "expected host:port"),
        (["drill", "--token-file", "/nonexistent"], "/nonexistent: No such file"),
    ],
)
def test_wrong_usage_is_said_without_a_call(run, arguments, said):
    code, _, error = run(*arguments)
    assert (code, said in error) == (2, True), error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["breaker", "open", "gemni"], "did you mean 'gemini'?"),
        (["breaker", "open", "gemini", "--for", "3d"], "longer than 24 hours"),
        (["drill", "start", "hnag", "--upstream", "gemini"], "did you mean 'hang'?"),
    ],
)
def test_a_refusal_is_exit_code_1_with_its_reason(run, arguments, said):
    code, out, error = run(*arguments)
    assert (code, out, said in error) == (1, "", True), error


def test_without_the_token_it_is_refused(run, monkeypatch):
    monkeypatch.delenv("SIDECAR_ADMIN_TOKEN_FILE")
    code, _, error = run("breaker")
    assert (code, "admin.token" in error) == (1, True)


@pytest.mark.parametrize("content", [b"s3cret\nof two lines", b"s3cret \xff"])
def test_what_is_no_token_is_refused_and_not_repeated(run, tmp_path, content):
    (tmp_path / "token").write_bytes(content)
    code, out, error = run("breaker")
    assert (code, out, "holds no token" in error) == (2, "", True)
    assert "s3cret" not in error


def test_where_nothing_listens_it_says_where_it_asked(run):
    code, _, error = run("breaker", "--admin", "127.0.0.1:1")
    assert code == 1
    assert error.startswith("sidecar: no answer from 127.0.0.1:1: ")
    assert "listen.admin" in error


def test_bytes_that_are_no_text_are_no_name_and_still_a_reason(run):
    odd = b"b\xfccher".decode("utf-8", "surrogateescape")  # as Python gives what is typed
    code, _, error = run("breaker", "reset", odd)
    assert (code, "there is no such breaker" in error) == (1, True), error
    assert run("breaker", "reset", "gemini", "--reason", odd)[0] == 0
    code, _, error = run("drill", "stop", odd)
    assert (code, "there is no such drill" in error) == (1, True), error


def test_a_name_that_no_host_can_have_is_asked_in_vain(run):
    code, _, error = run("breaker", "--admin", "a..b:9901")
    assert code == 1
    assert error.startswith("sidecar: no answer from a..b:9901: ")


def test_without_a_configuration_the_usual_address_is_asked(run, monkeypatch):
    monkeypatch.delenv("SIDECAR_ADMIN")
    monkeypatch.setattr("sidecar.commands.admin_call.USUAL", "127.0.0.1:1")
    assert "no answer from 127.0.0.1:1" in run("breaker")[2]


def test_a_configuration_that_is_named_must_be_there(run, monkeypatch):
    monkeypatch.delenv("SIDECAR_ADMIN")
    code, _, error = run("breaker", "-c", "nope.yaml")
    assert (code, "nope.yaml" in error) == (2, True)


def test_where_the_configuration_has_a_problem_it_says_how_to_do_without(
    run, address, tmp_path, monkeypatch
):
    monkeypatch.delenv("SIDECAR_ADMIN")
    (tmp_path / "sidecar.yaml").write_text("upstreams: {gemini: {url: '${NOT_IN_THIS_SHELL}'}}\n")
    code, _, error = run("breaker")
    assert (code, "NOT_IN_THIS_SHELL is not set" in error, "--admin" in error) == (1, True, True)
    code, out, error = run("breaker", "--json")
    assert (code, bool(json.loads(out)["problems"]), "--admin" in error) == (1, True, True)
    assert run("breaker", "--admin", address)[0] == 0


def test_address_and_token_come_from_the_configuration(run, address, tmp_path, monkeypatch):
    monkeypatch.delenv("SIDECAR_ADMIN")
    monkeypatch.delenv("SIDECAR_ADMIN_TOKEN_FILE")
    (tmp_path / "sidecar.yaml").write_text(
        f"listen: {{admin: '{address}'}}\nadmin: {{token: '{TOKEN}'}}\n"
        "upstreams: {gemini: {url: 'https://x'}}\n"
    )
    assert run("breaker")[0] == 0
    (tmp_path / "sidecar.yaml").write_text(
        "listen: {admin: null}\nupstreams: {gemini: {url: 'https://x'}}\n"
    )
    code, _, error = run("breaker")
    assert (code, "has no admin listener" in error) == (1, True)


def test_a_unix_socket_is_an_address(run, tmp_path):
    path = str(tmp_path / "admin.sock")
    with in_thread(lambda: listening(lambda runner: web.UnixSite(runner, path)), "admin"):
        assert run("breaker", "--admin", f"unix:{path}")[0] == 0
