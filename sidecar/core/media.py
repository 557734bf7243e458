"""Reads calls that are about media files, their answers, and who makes them. Pure.

Sources: Meta, "Cloud API: Media" (a URL is valid for 5 minutes and downloaded with the token);
360dialog, "Media" (20 failed reads of media within an hour block them for 30 minutes).
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from sidecar.core.cache.credentials import credentials_of
from sidecar.core.caller import keyed_digest
from sidecar.core.json_path import Json
from sidecar.exchange import RawHeaders, Request

_NODE = re.compile(r"/[^/]+/([A-Za-z0-9_-]{1,64})/?")
_UPLOAD = re.compile(r"/[^/]+/([A-Za-z0-9_-]{1,64})/media/?")
_URL = re.compile(r"[!-~]{1,4096}")
_EXPIRED = frozenset((401, 403, 404, 410))
_YOUNG = 60.0
"""Seconds. A URL that is refused earlier than this was not refused for its age."""

Kind = Literal["lookup", "upload", "delete"]


class Call(NamedTuple):
    """A call that is about media, or may be."""

    kind: Kind
    node: str
    """The media id; of an upload, the number that it is for."""


def call_of(request: Request) -> Call | None:
    """What a request to the API asks for; every object of Graph is addressed alike."""
    path = request.target.partition("?")[0]
    if request.method == "POST":
        found = _UPLOAD.fullmatch(path)
        return Call("upload", found[1]) if found else None
    if request.method not in ("GET", "DELETE"):
        return None
    found = _NODE.fullmatch(path)
    if found is None:
        return None
    return Call("lookup" if request.method == "GET" else "delete", found[1])


def url_in(answer: Json, media_id: str, base: str = "") -> str | None:
    """The target, at the host of the files, of the URL in an answer; None where it has none.

    Args:
        answer: to a request for the media id.
        media_id: that was asked for.
        base: the path that the upstream of the downloads has in its own URL.
    """
    if not isinstance(answer, dict) or answer.get("id") != media_id:
        return None
    url = answer.get("url")
    if not isinstance(url, str) or not _URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = parts.path.removeprefix(base.rstrip("/")) or "/"
    if parts.scheme not in ("http", "https") or not parts.netloc or path[0] != "/":
        return None
    return path + (f"?{parts.query}" if parts.query else "")


def id_in(answer: Json) -> str | None:
    """The id that an upload was answered with."""
    media_id = answer.get("id") if isinstance(answer, dict) else None
    return media_id if isinstance(media_id, str) and 0 < len(media_id) <= 64 else None


def is_expired(status: int, age: float) -> bool:
    """Whether a URL of this age that was answered so is worth a new one."""
    return status in _EXPIRED and age >= _YOUNG


def tag_of(media_id: str) -> str:
    """What a stored file, or its URL, carries so that it can be dropped."""
    return f"media:{media_id}"


class Callers:
    """Tells callers apart by their credentials, without keeping those.

    Args:
        secret: of this installation; keys the digests.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, headers: RawHeaders) -> bytes | None:
        """The digest of who asks; None for nobody: then nothing is remembered."""
        found = credentials_of(headers)
        return self.digest(found) if found else None

    def digest(self, parts: Iterable[bytes | memoryview]) -> bytes:
        """Of a list of byte strings, so that no other list gives the same."""
        return keyed_digest(self._secret, *parts)
