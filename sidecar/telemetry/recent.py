"""The last exchanges that ended, for people: a sink that keeps records in bounded memory.

What is kept is what the record has: never a body or a header. Targets hold credentials and are
redacted when they are shown.
"""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from sidecar.telemetry import redact
from sidecar.telemetry.lines import MAX_ID, MAX_METHOD
from sidecar.telemetry.record import Record

MOST = 2000
"""Exchanges."""

MOST_BYTES = 4 * 1024 * 1024
"""What they take together, as far as that can be told."""

_EACH = 900
_EACH_TRIED = 250
"""Bytes of a record with its numbers, and of an attempt, as measured on CPython 3.11 (sum of
`sys.getsizeof`), rounded up."""


class Wanted(NamedTuple):
    """Which exchanges are asked for; what is not set lets all through."""

    after: int = 0
    """Those with a higher number."""
    limit: int = 200
    upstream: str = ""
    route: str = ""
    status: Callable[[Record], bool] | None = None
    slow: float = 0.0
    """Seconds that they took at least."""

    def fits(self, record: Record) -> bool:
        """Whether it is asked for."""
        return (
            self.upstream in ("", record.upstream)
            and self.route in ("", record.route)
            and record.duration >= self.slow
            and (self.status is None or self.status(record))
        )


class Found(NamedTuple):
    """What was asked for."""

    last: int
    """The number to go on after."""
    dropped: bool
    """Whether some after `after` are gone, which may have been among them."""
    records: list[tuple[int, Record]]
    """Oldest first, with their numbers."""


class Recent:
    """A ring of records, each with a number that grows by one. Call it as a sink.

    Args:
        since: when it begins, in seconds since the epoch; tells one run from another.
        most: how many it keeps.
        most_bytes: how much memory they take, about.
    """

    def __init__(self, since: float, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self.since = since
        self._most = most
        self._most_bytes = most_bytes
        self._records: deque[tuple[int, Record]] = deque()  # with their sizes
        self._bytes = 0
        self._last = 0

    def __repr__(self) -> str:
        return f"<Recent {len(self._records)} of {self._last}, {self._bytes} bytes>"

    def __call__(self, record: Record) -> None:
        """Keep one; the oldest go to make room for it."""
        size = len(record.target) + len(record.id) + len(record.method)
        size += _EACH + _EACH_TRIED * len(record.trail)
        self._records.append((size, record))
        self._last += 1
        self._bytes += size
        while len(self._records) > self._most or self._bytes > self._most_bytes:
            self._bytes -= self._records.popleft()[0]

    def find(self, wanted: Wanted) -> Found:
        """Those that are asked for: without `after` the latest of them, else the next.

        A number that was never given belongs to an earlier run of the program: then it starts anew.
        """
        gone = self._last - len(self._records)
        fresh = wanted.after > self._last
        after = 0 if fresh else wanted.after
        dropped = fresh or 0 < after < gone
        if not after:
            return Found(self._last, dropped, self._latest(wanted))
        found: list[tuple[int, Record]] = []
        for number, record in self._numbered(after):
            if len(found) == wanted.limit:
                return Found(found[-1][0], dropped, found)
            if wanted.fits(record):
                found.append((number, record))
        return Found(self._last, dropped, found)

    def _latest(self, wanted: Wanted) -> list[tuple[int, Record]]:
        found: list[tuple[int, Record]] = []
        for back, (_, record) in enumerate(reversed(self._records)):
            if len(found) == wanted.limit:
                break
            if wanted.fits(record):
                found.append((self._last - back, record))
        return found[::-1]

    def _numbered(self, after: int) -> Iterator[tuple[int, Record]]:
        new = min(self._last - after, len(self._records))
        latest = [record for _, record in islice(reversed(self._records), new)]
        return enumerate(reversed(latest), self._last - new + 1)


def shown(number: int, record: Record) -> dict[str, Any]:
    """One exchange for people, without anything that is secret."""
    cached = record.source == "cache"
    overhead = record.overhead
    return {
        "seq": number,
        "id": redact.printable(record.id, MAX_ID),
        "at": round(record.started_wall, 3),
        "upstream": record.upstream,
        "route": record.route,
        "method": redact.printable(record.method, MAX_METHOD),
        "target": redact.target(record.target),
        "status": record.status,
        "error": record.error,
        "source": record.source,
        "attempts_made": len(record.trail) if cached else record.attempts,
        "duration": round(record.duration, 6),
        "first_byte": round(record.first_byte, 6),
        "overhead": None if overhead is None else round(overhead, 6),
        "reused": record.reused,
        "bytes_up": record.bytes_up,
        "bytes_down": record.bytes_down,
        "client_left": record.client_closed,
        "cache": "hit" if cached else None,
        "waits": {
            "pool": round(record.pool_wait, 6),
            "held": round(record.held, 6),
            "paced": round(record.paced, 6),
            "queued": round(record.queued, 6),
            "backoff": round(record.backoff, 6),
        },
        "attempts": [record.told(each) for each in record.trail],
    }
