"""Decides what a write makes doubtful where only the addresses are known, as tags.

An answer carries the tag of its path. A write bumps the path that it is sent to, the collection
that holds it, and what its answer names in `Location` and `Content-Location`, if that is of the
same origin. RFC 9111 §4.4 demands it of the address itself; an API's lists, and the same thing with
another query, are out of date just as well. Pure.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from sidecar.core.cache.directives import values_of
from sidecar.core.cache.model import Head
from sidecar.exchange import Request

_NAMED = (b"location", b"content-location")
_PORTS = {"http": 80, "https": 443}
_GIVEN_UP = frozenset((408, 499, 502, 504))
_NOT_OF_HTTP = 520
"""From here on statuses are those of gateways: Cloudflare's 520 to 530, Supabase's 546."""
_END_OF_SESSION = re.compile(r"(?:.*/)?(?:log|sign)[-_]?out/?|.*/revoke/?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Targets:
    """The addresses of one upstream."""

    url: str
    """Of the upstream, with the path before every target, if any."""

    def read_tags(self, request: Request) -> tuple[str, ...]:
        """The tag of an answer to this request."""
        return (self._tag(_path_of(self._absolute(request))),)

    def written_tags(self, request: Request, response: Head | None) -> tuple[str, ...]:
        """The tags that a write bumps.

        Args:
            request: it is not safe (RFC 9110 §9.2.1).
            response: its answer; None where nobody knows whether it was done.
        """
        if response is not None and not _may_be_done(response.status):
            return ()
        own = self._absolute(request)
        path = _path_of(own)
        paths = [path, path.rstrip("/").rpartition("/")[0]]
        for name in _NAMED:
            for value in values_of(response.headers, name) if response is not None else ():
                named = _joined(own, value.decode("latin-1"))
                if named is not None:
                    paths.append(named)
        return tuple(dict.fromkeys(self._tag(each) for each in paths))

    def _absolute(self, request: Request) -> str:
        return self.url.rstrip("/") + request.target

    def _tag(self, path: str) -> str:
        """A digest: a path may hold what is nobody's business.

        What may be percent-encoded or not is the same (RFC 3986 §6.2.2): clients differ in it.
        """
        whole = f"{self.url} ".encode() + unquote_to_bytes(
            path.rstrip("/").encode("utf-8", "surrogateescape")
        )
        return "@" + blake2b(whole, digest_size=12).hexdigest()


def ends_session(request: Request) -> bool:
    """Whether nothing that was kept for whoever asks is to be given out any more."""
    return _END_OF_SESSION.fullmatch(request.target.partition("?")[0]) is not None


def is_given_up(status: int) -> bool:
    """Whether a gateway says that it waits no longer: what was asked for may still be done."""
    return status in _GIVEN_UP or status >= _NOT_OF_HTTP


def _may_be_done(status: int) -> bool:
    """2xx and 3xx say that it was (RFC 9111 §4.4); of a gateway's errors, nobody knows."""
    return status < 400 or status == 503 or is_given_up(status)


def _path_of(url: str) -> str:
    """Without origin, query and fragment."""
    rest = url.partition("://")[2].partition("?")[0].partition("#")[0]
    return rest[rest.find("/") :] if "/" in rest else ""


def _joined(base: str, reference: str) -> str | None:
    """The path of what is referred to; None where it is of another origin, or no URL."""
    try:
        whole = urljoin(base, reference.strip())
        same = _origin_of(base) == _origin_of(whole)
    except ValueError:
        return None
    return _path_of(whole) if same else None


def _origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port (RFC 9110 §4.3.1).

    Raises:
        ValueError: it is no URL.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
