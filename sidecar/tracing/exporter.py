"""Sends spans to a collector, from a thread of its own: a slow or dead one costs a counter.

Whoever hands a span over never waits. What is waiting is bounded; what does not fit is dropped and
counted. Knows nothing of what a span says.
"""

import contextlib
import http.client
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from sidecar.telemetry import logs
from sidecar.telemetry.lines import Level
from sidecar.telemetry.trace_stats import Lost, TraceStats
from sidecar.tracing.span import Span

MOST_WAITING = 4096
"""Spans; about 4 MiB."""
BATCH = 256
"""Spans of one request."""
INTERVAL = 1.0
"""Seconds after which what has come is sent, however little it is."""
TIMEOUT = 10.0
"""Seconds for each step of a request."""
RETRIES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between the attempts for one batch; then it is dropped."""

_AGAIN = frozenset((429, 502, 503, 504))
"""OTLP Specification, "Retryable Response Codes"."""
_MOST_ANSWER = 64 * 1024
"""Bytes that are read of what a collector answers."""
_PATH = "/v1/traces"

Write = Callable[[Sequence[Span]], bytes]
Read = Callable[[bytes], int]


class Exporter:
    """The queue and the thread.

    Args:
        endpoint: the collector's URL; `/v1/traces` is added where it is missing.
        headers: of each request; they may be credentials.
        write: makes the body of a request.
        read: how many spans the answer to one says were refused.
        stats: what is counted.
        retries: seconds between the attempts for one batch.
        interval: seconds that a span may wait for others.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        write: Write,
        read: Read,
        stats: TraceStats,
        *,
        retries: Sequence[float] = RETRIES,
        interval: float = INTERVAL,
    ) -> None:
        self._url = urlsplit(endpoint)
        path = self._url.path.rstrip("/")
        self._path = path if path.endswith(_PATH) else path + _PATH
        self._headers = headers
        self._write, self._read = write, read
        self._stats = stats
        self._retries, self._interval = tuple(retries), interval
        self._queue: deque[Span] = deque()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self._reachable = True
        self._thread = threading.Thread(target=self._run, name="trace-exporter", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Exporter {self._url.netloc} {len(self._queue)} waiting>"

    def export(self, span: Span) -> None:
        """Hand a span over; never blocks and never raises."""
        waiting = len(self._queue)
        if self._closing.is_set() and not self._thread.is_alive():
            self._stats.lost["unreachable"] += 1  # its exchange outlived the configuration
            return
        if waiting >= MOST_WAITING:
            self._stats.lost["full"] += 1
            return
        self._queue.append(span)
        self._stats.waiting = waiting + 1
        if waiting + 1 >= BATCH and not self._wake.is_set():
            self._wake.set()

    def close(self, timeout: float = 1.0) -> None:
        """Send what is waiting, for at most `timeout` seconds; blocks. Idempotent."""
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not (self._closing.is_set() and not self._queue):
            self._wake.wait(self._interval)
            self._wake.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
                self._stats.waiting = len(self._queue)
                self._deliver(batch)
        self._disconnect()

    def _deliver(self, batch: list[Span]) -> None:
        """Send a batch, again and again if need be; in the end it is taken, or lost."""
        try:
            body = self._write(batch)
        except Exception as error:
            self._lose(batch, "refused", f"spans that cannot be written: {error}")
            return
        for wait in (*self._retries, None):
            status, answer = self._post(body)
            if 200 <= status < 300:
                refused = min(self._read(answer), len(batch))
                self._stats.sent += len(batch) - refused
                self._stats.lost["refused"] += refused
                self._say(reachable=True)
                return
            self._stats.failures += 1
            if status and status not in _AGAIN:
                self._lose(batch, "refused", f"status {status}")
                return
            self._say(reachable=False, reason=f"status {status}" if status else "no answer")
            if wait is None or self._closing.wait(wait):
                break
        self._lose(batch, "unreachable")

    def _lose(self, batch: list[Span], why: Lost, reason: str = "") -> None:
        self._stats.lost[why] += len(batch)
        if reason:
            self._say(reachable=False, reason=reason)

    def _say(self, *, reachable: bool, reason: str = "") -> None:
        """One line when it begins to fail, and one when that is over."""
        if reachable != self._reachable:
            self._reachable = reachable
            state = "exporting" if reachable else "failing"
            level: Level = "info" if reachable else "warning"
            logs.event("tracing", level, state=state, collector=self._url.netloc, reason=reason)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; 0 where there is none."""
        kept = self._connection is not None
        found = self._try(body)
        if found is None and kept:  # the collector had closed what we kept open
            found = self._try(body)
        return found or (0, b"")

    def _try(self, body: bytes) -> tuple[int, bytes] | None:
        try:
            connection = self._connection = self._connection or self._connect()
            connection.request("POST", self._path, body, dict(self._headers))
            answer = connection.getresponse()
            found = answer.read(_MOST_ANSWER)
            if answer.will_close or not answer.isclosed():
                self._disconnect()
        except (OSError, http.client.HTTPException, ValueError):
            self._disconnect()
            return None
        return answer.status, found

    def _connect(self) -> http.client.HTTPConnection:
        """Not connected yet."""
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(self._url.hostname or "", self._url.port, timeout=TIMEOUT)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()
