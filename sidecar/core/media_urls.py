"""Remembers which URL is of which media file, for each caller, so that all URLs of a file are one.

Bounded. Pure: knows nothing of answers or downloads.
"""

from collections import OrderedDict
from typing import NamedTuple

from sidecar.core.media import Callers, tag_of
from sidecar.exchange import Request


class MediaUrl(NamedTuple):
    """A URL that was given out for a file."""

    caller: bytes
    media_id: str
    asked: str
    """The target at the API whose answer it was in."""
    target: str
    """The URL without its host."""
    since: float
    """When it was made, on the Clock."""


class MediaUrls:
    """Which URL is of which file, for each caller.

    Args:
        callers: tells callers apart.
        base: the path in the URL of the upstream of the downloads; targets are without it.
        most: how many URLs are remembered; those go first that were learned or used least lately.
    """

    def __init__(self, callers: Callers, base: str = "", most: int = 10_000) -> None:
        self.base = base
        self._callers = callers
        self._most = most
        self._known: OrderedDict[bytes, MediaUrl] = OrderedDict()
        self._newest: dict[tuple[bytes, str], bytes] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        return f"<MediaUrls {len(self)} of at most {self._most}>"

    def learn(self, request: Request, media_id: str, target: str, since: float) -> None:
        """A request for a media id was answered with a URL.

        Args:
            request: to the API.
            media_id: that it asked for.
            target: the URL without its host.
            since: when it was made; an answer from a cache is as old as its `Age`.
        """
        caller = self._callers.of(request.headers)
        if caller is None:
            return
        key = self._key(caller, target)
        before = self._known.get(key)
        if before is not None and before.media_id == media_id:
            since = max(since, before.since)
        elif before is not None:  # it was another file's, and may be the newest of that
            self._drop(key)
        self._known[key] = MediaUrl(caller, media_id, request.target, target, since)
        self._known.move_to_end(key)
        newest = self.newest(caller, media_id)
        if newest is None or newest.since <= since:
            self._newest[caller, media_id] = key
        if len(self._known) > self._most:
            self._drop(next(iter(self._known)))

    def of(self, request: Request) -> MediaUrl | None:
        """What is known of the URL that a download asks for."""
        if request.method not in ("GET", "HEAD"):
            return None
        caller = self._callers.of(request.headers)
        key = self._key(caller, request.target) if caller is not None else b""
        url = self._known.get(key)
        if url is not None:
            self._known.move_to_end(key)
        return url

    def newest(self, caller: bytes, media_id: str) -> MediaUrl | None:
        """The youngest URL of a file."""
        key = self._newest.get((caller, media_id))
        return self._known.get(key) if key is not None else None

    def name_of(self, request: Request) -> str | None:
        """What stands for the URL in the key of a download, so that all URLs of a file are one."""
        url = self.of(request)
        return tag_of(url.media_id) if url is not None else None

    def tags_of(self, request: Request) -> tuple[str, ...]:
        """What a downloaded file is stored with, so that it is dropped when it is deleted."""
        name = self.name_of(request)
        return (name,) if name is not None else ()

    def forget(self, media_id: str) -> None:
        """That file is no more, for no caller."""
        for key in [key for key, known in self._known.items() if known.media_id == media_id]:
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        url = self._known.pop(key)
        place = (url.caller, url.media_id)
        if self._newest.get(place) == key:
            del self._newest[place]

    def _key(self, caller: bytes, target: str) -> bytes:
        return self._callers.digest((caller, target.encode("utf-8", "surrogateescape")))
