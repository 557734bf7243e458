"""Puts a key that the sidecar holds into each attempt, and hears how it was taken.

Below cache, ledger and repetition: what is kept is kept by the caller's own credentials, and each
attempt may have another key. Above breaker and pace, so that their keys by `credential` are the
provider's. What is decided is decided in `core/key_ring.py` and `core/key_answers.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sidecar.clock import Clock
from sidecar.config.credentials import Credentials
from sidecar.core.credentials import Place, digest_of, has_key, with_key, with_moved_key
from sidecar.core.key_answers import verdict_of, with_other_key
from sidecar.core.key_ring import KeyRing
from sidecar.exchange import Exchange, Handler, Layer, Request, Response
from sidecar.telemetry import logs
from sidecar.telemetry.key_stats import KeyFigures, KeyStats


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; all but `model` is the upstream's, shared by its routes."""

    config: Credentials
    ring: KeyRing | None
    """None where the sidecar only moves keys of the application's."""
    stats: KeyStats
    clock: Clock
    model: Callable[[Exchange], str | None]
    """What quotas are counted by beside the key; None where a call has none."""


class CredentialsLayer:
    """Gives keys to the calls of one route."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        config = parts.config
        self._next = next_
        self._config = config
        self._ring = parts.ring
        self._stats = parts.stats
        self._clock = parts.clock
        self._model = parts.model
        self._keys = [secret.reveal() for secret in config.secrets]
        header = config.header.encode() if config.header else None
        scheme = f"{config.scheme} ".encode() if config.scheme else b""
        self._place = Place(header, config.query, scheme)

    def __repr__(self) -> str:
        return f"<CredentialsLayer {self._ring!r}>"

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on with a key; a call that has one keeps it, unless it is to be replaced."""
        request, place = exchange.request, self._place
        ring = self._ring
        if ring is None or (has_key(request, place) and not self._config.overwrite):
            moved = with_moved_key(request, place) if self._config.move_query_key else request
            return await self._next(_with(exchange, moved))
        model = self._model(exchange) or ""
        number = await self._choose(ring, exchange, model)
        self._figures(number).used += 1
        keyed = with_key(request, place, self._keys[number])
        response = await self._next(_with(exchange, keyed))
        self._heed(ring, exchange, response, number, model)
        return response

    async def _choose(self, ring: KeyRing, exchange: Exchange, model: str) -> int:
        """The number of a key that is free; waited for, where that is short enough."""
        waited = 0.0
        while True:
            now = self._clock.now()
            number, wait = ring.choose(now, model)
            if wait <= 0:
                return number
            if waited + wait > self._config.max_wait or now + wait >= exchange.deadline:
                self._stats.unrested += 1
                return number
            self._stats.waits += waited == 0
            try:
                await self._clock.sleep(wait)
            finally:
                passed = self._clock.now() - now
                waited += passed
                self._stats.seconds += passed
                exchange.timeline.paced += passed

    def _heed(
        self, ring: KeyRing, exchange: Exchange, response: Response, number: int, model: str
    ) -> None:
        """Let a key rest that was refused, and say whether another one is worth an attempt."""
        judgement, now = response.judgement, self._clock.now()
        verdict = verdict_of(response.status, judgement)
        if verdict == "accepted":
            return
        figures = self._figures(number)
        if verdict == "refused":
            figures.refused += 1
            of_model = judgement is not None and judgement.scope == "model"
            wait = judgement.wait if judgement is not None else None
            ring.refused(number, now, wait, model if of_model else "")
        else:
            figures.rejected += 1
            if ring.rejected(number, now):
                self._report(exchange, response, number)
        if judgement is not None and exchange.attempt < self._config.keys_per_call:
            soonest = ring.soonest_other(number, now, model)
            response.judgement = with_other_key(judgement, soonest, self._config.cooldown)

    def _report(self, exchange: Exchange, response: Response, number: int) -> None:
        logs.event(
            "key_set_aside",
            level="warning",
            upstream=exchange.upstream,
            key=self._config.titles[number],
            digest=digest_of(self._keys[number]),
            status=response.status,
            seconds=self._config.set_aside,
        )

    def _figures(self, number: int) -> KeyFigures:
        return self._stats.keys[self._config.titles[number]]


def _with(exchange: Exchange, request: Request) -> Exchange:
    """The exchange with another request for what is below; those above keep their own."""
    return exchange if request is exchange.request else replace(exchange, request=request)


def credentials(parts: Parts) -> Layer | None:
    """The layer of one route; None where there is nothing to do."""
    if parts.ring is None and not parts.config.move_query_key:
        return None
    return lambda next_: CredentialsLayer(next_, parts)
