"""Decides whether a file was uploaded before, by its content; for each caller and number.

Bounded. Pure. Source: Meta, "Cloud API: Media" (an id lives for 30 days).
"""

from collections import OrderedDict
from typing import NamedTuple

from sidecar.core.media import Callers
from sidecar.core.multipart import read_form
from sidecar.exchange import Request

_FORM = frozenset(("file", "messaging_product", "type"))


class Upload(NamedTuple):
    """A file that was uploaded, and what the API answered."""

    media_id: str
    answer: bytes
    until: float


class Uploads:
    """Files that were uploaded lately, by their content.

    Args:
        callers: tells callers apart.
        keep: seconds that an upload is remembered.
        most: how many are; the oldest go first.
    """

    def __init__(self, callers: Callers, keep: float, most: int = 10_000) -> None:
        self._callers = callers
        self._keep = keep
        self._most = most
        self._known: OrderedDict[bytes, Upload] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        return f"<Uploads {len(self)} of at most {self._most}>"

    def key(self, request: Request, number: str, body: bytes) -> bytes | None:
        """What is the same for two uploads of one file; None where that cannot be told.

        The boundary and the order of the parts are not part of it. The file's name is: the
        recipient of a document may see it. So is the query, which may hold a token.

        Args:
            request: an upload.
            number: that it is for.
            body: all of its body.
        """
        caller = self._callers.of(request.headers)
        types = [value for name, value in request.headers if name.lower() == b"content-type"]
        coded = any(name.lower() == b"content-encoding" for name, _ in request.headers)
        if caller is None or len(types) != 1 or coded:
            return None
        parts = read_form(types[0], body)
        names = {part.name for part in parts or ()}
        if parts is None or "file" not in names or not names <= _FORM:
            return None
        query = request.target.partition("?")[2].encode("utf-8", "surrogateescape")
        digested: list[bytes | memoryview] = [caller, number.encode(), query]
        for part in sorted(parts, key=lambda part: part.name):
            digested += [part.name.encode(), part.filename, part.content_type, part.data]
        return self._callers.digest(digested)

    def get(self, key: bytes, now: float) -> Upload | None:
        """The upload with that key, if it is remembered still."""
        found = self._known.get(key)
        if found is not None and found.until <= now:
            del self._known[key]
            return None
        return found

    def remember(self, key: bytes, media_id: str, answer: bytes, now: float) -> None:
        """An upload was answered with this id."""
        self._known[key] = Upload(media_id, answer, now + self._keep)
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def forget(self, media_id: str) -> None:
        """That file is no more: the next upload of it is sent."""
        for key in [key for key, known in self._known.items() if known.media_id == media_id]:
            del self._known[key]
