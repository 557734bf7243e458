"""The innermost handler: sends one attempt to the upstream and hands its response out.

All timers are set here, below every layer that counts failures. Knows nothing of routes.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from sidecar.clock import Clock
from sidecar.config import Timeouts
from sidecar.core.allowance import Allowance, allow
from sidecar.core.deadlines import outgoing
from sidecar.errors import ExchangeError, UpstreamReset
from sidecar.exchange import SAFE_METHODS, Body, Exchange, Request, Response
from sidecar.trail import Tried
from sidecar.transport.connection import Connection
from sidecar.transport.need import Need
from sidecar.transport.pool import Pool
from sidecar.transport.wire import STALE, Head, request_head

_TURNS = 3
"""Turns of the loop in which it has read what had come; also where reading is held back."""


@dataclass(slots=True, eq=False)
class UpstreamBody:
    """A response's body, as it arrives."""

    connection: Connection
    clock: Clock
    idle: float
    deadline: float
    """When even a flowing body is cut; inf where the route does not ask for it."""
    length: int | None

    def take(self) -> bytes | None:
        """What has arrived."""
        return self.connection.take()

    async def read(self) -> bytes:
        """The next bytes; b"" at the end."""
        left = self.deadline - self.clock.now()
        return await self.connection.read(allow("idle_timeout", self.idle, left))


