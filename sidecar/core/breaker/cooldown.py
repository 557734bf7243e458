"""Decides how long a breaker stays open: short and growing at first, longer in a long outage.

A breaker that fails fast for 30 s turns a burst of 4 s into an outage of 30 s; probing early and
letting calls wait keeps it at 4 s. Growing on each failed probe: Microsoft, "Circuit Breaker
pattern"; resilience4j `intervalFunctionInOpenState`.
"""

from collections.abc import Callable

from sidecar.config.breaker import Breaker as BreakerConfig

_JITTER = 0.1
"""The share that chance may take off, so that several sidecars do not probe at one instant."""


class Cooldown:
    """The ladder of one breaker.

    Args:
        config: the breaker's.
        draw: a random number in [0, 1) each time.
    """

    def __init__(self, config: BreakerConfig, draw: Callable[[], float]) -> None:
        self._config = config
        self._draw = draw
        self._step = config.open
        self._outage_since: float | None = None
        self._closed_at: float | None = None

    def __repr__(self) -> str:
        return f"Cooldown(next {self._step:.3g}s)"

    def opens(self, now: float, asked: float = 0.0) -> float:
        """Seconds that it stays open, now that it opens.

        Args:
            now: the instant.
            asked: seconds that the upstream asked for; kept in full, up to `max_open`.
        """
        config = self._config
        if self._outage_since is None:
            self._begin(now)
        assert self._outage_since is not None
        if now - self._outage_since < config.early:
            seconds = self._step
            longest = max(config.open, config.open_early)
            self._step = min(self._step * config.open_growth, longest)
        else:
            seconds = max(config.open, config.open_late)
        seconds = min(seconds, config.max_open) * (1 - _JITTER * self._draw())
        return max(seconds, min(asked, config.max_open))

    def closes(self, now: float) -> None:
        """The outage is over."""
        self._outage_since, self._closed_at = None, now

    def forget(self) -> None:
        """Begin at the bottom the next time."""
        self._outage_since = self._closed_at = None
        self._step = self._config.open

    def _begin(self, now: float) -> None:
        """A new outage. Soon after the last one, the upstream is flapping: keep the step."""
        self._outage_since = now
        if self._closed_at is None or now - self._closed_at > self._config.window:
            self._step = self._config.open
