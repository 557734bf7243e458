"""`sidecar config` against an admin listener in a thread."""

import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from sidecar import cli
from sidecar.admin import make_admin_app
from sidecar.admin.config import Effective, config_endpoints
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.loader import loads
from sidecar.side_listener import make_runner
from tests.support.background import in_thread

TEXT = "upstreams: {api: {url: http://127.0.0.1:1, timeouts: {total: 7s}}}\n"


@asynccontextmanager
async def listening():
    found = loads(TEXT, name="sidecar.yaml", env={})
    endpoints = config_endpoints(lambda: Effective(found.config, found.origins))
    runner = make_runner(make_admin_app(Admin(), DEFAULT_ADMIN, endpoints))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.fixture
def run(monkeypatch, capsys):
    with in_thread(listening, "admin") as runner:
        monkeypatch.setenv("SIDECAR_ADMIN", f"127.0.0.1:{runner.addresses[0][1]}")

        def run(*arguments):
            code = cli.main(["config", *arguments])
            return code, capsys.readouterr().out

        yield run


def test_it_lists_what_is_set_and_where(run):
    code, text = run()
    lines = text.splitlines()
    assert code == 0
    assert lines[0].split() == ["KEY", "VALUE", "ORIGIN"]
    total = next(line.split() for line in lines if "timeouts.total " in line)
    assert total == ["upstreams.api.timeouts.total", "7s", "sidecar.yaml:1:62"]
    assert "default" not in text


def test_with_all_it_lists_the_defaults_too_and_a_prefix_chooses(run):
    code, text = run("limits", "--all", "--json")
    rows = json.loads(text)
    assert code == 0
    assert {row["key"].partition(".")[0] for row in rows} == {"limits"}
    assert {row["origin"] for row in rows} == {"default"}