class Attempt:
    """Sends exchanges of one route to its upstream, one attempt each.

    A request that may be sent twice is sent again once if it met the end of a connection that
    the upstream had already given up: on the wire, that was no attempt.
    """

    def __init__(
        self, pool: Pool, host: bytes, base: str, timeouts: Timeouts, clock: Clock
    ) -> None:
        self._pool = pool
        self._host = host
        self._base = base
        self._timeouts = timeouts
        self._clock = clock

    async def __call__(self, exchange: Exchange, /) -> Response:
        """The upstream's response, its body still arriving."""
        safe = _is_repeatable(exchange.request)
        try:
            return await self._attempt(exchange, safe=safe, fresh=False)
        except UpstreamReset as error:
            if error.code != STALE or not safe:
                raise
        self._pool.stats.resent += 1
        if exchange.request.body is not None:
            exchange.request.body.rewind()
        return await self._attempt(exchange, safe=safe, fresh=True)

    async def _attempt(self, exchange: Exchange, *, safe: bool, fresh: bool) -> Response:
        timeline = exchange.timeline
        self._check_deadline(exchange)
        deadline, attempt = exchange.deadline, exchange.attempt
        need = Need(safe, self._timeouts.connect, deadline, attempt, timeline, fresh)
        tried = timeline.begin(attempt, self._clock.now())
        connection = self._pool.at_once(need) or await self._acquire(need, tried)
        tried.reused = timeline.reused = connection.uses > 0
        self._start(connection, exchange)
        upload: asyncio.Task[None] | None = None
        sent_before = timeline.sent_at
        try:
            upload = self._send(connection, exchange)
            head = await connection.read_head()
            timeline.at_upstream += timeline.first_byte_at - timeline.sent_at
        except BaseException as error:
            if timeline.sent_at != sent_before:
                timeline.at_upstream += self._clock.now() - timeline.sent_at
            self._give_back(connection, upload, tried, error)
            raise
        tried.status = head.status
        if head.keep_alive_timeout is not None:
            self._pool.limit.announce(head.keep_alive_timeout)
        return self._deliver(head, connection, exchange, upload, tried)

    async def _acquire(self, need: Need, tried: Tried) -> Connection:
        """A connection that is not there at once, and in the trail what it took."""
        dialled_before = need.timeline.dial
        try:
            return await self._pool.acquire(need)
        except BaseException as error:
            tried.end(self._clock.now(), error)
            raise
        finally:
            tried.dial = need.timeline.dial - dialled_before

    def _start(self, connection: Connection, exchange: Exchange) -> None:
        connection.start(exchange.request.method, exchange.attempt, exchange.timeline)

    def _deliver(
        self,
        head: Head,
        connection: Connection,
        exchange: Exchange,
        upload: asyncio.Task[None] | None,
        tried: Tried,
    ) -> Response:
        response = self._response(head, connection, exchange)
        response.on_close(partial(self._give_back, connection, upload, tried))
        return response

    def _check_deadline(self, exchange: Exchange) -> float:
        """Seconds to the deadline; nothing begins that cannot end before it."""
        left = exchange.deadline - self._clock.now()
        if left <= 0:
            over = Allowance(0.0, "total_timeout")
            raise over.expired("before anything was sent", exchange.attempt)
        return left

    def _send(self, connection: Connection, exchange: Exchange) -> asyncio.Task[None] | None:
        """Write the request: at once if it is all there, else by a task beside the response."""
        request = exchange.request
        body = request.body
        left = self._check_deadline(exchange)  # getting the connection took time as well
        data = b"" if body is None else body.take()
        chunked = body is not None and body.length is None
        head = request_head(
            request.method,
            self._base + request.target,
            self._host,
            outgoing(request.headers, left),
            chunked=chunked,
        )
        exchange.timeline.sent_at = now = self._clock.now()
        exchange.timeline.first_byte_at = 0.0  # that of an earlier answer is none of this one
        if body is None or (data is not None and len(data) == body.length):
            connection.write(head + data if data else head)
            exchange.timeline.bytes_up += len(data or b"")
            self._await_head(connection, exchange, now)
            return None
        connection.write(head)
        connection.arm(Allowance(left, "total_timeout"), "while sending the request")
        return asyncio.create_task(self._upload(connection, exchange, body, data))

    async def _upload(
        self, connection: Connection, exchange: Exchange, body: Body, data: bytes | None
    ) -> None:
        send = Allowance(self._timeouts.send, "send_timeout")
        try:
            chunk = await body.read() if data is None else data
            while chunk:
                exchange.timeline.bytes_up += len(chunk)
                if body.length is None:
                    chunk = b"%x\r\n%b\r\n" % (len(chunk), chunk)
                await _let_it_speak(connection)
                connection.write(chunk)
                await connection.drain(send)
                chunk = await body.read()
            if body.length is None:
                connection.write(b"0\r\n\r\n")
        except ExchangeError as error:
            error.sent = True  # whatever ended it, a part of it is on its way
            connection.fail(error)
        else:
            if not connection.answered:
                self._await_head(connection, exchange, self._clock.now())

    def _await_head(self, connection: Connection, exchange: Exchange, now: float) -> None:
        left = exchange.deadline - now
        allowance = allow("first_byte_timeout", self._timeouts.first_byte, left)
        connection.arm(allowance, "while waiting for the response")

    def _response(self, head: Head, connection: Connection, exchange: Exchange) -> Response:
        covered = self._timeouts.total_covers_body
        return Response(
            status=head.status,
            reason=head.reason,
            headers=head.headers,
            body=UpstreamBody(
                connection=connection,
                clock=self._clock,
                idle=self._timeouts.idle,
                deadline=exchange.deadline if covered else float("inf"),
                length=head.framing if head.framing >= 0 else None,
            ),
        )

    def _give_back(
        self,
        connection: Connection,
        upload: asyncio.Task[None] | None,
        tried: Tried,
        error: BaseException | None,
    ) -> None:
        tried.end(self._clock.now(), error)
        if upload is not None and not upload.done():
            upload.cancel()
            connection.abort()  # half a request was sent
        if isinstance(error, UpstreamReset):
            self._pool.limit.observe_break(self._clock.now())
        self._pool.release(connection)


async def _let_it_speak(connection: Connection) -> None:
    """Let what has come be read before more is written.

    An upstream that refuses an upload may answer and hang up at once, and a write that meets the
    end loses what was not read: the application would see a reset instead of, say, a 413.
    """
    for _ in range(_TURNS):
        if not connection.spoiled or connection.closed:
            return
        await asyncio.sleep(0)


def _is_repeatable(request: Request) -> bool:
    """Whether sending it twice does no harm, and can be done (RFC 9110 §9.2.1, safe methods)."""
    rewindable = request.body is None or request.body.rewindable
    return rewindable and request.method in SAFE_METHODS
