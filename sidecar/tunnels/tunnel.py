"""Two connections made into one: bytes go through as they come, and so does the way it ends.

The sidecar says nothing itself but a close frame, where it must end a WebSocket: at the end of a
frame, never within one. Knows no upstreams, no routes and no exchanges.
"""

import asyncio
import os
from collections.abc import Callable

from sidecar.clock import Clock
from sidecar.config.websocket import Websocket
from sidecar.core.websocket_frames import close_frame
from sidecar.errors import (
    AttemptTimeout,
    BadRequest,
    ClientClosed,
    Draining,
    ExchangeError,
    UpstreamReset,
)
from sidecar.switched import Line, reset
from sidecar.telemetry.tunnel_stats import Ending, TunnelStats
from sidecar.tunnels.side import Side

GOING_AWAY, PROTOCOL_ERROR = 1001, 1002
"""Status codes of close frames (RFC 6455 §7.4.1)."""

_LINGER = 5.0
"""Seconds that a WebSocket may take to end, once its end has begun."""


class Tunnel:
    """One WebSocket, from its 101 to its end: `run` it once.

    Args:
        client: the application's connection.
        upstream: the other one.
        settings: for how long it may be idle.
        stats: the figures of its route.
        clock: where time comes from.
    """

    def __init__(
        self, client: Line, upstream: Line, settings: Websocket, stats: TunnelStats, clock: Clock
    ) -> None:
        self.client = Side(client, stats.up, self, masked=True)
        self.upstream = Side(upstream, stats.down, self, masked=False)
        self.client.other, self.upstream.other = self.upstream, self.client
        self._sides = (self.client, self.upstream)
        self.error: ExchangeError | None = None
        """What ended it, where that was no close frame of either side."""
        self._settings = settings
        self._stats = stats
        self._clock = clock
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard = clock.now()
        self._timer: asyncio.TimerHandle | None = None
        self._lingers = False
        self._ending: Ending | None = None
        self._is_ended_here = False
        self._closes = False

    def __repr__(self) -> str:
        return f"<Tunnel {self._ending or 'open'} {self.client!r} {self.upstream!r}>"

    async def run(self, head: bytes) -> None:
        """Say `head` to the application, then pass on what comes until both sides are gone."""
        began = self._heard
        self._stats.begin()
        try:
            self._start(head)
            await self._over
        except BaseException:  # the server does not wait for it any longer
            self._conclude("draining", _stopping())
            raise
        finally:
            self._stop_timer()
            self._abort()
            self._stats.end(self._ending or "closed", self._clock.now() - began)

    def _start(self, head: bytes) -> None:
        for side in self._sides:
            side.attach()
            side.keep_alive(self._settings.keep_alive)
        self.client.say(head)
        self._watch()
        for side in self._sides:
            if side.early:
                self.came(side, side.early)
            if side.transport.is_closing() and not side.is_gone:
                side.connection_lost(None)
            side.release()

    def drain(self) -> None:
        """End it, because the sidecar stops."""
        if self._ending is None:
            self._end("draining", _stopping(), "the sidecar is shutting down")
        else:
            self._close()

    # What a side tells.

    def came(self, side: Side, data: bytes) -> None:
        """Pass on what `side` sent."""
        self._heard = self._clock.now()
        frames, flow = side.frames, side.flow
        size, messages, was_broken = len(data), frames.messages, frames.broken
        side.bytes += size
        flow.bytes += size
        if side.farewell is not None:
            self._pass_to_end(side, data)
        else:
            good = frames.feed(data)
            if not side.is_mute:
                side.other.say(data if good == size else data[:good])
        flow.messages += frames.messages - messages
        if frames.broken and not was_broken:
            self._refuse(side)
        if frames.closed:
            self._settle()

    def ended(self, side: Side) -> None:
        """`side` sends no more: tell the other one, in whatever way it can be told."""
        if side.is_ended:
            return
        side.is_ended = True
        self._blame(side)
        if side.other.can_be_told_end:
            side.other.tell_end()
        elif not self._is_answer_due(side.other):
            side.other.transport.close()
        self._settle()

    def gone(self, side: Side, error: Exception | None) -> None:
        """The connection of `side` is gone; one that broke off breaks off the other."""
        self._blame(side)
        if error is not None and self._ending in ("client_left", "upstream_left"):
            reset(side.other.transport)
        self.ended(side)
        side.other.release()  # what it still sends goes nowhere, but its end is to be seen
        if side.other.is_gone and not self._over.done():
            self._over.set_result(None)

    # How it ends: after a close frame of each side, or because one ends, or is ended from here.

    def _is_answer_due(self, side: Side) -> bool:
        """Whether `side` was told to close and has not said yet that it does."""
        return not side.frames.closed and (side.other.frames.closed or self._is_ended_here)

    def _blame(self, side: Side) -> None:
        """It ends because `side` does, if it did not end before."""
        if self.client.frames.closed or self.upstream.frames.closed:
            self._conclude("closed", None)
        elif side is self.client:
            left = ClientClosed("the application ended the WebSocket", code="client_closed")
            self._conclude("client_left", left)
        else:
            text = "the upstream ended the WebSocket without a close frame"
            self._conclude("upstream_left", UpstreamReset(text, code="upstream_reset"))

    def _conclude(self, ending: Ending, error: ExchangeError | None) -> None:
        """Remember how it ends; what came first counts."""
        if self._ending is None:
            self._ending, self.error = ending, error

    def _end(self, ending: Ending, error: ExchangeError, reason: str) -> None:
        """End it from here: both sides are told to close, and have a moment to answer."""
        self._is_ended_here = True
        self._conclude(ending, error)
        self._bid_farewell(self.client, close_frame(GOING_AWAY, reason, os.urandom(4)))
        self._bid_farewell(self.upstream, close_frame(GOING_AWAY, reason))
        self._settle()

    def _refuse(self, side: Side) -> None:
        """End it because `side`, a client, does not mask its frames (RFC 6455 §5.1)."""
        reason = "a frame of the client is not masked"
        self._is_ended_here = True
        self._conclude("unmasked", BadRequest(reason, code="bad_request"))
        side.is_mute = True
        self._bid_farewell(side.other, close_frame(PROTOCOL_ERROR, reason))
        reset(side.other.transport)
        self._settle()

    def _bid_farewell(self, side: Side, frame: bytes) -> None:
        """Have `frame` be the last that the other side gets, instead of more from `side`."""
        if side.is_mute or side.frames.closed:
            return
        if side.frames.is_between:
            side.other.say(frame)
            side.is_mute = True
            side.release()
        else:
            side.farewell = frame

    def _pass_to_end(self, side: Side, data: bytes) -> None:
        """Pass on what is left of a frame, then the farewell, then nothing."""
        frame, rest = side.farewell, side.frames.feed_to_end(data)
        side.other.say(data[:rest])
        if side.frames.is_between and frame is not None:
            side.farewell, side.is_mute = None, True
            if not side.frames.closed:
                side.other.say(frame)
            side.frames.feed(data[rest:])

    def _settle(self) -> None:
        """The end may have begun: close when both have said what they had to, or soon."""
        if all(side.frames.closed for side in self._sides):
            self._conclude("closed", None)
        ends = self._is_ended_here or any(side.is_ended for side in self._sides)
        if ends and all(side.is_ended or side.frames.closed for side in self._sides):
            self._close()
        elif self._ending is not None and not self._lingers:
            self._linger(self._close)

    def _close(self) -> None:
        """Close both connections after what was said to them."""
        if not self._closes:
            self._closes = True
            for side in self._sides:
                side.transport.close()
            self._linger(self._abort)

    def _linger(self, then: Callable[[], None]) -> None:
        self._stop_timer()
        self._lingers = True
        self._timer = self._over.get_loop().call_later(_LINGER, then)

    def _abort(self) -> None:
        for side in self._sides:
            side.transport.abort()

    def _watch(self) -> None:
        """Look again when it could have been idle for too long."""
        left = self._heard + self._settings.idle - self._clock.now()
        if left > 0:
            self._timer = self._over.get_loop().call_later(left, self._watch)
            return
        text = f"nothing came on the WebSocket for {self._settings.idle:g} s (websocket.idle)"
        self._end("idle", AttemptTimeout(text, code="idle_timeout"), "idle for too long")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _stopping() -> Draining:
    return Draining("the sidecar is shutting down", sent=True)
