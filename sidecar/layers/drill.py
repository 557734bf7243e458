"""Makes faults on purpose, innermost: where the transport would be, so that all above react.

What each fault is stands in `faults/`, which calls it hits in `core/drills.py`. Waits are as long
as the transport's own timers, and count as time at the upstream.
"""

from sidecar.config import Timeouts
from sidecar.core.allowance import Allowance, allow
from sidecar.core.drills import Order, varied
from sidecar.drilling import Drilling
from sidecar.errors import ConnectTimeout, ExchangeError, UpstreamReset
from sidecar.exchange import SAFE_METHODS, Exchange, Handler, Layer, Response
from sidecar.faults import FAULTS, Action, Cut, Failure, Late, Lost, Reply, Silence, Slow, Stale
from sidecar.faults.bodies import CannedBody, CutBody, SlowBody, broken_off

MARK = b"X-Sidecar-Drill"
"""The header of every answer that a drill made or spoiled."""


class DrillLayer:
    """Passes the calls of one route on, or what a drill makes of them."""

    def __init__(self, next_: Handler, drilling: Drilling, timeouts: Timeouts) -> None:
        self._next = next_
        self._drilling = drilling
        self._clock = drilling.clock
        self._timeouts = timeouts

    async def __call__(self, exchange: Exchange, /) -> Response:
        """The upstream's answer, or the fault of the drill that picked this attempt."""
        order = self._drilling.choose(exchange)
        if order is None:
            return await self._next(exchange)
        action = FAULTS[order.fault].act(order.delay)
        response = await self._act(action, order, exchange)
        response.headers = [*response.headers, (MARK, order.fault.encode())]
        return response

    async def _act(self, action: Action, order: Order, exchange: Exchange) -> Response:
        match action:
            case Reply() | Failure() | Silence():
                return await self._instead(action, order.fault, exchange)
            case Stale():
                return await self._stale(order.fault, exchange)
        response = await self._next(exchange)
        try:
            await self._spoil(action, order, exchange, response)
        except BaseException as error:
            response.close(error)
            raise
        return response

    async def _instead(
        self, action: Reply | Failure | Silence, fault: str, exchange: Exchange
    ) -> Response:
        """Be the attempt, also in the trail: no byte goes to the upstream."""
        tried = exchange.timeline.begin(exchange.attempt, self._clock.now())
        try:
            response = await self._made(action, fault, exchange)
        except BaseException as error:
            tried.end(self._clock.now(), error)
            raise
        tried.status = response.status
        response.on_close(lambda error: tried.end(self._clock.now(), error))
        return response

    async def _made(
        self, action: Reply | Failure | Silence, fault: str, exchange: Exchange
    ) -> Response:
        match action:
            case Reply():
                return await self._reply(action, fault, exchange)
            case Failure():
                await self._receive(exchange, sent=action.sent)
                raise action.kind(f"drill {fault}: {action.text}", code=action.code)
            case Silence():
                raise await self._silence(action, fault, exchange)

    async def _receive(self, exchange: Exchange, *, sent: bool = True) -> None:
        """Take the request, as an upstream would that got all of it.

        Raises:
            ExchangeError: the deadline has passed, or the application's body broke.
        """
        timeline, body, now = exchange.timeline, exchange.request.body, self._clock.now()
        if exchange.deadline <= now:
            raise _over(exchange, "before anything was sent")
        if not sent:
            return
        timeline.sent_at = now
        if body is None:
            return
        try:
            while chunk := await body.read():
                timeline.bytes_up += len(chunk)
                if exchange.deadline <= self._clock.now():
                    raise _over(exchange, "while sending the request")
        except ExchangeError as error:
            error.sent = True  # as where a part of it is on its way
            raise

    async def _reply(self, reply: Reply, fault: str, exchange: Exchange) -> Response:
        await self._receive(exchange)
        timeline = exchange.timeline
        timeline.first_byte_at = self._clock.now()
        data = b"" if exchange.request.method == "HEAD" else reply.body
        timeline.bytes_down += len(data)
        length = None if reply.streamed else len(data)
        body = CannedBody(data, length, broken_off(fault) if reply.broken else None)
        return Response(reply.status, reply.reason, list(reply.headers), body)

    async def _silence(self, action: Silence, fault: str, exchange: Exchange) -> ExchangeError:
        """Wait as long as the transport would; the error that it would raise then."""
        connecting = action.timer == "connect_timeout"
        await self._receive(exchange, sent=not connecting)
        timeline, began = exchange.timeline, self._clock.now()
        seconds = self._timeouts.connect if connecting else self._timeouts.first_byte
        allowance = allow(action.timer, seconds, exchange.deadline - began)
        try:
            await self._clock.sleep(allowance.seconds)
        finally:
            waited = self._clock.now() - began
            timeline.dial += waited if connecting else 0.0
            timeline.at_upstream += 0.0 if connecting else waited
        where = "connecting" if connecting else "waiting for the response"
        error = allowance.expired(f"while {where} (drill {fault})", exchange.attempt)
        if connecting and allowance.code == "connect_timeout":
            return ConnectTimeout(error.message, code=error.code)
        return error

    async def _stale(self, fault: str, exchange: Exchange) -> Response:
        request = exchange.request
        rewindable = request.body is None or request.body.rewindable
        if rewindable and request.method in SAFE_METHODS:
            return await self._next(exchange)  # the transport sends it again, on a fresh connection
        await self._receive(exchange)
        text = f"drill {fault}: the upstream had closed a kept connection"
        raise UpstreamReset(text, code="stale_connection")

    async def _spoil(
        self, action: Action, order: Order, exchange: Exchange, response: Response
    ) -> None:
        """Do to the upstream's answer what the fault does.

        Raises:
            ExchangeError: there is no answer any more.
        """
        match action:
            case Lost():
                exchange.timeline.first_byte_at = 0.0
                text = f"drill {order.fault}: the connection ended before the answer"
                raise UpstreamReset(text, code="upstream_reset")
            case Late(seconds):
                late = varied(seconds, order.jitter, self._drilling.draw())
                await self._delay(late, order.fault, exchange)
            case Slow(pause, size) if response.body.length != 0:
                covered = self._timeouts.total_covers_body
                response.body = SlowBody(
                    rest=response.body,
                    pause=pause,
                    size=size,
                    idle=self._timeouts.idle,
                    deadline=exchange.deadline if covered else float("inf"),
                    attempt=exchange.attempt,
                    clock=self._clock,
                )
            case Cut(chunked) if response.body.length != 0:
                _cut(response, order.fault, chunked=chunked)

    async def _delay(self, seconds: float, fault: str, exchange: Exchange) -> None:
        """Hold an answer back, and let the timer expire that would while the upstream is slow."""
        timeline, now = exchange.timeline, self._clock.now()
        left = self._timeouts.first_byte - (now - timeline.sent_at)
        allowance = allow("first_byte_timeout", max(left, 0.0), exchange.deadline - now)
        late = seconds >= allowance.seconds
        try:
            await self._clock.sleep(min(seconds, allowance.seconds))
        finally:
            timeline.at_upstream += self._clock.now() - now
        timeline.first_byte_at = 0.0 if late else self._clock.now()
        if late:
            whole = allowance._replace(seconds=self._timeouts.first_byte)
            waiting_for = f"while waiting for the response (drill {fault})"
            raise whole.expired(waiting_for, exchange.attempt)


def _over(exchange: Exchange, when: str) -> ExchangeError:
    return Allowance(0.0, "total_timeout").expired(when, exchange.attempt)


def _cut(response: Response, fault: str, *, chunked: bool) -> None:
    """Let the body end in the middle; one of unknown length after the first piece that comes."""
    length = None if chunked else response.body.length
    keep = None if response.body.length is None else response.body.length // 2
    if chunked:
        kept = [each for each in response.headers if each[0].lower() != b"content-length"]
        response.headers = kept
    response.body = CutBody(response.body, length, keep, broken_off(fault))


def drill(drilling: Drilling | None, timeouts: Timeouts) -> Layer | None:
    """The layer of one route; None where drills are not allowed."""
    if drilling is None:
        return None
    return lambda next_: DrillLayer(next_, drilling, timeouts)
