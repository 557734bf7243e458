"""httpx, requests, aiohttp and Node's fetch see the same through the sidecar as without it."""

import functools
import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

pytest.importorskip("httpx", reason="install the `sdk` extra")
pytest.importorskip("requests", reason="install the `sdk` extra")

from tests.e2e.raw.blocking import with_httpx, with_requests
from tests.e2e.raw.cases import CASES, EVENTS, SPREAD
from tests.e2e.raw.concurrent import with_aiohttp
from tests.e2e.supabase.project import Transcript, make, without_base
from tests.e2e.ways import THROUGH, Way, differences, reached, transcript_of_node


def with_fetch(base_url: str) -> Transcript:
    cases = [{**asdict(case), "body": len(case.body or b"")} for case in CASES if _for_fetch(case)]
    told = json.dumps({"cases": cases, "events": EVENTS, "spread": SPREAD})
    return transcript_of_node("raw.mjs", base_url, told, packages=())


def _for_fetch(case) -> bool:
    """`fetch` may not set these fields or read a manual redirect's body, and gunzips."""
    return not case.name.startswith(("redirect", "gzip", "header: credentials"))


CLIENTS: dict[str, Callable[[str], Transcript]] = {
    "httpx": with_httpx,
    "requests": with_requests,
    "aiohttp": with_aiohttp,
    "fetch": with_fetch,
}


@functools.cache
def transcript(client: str, way: Way) -> Transcript:
    with reached(way, "supabase", make) as base_url:
        return without_base(unprefixed(CLIENTS[client](base_url)), base_url)


def unprefixed(lines: Transcript) -> Transcript:
    """A `Location` without a host gets the prefix by which the client came."""
    text = json.dumps(lines, ensure_ascii=False)
    compared: Transcript = json.loads(text.replace('"/supabase/functions/', '"/functions/'))
    return compared


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_the_same_through_the_sidecar(client, way):
    assert differences(transcript(client, "direct"), transcript(client, way)) == []


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", ["direct", *THROUGH])
def test_events_arrive_one_by_one(client, way):
    answers = {line["check"]: line["answer"] for line in transcript(client, way)}
    assert [answers[name]["flowed"] for name in EVENTS] == [True, True]
    assert answers["sse"]["text"].count("data:") == 5
