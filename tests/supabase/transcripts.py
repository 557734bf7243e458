"""The same checks by three ways: directly, by the sidecar's prefix, by its port.

Each way has a fresh server, so ids and row order are equal. What a server makes up, such as tokens,
UUIDs and dates, is replaced before transcripts are compared.
"""

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.supabase.server import Server
from tests.support.ports import free_port
from tests.support.sidecar import sidecar_in_thread

Transcript = list[dict[str, Any]]

_JWT = re.compile(r"ey[\w-]{10,}\.ey[\w-]+\.[\w-]+")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_UUID_HEAD = re.compile(r'(refresh-token-prefix", ")[0-9a-f]{8}')
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?")
_HTTP_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
_SECONDS = re.compile(r'(\\*"(?:exp|iat|expires_at|iss)\\*": ?)\d{10}')
_ETAG = re.compile(r'(?<=")[0-9a-f]{32}(?=\\*")')
_LOCATION = re.compile(r'((?:content-)?location", ")/supabase(?=/)')
"""A path that the server names in a header is made to lie under the sidecar's prefix."""


def configuration(url: str, *more: str) -> str:
    """The preset, before this server, as YAML; each of `more` is a key of the upstream."""
    lines = [
        "listen: {proxy: 127.0.0.1:0, ops: 127.0.0.1:0, admin: null}",
        "log: {level: error}",
        "upstreams:",
        "  supabase:",
        "    preset: supabase",
        f"    url: '{url}'",
        *(f"    {line}" for line in more),
    ]
    return "\n".join(lines)


@contextmanager
def reached(way: str, server: Server) -> Iterator[str]:
    """The base URL by which `server` is reached in this way."""
    if way == "direct":
        yield server.url
        return
    with sidecar_in_thread(configuration(server.url, f"port: {free_port()}")) as sidecar:
        by_port = way == "port"
        yield sidecar.port_url("supabase") if by_port else f"{sidecar.proxy_url}/supabase"


def comparable(lines: Transcript, base_url: str) -> Transcript:
    """The transcript without what differs from run to run. A UUID becomes its number in it."""
    text = json.dumps(lines, ensure_ascii=False, default=str).replace(base_url, "BASE")
    number = itertools.count(1)
    seen: dict[str, str] = {}

    def uuid(found: re.Match[str]) -> str:
        return seen.setdefault(found[0], f"UUID-{next(number)}")

    text = _UUID_HEAD.sub(r"\1HEAD", _UUID.sub(uuid, _JWT.sub("JWT", text)))
    text = _LOCATION.sub(r"\1", _ETAG.sub("ETAG", _SECONDS.sub(r"\1 1", text)))
    compared: Transcript = json.loads(_HTTP_DATE.sub("DATE", _TIME.sub("TIME", text)))
    return compared


def answers(lines: Transcript) -> dict[str, Any]:
    """By the name of the check."""
    return {line["check"]: line["answer"] for line in lines}


def differences(here: Transcript, there: Transcript) -> list[tuple[Any, Any]]:
    """The pairs of lines that differ, for a readable failure."""
    pairs = zip(here, there, strict=True)
    return [(one, other) for one, other in pairs if one != other]
