"""Decides which requests of a route are reads whose answers may be kept. Pure."""

from dataclasses import dataclass

from sidecar.core.cache.directives import parse
from sidecar.core.json_path import Json, Path, field, parsed
from sidecar.exchange import Request

_ONE_OFF = frozenset(
    (
        *(b"if-match", b"if-unmodified-since", b"upgrade"),
        *(b"x-http-method", b"x-http-method-override", b"x-method-override"),
    )
)
"""What an answer depends on beyond its representation (RFC 9110 §7.8, §13.1.1, §13.1.4), and what
makes a GET something else."""
_LENGTHS = frozenset(map(len, (*_ONE_OFF, b"range", b"cache-control")))

_MOST_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadRule:
    """The reads of one route."""

    post: bool = False
    """Whether a POST is one; the body then is a part of the key."""
    ranges: bool = True
    """Whether `Range` may be there: it is understood, or it is a part of the key."""
    when: tuple[tuple[Path, Json], ...] = ()
    """What must be at these paths of the request's JSON body."""

    def __call__(self, request: Request) -> bool:
        """Whether an answer to this request may be kept, and a kept one be given to it."""
        method = request.method
        if method not in ("GET", "HEAD") and not (method == "POST" and self.post):
            return False
        for name, value in request.headers:
            if len(name) not in _LENGTHS:
                continue
            lower = name.lower()
            if lower in _ONE_OFF or (lower == b"range" and not self.ranges):
                return False
            if lower == b"cache-control" and "no-store" in parse([value]):
                return False  # nothing of it is to be kept: then it goes its own way
        body = request.body.known() if request.body is not None else b""
        if body is None or (body and not self.post):
            return False
        return not self.when or self._holds(body)

    def only_reads(self, request: Request) -> bool:
        """Whether a request changes nothing although its method may, kept or not."""
        return self.post and request.method == "POST"

    def _holds(self, body: bytes) -> bool:
        if len(body) > _MOST_BODY:
            return False
        value = parsed(body)
        return all(_same(field(value, *path), wanted) for path, wanted in self.when)


def _same(found: Json, wanted: Json) -> bool:
    """Equal as JSON: `true` is not 1, though 1.0 is."""
    return isinstance(found, bool) == isinstance(wanted, bool) and found == wanted
