"""The answers of a provider in trouble, each in the provider's own words. Pure."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.demo.targets import Provider

_TEXT = {
    500: "An internal error has occurred",
    503: "The service is overloaded, try again later",
    429: "Rate limit hit",
}
_GRAPH_CODE = {500: 131000, 503: 2, 429: 130429}
_GOOGLE_STATUS = {500: "INTERNAL", 503: "UNAVAILABLE", 429: "RESOURCE_EXHAUSTED"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An error as the provider words it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _supabase(status: int, _retry_after: int) -> dict[str, Any]:
    return {"code": str(status), "message": _TEXT[status], "details": None, "hint": None}


def _graph(status: int, _retry_after: int) -> dict[str, Any]:
    code = _GRAPH_CODE[status]
    message = f"(#{code}) {_TEXT[status]}"
    kind = "OAuthException"
    return {"error": {"message": message, "type": kind, "code": code, "fbtrace_id": "Asimulated"}}


def _google(status: int, retry_after: int) -> dict[str, Any]:
    error: dict[str, Any] = {
        "code": status,
        "message": _TEXT[status],
        "status": _GOOGLE_STATUS[status],
    }
    if status == 429:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        error["details"] = [{"@type": kind, "retryDelay": f"{retry_after}s"}]
    return {"error": error}


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
