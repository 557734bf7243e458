"""`sidecar config` against an admin listener in a thread."""

import json

import pytest

from sidecar import cli
from sidecar.admin.config import Effective, config_endpoints
from sidecar.loader import loads
from tests.support.admin_threaded import admin_address

TEXT = "upstreams: {api: {url: http://127.0.0.1:1, timeouts: {total: 7s}}}\n"


def endpoints():
    found = loads(TEXT, name="sidecar.yaml", env={})
    return config_endpoints(lambda: Effective(found.config, found.origins))


@pytest.fixture
def run(monkeypatch, capsys):
    with admin_address(endpoints) as address:
        monkeypatch.setenv("SIDECAR_ADMIN", address)

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
