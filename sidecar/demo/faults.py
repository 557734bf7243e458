"""The answers of a provider in trouble, each in the provider's own words. Pure."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.demo.targets import Provider
from sidecar.faults import gemini, graph

_TEXT = {
    500: "An internal error has occurred",
    503: "The service is overloaded, try again later",
    429: "Rate limit hit",
}
_GRAPH_CODE = {500: 131000, 503: 131016, 429: 130429}
_MODEL = "gemini-2.5-flash"


@dataclass(frozen=True, slots=True)
class Answer:
    """An error as the provider words it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _supabase(status: int, _retry_after: int) -> dict[str, Any]:
    return {"code": str(status), "message": _TEXT[status], "details": None, "hint": None}


def _graph(status: int, _retry_after: int) -> dict[str, Any]:
    known = graph.refusal(_GRAPH_CODE[status])
    assert known is not None
    return {"error": {**known[1], "fbtrace_id": "Asimulated"}}


def _google(status: int, retry_after: int) -> dict[str, Any]:
    if status == 429:
        return gemini.quota_exceeded(_MODEL, f"{retry_after}s")
    return gemini.overloaded() if status == 503 else gemini.internal()


_WORDS: Mapping[Provider, Callable[[int, int], dict[str, Any]]] = {
    "supabase": _supabase,
    "whatsapp": _graph,
    "whatsapp-media": _graph,
    "gemini": _google,
}


def answer(provider: Provider, status: int, retry_after_s: float) -> Answer:
    """What `provider` says with `status`; a 429 says when to come back, in whole seconds."""
    wait = math.ceil(retry_after_s)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if status == 429:
        headers["Retry-After"] = str(wait)
    return Answer(status, headers, json.dumps(_WORDS[provider](status, wait)).encode())
