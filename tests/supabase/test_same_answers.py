"""A real Supabase API answers the same through the sidecar as without it."""

import functools
from typing import Any

import pytest

pytest.importorskip("supabase", reason="install the `sdk` extra")

from tests.supabase import js_checks, python_checks, raw_checks
from tests.supabase.transcripts import answers, comparable, differences, reached

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

CLIENTS = {"httpx": raw_checks, "supabase-js": js_checks, "supabase-py": python_checks}
THROUGH = {"httpx": ("prefix", "port"), "supabase-js": ("prefix", "port"), "supabase-py": ("port",)}


@pytest.fixture(scope="module")
def seen(start):
    """What a client saw by a way, on a server that nobody has used before."""

    @functools.cache
    def by(client: str, way: str) -> Any:
        server = start()
        try:
            with reached(way, server) as base_url:
                return comparable(CLIENTS[client].transcript(base_url), base_url)
        finally:
            server.close()

    return by


@pytest.mark.parametrize(
    ("client", "way"), [(client, way) for client, ways in THROUGH.items() for way in ways]
)
def test_answers_are_the_same_through_the_sidecar(seen, client, way):
    assert differences(seen(client, "direct"), seen(client, way)) == []


def test_each_user_sees_only_their_own_rows(seen):
    raw = answers(seen("httpx", "prefix"))
    assert '"title":"alice 0"' in raw["rows of alice"]["text"]
    assert "bob" not in raw["rows of alice"]["text"]
    assert "alice" not in raw["rows of bob"]["text"]
    assert raw["rows of anon"]["text"] == "[]"
    assert raw["update of another"]["text"] == "[]"


ERRORS = {
    "one of none": (406, "PGRST116"),
    "duplicate": (409, "23505"),
    "forbidden": (403, "42501"),
    "dangling": (409, "23503"),
    "unknown table": (404, "PGRST205"),
    "unknown function": (404, "PGRST202"),
    "late token": (401, "PGRST303"),
    "late token, user": (403, "bad_jwt"),
    "wrong password": (400, "invalid_credentials"),
    "user signed out": (403, "session_not_found"),
    "download none": (400, "not_found"),
}


def test_errors_are_the_ones_of_the_server(seen):
    raw = answers(seen("httpx", "prefix"))
    found = {name: raw[name] for name in ERRORS}
    assert {name: answer["status"] for name, answer in found.items()} == {
        name: status for name, (status, _) in ERRORS.items()
    }
    assert [
        name for name, (_, code) in ERRORS.items() if f'"{code}"' not in found[name]["text"]
    ] == []


def test_counts_ranges_and_downloads_are_whole(seen):
    raw = answers(seen("httpx", "prefix"))
    assert ["content-range", "0-7/8"] in raw["head count"]["fields"]
    assert ["content-range", "0-1/8"] in raw["range, count"]["fields"]
    assert raw["download"]["text"] == "hello"
    assert len(raw["download chunked"]["text"]) == 9890
    assert answers(seen("supabase-js", "prefix"))["download 1 MiB"] == [1 << 20, True]
