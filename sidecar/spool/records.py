"""Requests and answers as sealed bytes and back. Knows nothing of where they are kept."""

from sidecar.exchange import RawHeaders
from sidecar.spool.sealing import Seal, Unsealable
from sidecar.spool.values import Answer
from sidecar.store.serializer import Plain, Unreadable, dumps, loads


class Unusable(Exception):
    """A record cannot be read: damaged, or written with another key."""


class Records:
    """Writes and reads the parts of a delivery that hold what the application sent and got."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def __repr__(self) -> str:
        return f"<Records {self._seal!r}>"

    def target(self, delivery_id: str, target: str) -> bytes:
        """The target as bytes: its query may hold a credential."""
        return self._seal.seal(target.encode("utf-8", "surrogateescape"), f"{delivery_id} target")

    def read_target(self, delivery_id: str, data: bytes) -> str:
        """The target.

        Raises:
            Unusable: as that says; so do the others.
        """
        try:
            found = self._seal.unseal(data, f"{delivery_id} target")
        except Unsealable as error:
            raise Unusable(str(error)) from None
        return found.decode("utf-8", "surrogateescape")

    def request(self, delivery_id: str, headers: RawHeaders, body: bytes) -> bytes:
        """Header fields and body as bytes."""
        return self._seal.seal(dumps([_lists(headers), body]), f"{delivery_id} request")

    def read_request(self, delivery_id: str, data: bytes) -> tuple[RawHeaders, bytes]:
        """Header fields and body."""
        match self._read(data, f"{delivery_id} request"):
            case [list(headers), bytes(body)]:
                return _pairs(headers), body
        raise Unusable("damaged")

    def answer(self, delivery_id: str, answer: Answer) -> bytes:
        """An answer as bytes."""
        record: list[Plain] = [
            answer.status,
            _lists(answer.headers),
            answer.body,
            answer.truncated,
        ]
        return self._seal.seal(dumps(record), f"{delivery_id} answer")

    def read_answer(self, delivery_id: str, data: bytes) -> Answer:
        """An answer."""
        match self._read(data, f"{delivery_id} answer"):
            case [int(status), list(headers), bytes(body), bool(truncated)]:
                return Answer(status, _pairs(headers), body, truncated)
        raise Unusable("damaged")

    def _read(self, data: bytes, about: str) -> list[Plain]:
        try:
            return loads(self._seal.unseal(data, about))
        except (Unsealable, Unreadable) as error:
            raise Unusable(str(error)) from None


def _lists(headers: RawHeaders) -> list[Plain]:
    return [[bytes(name), bytes(value)] for name, value in headers]


def _pairs(found: list[Plain]) -> RawHeaders:
    pairs: RawHeaders = []
    for item in found:
        match item:
            case [bytes(name), bytes(value)]:
                pairs.append((name, value))
            case _:
                raise Unusable("damaged")
    return pairs
