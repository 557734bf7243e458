"""`sidecar queue` of a sidecar that queues nothing, and of an id that cannot be one."""

import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from sidecar import cli
from sidecar.admin.app import make_admin_app
from sidecar.admin.queue import queue_endpoints
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.side_listener import make_runner
from tests.support.background import in_thread


@asynccontextmanager
async def listening():
    runner = make_runner(make_admin_app(Admin(), DEFAULT_ADMIN, queue_endpoints(None)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.fixture
def run(monkeypatch, capsys):
    with in_thread(listening, "admin") as runner:
        monkeypatch.setenv("SIDECAR_ADMIN", f"127.0.0.1:{runner.addresses[0][1]}")

        def run(*arguments):
            code = cli.main(["queue", *arguments])
            printed = capsys.readouterr()
            return code, printed.out, printed.err

        yield run


def test_without_a_spool_it_is_said_that_there_is_none(run):
    code, out, error = run()
    assert (code, out, "has no spool (stores.spool)" in error) == (1, "", True), error
    code, out, error = run("replay", "--state", "failed")
    assert (code, out, "has no spool" in error) == (1, "", True), error
    code, out, error = run("--json")
    assert (code, "has no spool" in json.loads(out)["error"], error) == (1, True, "")


def test_what_cannot_be_an_id_is_no_delivery(run):
    code, _, error = run("show", "nonsense")
    assert (code, "there is no such delivery" in error) == (1, True), error
