"""`sidecar queue` of a sidecar that queues nothing, and of an id that cannot be one."""

import json

import pytest

from sidecar import cli
from sidecar.admin.queue import queue_endpoints
from tests.support.admin_threaded import admin_address


@pytest.fixture
def run(monkeypatch, capsys):
    with admin_address(lambda: queue_endpoints(None)) as address:
        monkeypatch.setenv("SIDECAR_ADMIN", address)

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
