"""`sidecar cache` against an admin listener in a thread, before a cache that notes its orders."""

import json

import pytest

from sidecar import cli
from sidecar.admin import cache_endpoints
from sidecar.core.cache.purge import Cleared, Scope
from tests.support.admin_threaded import admin_address


class Cache:
    """What the admin API needs of one."""

    upstreams = ("api", "supabase")

    def __init__(self):
        self.cleared = []

    def tags_of(self, upstream):
        return {"mine"}

    def snapshot(self):
        row = {"upstream": "api", "route": "rest", "hit_ratio": 0.75, "requests": {"hit": 3}}
        return {"routes": [row], "memory": {"entries": 2, "bytes": 700}, "shared": None}

    async def clear(self, scope, **how):
        self.cleared.append((scope, how))
        return Cleared(12, 3456, 0, "told")


CACHE = Cache()


@pytest.fixture(scope="module")
def address():
    with admin_address(lambda: cache_endpoints(CACHE)) as found:
        yield found


@pytest.fixture
def run(address, monkeypatch, capsys):
    monkeypatch.setenv("SIDECAR_ADMIN", address)
    CACHE.cleared.clear()

    def run(*arguments):
        code = cli.main(["cache", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_how_it_stands_is_shown_as_a_table_and_as_json(run):
    code, text, _ = run()
    assert code == 0
    assert "entries 2, bytes 700" in text
    assert "0.75" in text
    code, text, _ = run("stats", "--json")
    assert (code, json.loads(text)["memory"]["entries"]) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "scope"),
    [
        (["--all"], Scope()),
        (["--upstream", "api"], Scope("api")),
        (["--upstream", "api", "--prefix", "/rest/v1/x"], Scope("api", prefix="/rest/v1/x")),
        (["--upstream", "api", "--tag", "table:messages"], Scope("api", tag="table:messages")),
        (["--url", "/api/x?a=eq.1&b=%20"], Scope(url="/api/x?a=eq.1&b=%20")),
    ],
)
def test_what_is_named_is_cleared(run, arguments, scope):
    code, text, _ = run("clear", *arguments, "--reason", "a typo", "--json")
    said = json.loads(text)
    assert (code, said["entries"], said["others"]) == (0, 12, "told")
    assert CACHE.cleared == [(scope, {"soft": False, "dry_run": False, "refresh": False})]


def test_how_it_is_cleared_is_told(run):
    code, text, _ = run("clear", "--all", "--soft", "--dry-run", "--refresh")
    assert (code, "dry_run" in text) == (0, True)
    assert CACHE.cleared == [(Scope(), {"soft": True, "dry_run": True, "refresh": True})]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["clear"], 2, "clear what? --all, --upstream or --url is missing"),
        (["clear", "--soft"], 2, "is missing"),
        (["claer"], 2, "did you mean 'clear'?"),
        (["clear", "--upstream", "apo"], 1, "did you mean 'api'?"),
        (["clear", "--upstream", "api", "--tag", "mein"], 1, "did you mean 'mine'?"),
        (["clear", "--all", "--upstream", "api"], 1, "name what is to go"),
        (["--admin", "127.0.0.1:1"], 1, "no answer from 127.0.0.1:1"),
    ],
)
def test_what_makes_no_sense_clears_nothing(run, arguments, code, said):
    found, out, error = run(*arguments)
    assert (found, out, said in error) == (code, "", True), error
    assert CACHE.cleared == []
