"""Decides whether two requests may have the same answer: the key under which it is stored.

Every part is length-prefixed, nothing is normalised that the upstream may tell apart, and every
credential is a part, so that one user's answer never reaches another. What is stored is a digest
keyed with a secret: it gives away neither a credential nor whether two tokens are the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter

from sidecar.core.cache.credentials import credentials_of
from sidecar.core.cache.token import subjects
from sidecar.core.headers import OF_BODY
from sidecar.exchange import RawHeaders, Request

_SIZE = 20
_first = itemgetter(0)


@dataclass(frozen=True, slots=True)
class KeyRule:
    """What makes two requests of a route the same."""

    upstream: str
    secret: bytes
    """Of this installation, at most 64 bytes."""
    headers: tuple[bytes, ...] = ()
    """Lower-case names of request headers that the answer depends on."""
    shared: bool = False
    """Whether all users get the same answer. Otherwise every credential is a part: header fields
    as in `core/cache/credentials.py`; those in the query are part of the target."""
    sort_query: bool = False
    body: bool = False
    """Whether the body asks, as in a POST that is a read."""
    alias: Callable[[Request], str | None] | None = None
    """What stands for the target of a request, where several mean the same; it must not begin with
    a slash."""
    _begun: blake2b = field(init=False, repr=False, compare=False)
    """A digest of the rule, to go on from: it is a part of every key, because by another rule the
    same bytes would mean something else."""
    _names: frozenset[bytes] = field(init=False, repr=False)
    _lengths: frozenset[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kind = b"%d%d%d" % (self.shared, self.sort_query, self.body)
        rule = _joined([self.upstream.encode(), kind, *self.headers])
        begun = blake2b(rule, digest_size=_SIZE, key=self.secret)
        object.__setattr__(self, "_begun", begun)
        names = frozenset(self.headers)
        names = names | OF_BODY if self.body else names
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_lengths", frozenset(map(len, names)))

    def of(self, request: Request) -> str | None:
        """The key; None where the body is part of it and is not at hand."""
        method = "GET" if request.method == "HEAD" else request.method
        chosen = self._chosen(request.headers)
        alias = self.alias(request) if self.alias is not None else None
        target = self._target(request.target if alias is None else alias)
        parts = [method.encode(), target, b"%d" % len(chosen), *chosen]
        if not self.shared:
            parts += credentials_of(request.headers)
        if self.body:
            data = request.body.known() if request.body is not None else b""
            if data is None:
                return None
            parts.append(data)
        digest = self._begun.copy()
        digest.update(_joined(parts))
        return digest.hexdigest()

    def credential(self, request: Request) -> str | None:
        """A tag for whoever asks, the same in all their requests; None where nobody says."""
        found = credentials_of(request.headers)
        return "~" + _digest(self.secret, _joined(found)) if found else None

    def sessions(self, request: Request) -> tuple[str, ...]:
        """The tags of whoever asks: of this credential, and of the user whom its tokens name."""
        own = self.credential(request)
        users = [
            "~" + _digest(self.secret, name.encode("utf-8", "replace"))
            for name in subjects(request)
        ]
        return tuple(dict.fromkeys([*([own] if own else []), *users]))

    def _chosen(self, headers: RawHeaders) -> list[bytes]:
        """Names and values, in turn, of the fields that the rule names."""
        if not self._names:
            return []
        names, lengths = self._names, self._lengths
        found = [
            (lower, value)
            for name, value in headers
            if len(name) in lengths and (lower := name.lower()) in names
        ]
        found.sort(key=_first)
        return [part for each in found for part in each]

    def _target(self, target: str) -> bytes:
        raw = target.encode("utf-8", "surrogateescape")
        if not self.sort_query or b"?" not in raw:
            return raw
        path, _, query = raw.partition(b"?")
        pairs = sorted(query.split(b"&"), key=lambda pair: pair.partition(b"=")[0])
        return path + b"?" + b"&".join(pairs)


def variant_of(
    key: str, names: tuple[bytes, ...], selecting: tuple[bytes | None, ...], secret: bytes
) -> str:
    """The key of one of several responses that `Vary` tells apart.

    The names are parts of it: the same values mean something else where `Vary` names other fields.
    """
    values = [b"-" if value is None else b"+" + value for value in selecting]
    return _digest(secret, _joined([key.encode(), *names, *values]))


def _digest(secret: bytes, data: bytes) -> str:
    return blake2b(data, digest_size=_SIZE, key=secret).hexdigest()


def _joined(parts: Sequence[bytes]) -> bytes:
    """A list of byte strings, so that no other list, whatever follows it, gives the same bytes."""
    lengths = b",".join([b"%d" % len(part) for part in parts])
    return b"%d:%b:%b" % (len(parts), lengths, b"".join(parts))
