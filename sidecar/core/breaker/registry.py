"""All breakers: by key within an upstream, and by name for whoever administers them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from sidecar.config.breaker import Breaker as BreakerConfig
from sidecar.core.breaker.breaker import Alarm, Breaker
from sidecar.core.breaker.values import Forced, Transition
from sidecar.core.keyed import Keyed

NotifyOf: TypeAlias = Callable[[str, Transition], None]
"""Hears of every change of a stage, with the key of the breaker."""

_MOST_KEYS = 1000
_MOST_KEY = 200
"""Characters of a key; what differs only after them shares a breaker."""


class BreakerSet:
    """The breakers of one upstream, shared by its routes.

    Args:
        upstream: its name.
        config: its settings.
        draw: a random number in [0, 1) each time.
        now: the instant.
        notify: hears of every change, with the key.
        alarm: as for a Breaker.
    """

    def __init__(
        self,
        upstream: str,
        config: BreakerConfig,
        draw: Callable[[], float],
        *,
        now: float,
        notify: NotifyOf = lambda _key, _transition: None,
        alarm: Alarm = lambda _breaker, _seconds: None,
    ) -> None:
        self.upstream = upstream
        self.config = config
        self._now = now

        def make(key: str) -> Breaker:
            def tell(transition: Transition) -> None:
                notify(key, transition)

            return Breaker(config, draw, now=self._now, notify=tell, alarm=alarm)

        self._breakers: Keyed[str, Breaker] = Keyed(
            make, _MOST_KEYS, lambda breaker: breaker.is_at_rest(self._now)
        )
        if config.key == "upstream":  # it can be seen and forced before the first call
            self.at(upstream, now)

    def __repr__(self) -> str:
        return f"BreakerSet({self.upstream}, {len(self._breakers)})"

    def __iter__(self) -> Iterator[tuple[str, Breaker]]:
        return iter(self._breakers)

    def at(self, key: str, now: float) -> Breaker:
        """The breaker of a key, made if there is none."""
        self._now = now
        return self._breakers.get(key[:_MOST_KEY])


class Breakers:
    """The breakers of all upstreams, by name: `upstream/key`.

    Where calls are told apart by the upstream only, its name alone will do.
    """

    def __init__(self, sets: Mapping[str, BreakerSet]) -> None:
        self._sets = sets

    def __repr__(self) -> str:
        return f"Breakers({', '.join(self._sets)})"

    def __iter__(self) -> Iterator[tuple[str, str, Breaker]]:
        """Upstream, key and breaker of each."""
        for upstream, breakers in dict(self._sets).items():
            for key, breaker in breakers:
                yield upstream, key, breaker

    def find(self, name: str) -> Breaker:
        """The breaker of this name.

        Raises:
            LookupError: there is none; it may not have had a call yet.
        """
        upstream, _, key = name.partition("/")
        for its_upstream, its_key, breaker in self:
            if (its_upstream, its_key) == (upstream, key or upstream):
                return breaker
        raise LookupError(f"no breaker is called {name!r}")

    def snapshots(self, now: float, upstream: str | None = None) -> list[dict[str, Any]]:
        """How all of them stand, or those of one upstream, for people."""
        return [
            {"name": f"{name}/{key}", **breaker.snapshot(now)}
            for name in (tuple(self._sets) if upstream is None else (upstream,))
            for key, breaker in self._sets.get(name, ())
        ]

    def force(self, name: str, to: Forced, seconds: float, reason: str, now: float) -> None:
        """Set one by hand, for `seconds`.

        Raises:
            LookupError: there is none of this name.
        """
        self.find(name).force(to, seconds, reason, now)

    def reset(self, name: str, now: float) -> None:
        """Make one as new.

        Raises:
            LookupError: there is none of this name.
        """
        self.find(name).reset(now)
