"""Finds how many calls an upstream serves at once without queueing them inside.

Pure: it is told how each call ended. Knows nothing of queues, permits or priorities.
Source: Gradient2 of Netflix concurrency-limits (`Gradient2Limit.java`, `WindowedLimit.java`).
"""

from dataclasses import dataclass, field

_TOLERANCE = 1.5
"""Answers may take so many times longer than usual before the limit goes down."""

_QUEUE = 4
"""Calls beyond what seems right that are tried each time: how the limit grows."""

_SMOOTHING = 0.2
_LONG_WINDOW = 600
"""Windows over which "usual" is averaged, exponentially."""

_WARM_UP = 10
"""Windows at the start whose plain mean is "usual"."""

_FORGET = 0.95
"""What "usual" is multiplied by while answers come in less than half of it: it was learned
under load, and would let the limit grow too far."""

_SAMPLES = 20
"""Ends of calls that are looked at together: single answers vary too much."""

_FEW_SAMPLES = 4
_LONGEST = 1.0
"""Seconds after which few samples must do."""


@dataclass(slots=True)
class _Average:
    """A mean at first, then an exponential average."""

    value: float = 0.0
    _count: int = 0

    def add(self, sample: float) -> float:
        share = 2 / (_LONG_WINDOW + 1)
        if self._count < _WARM_UP:
            self._count += 1
            share = 1 / self._count
        self.value += share * (sample - self.value)
        return self.value


@dataclass(slots=True)
class _Window:
    """What ended since the limit was looked at last."""

    began: float
    answered: int = 0
    seconds: float = 0.0
    dropped: int = 0
    inflight: int = 0
    """The most that were in flight."""

    def is_complete(self, now: float) -> bool:
        ended = self.answered + self.dropped
        return ended >= _SAMPLES or (ended >= _FEW_SAMPLES and now - self.began >= _LONGEST)


@dataclass(slots=True)
class Gradient:
    """The limit of an upstream, as its answers suggest it.

    For each window of calls: limit x clamp(1.5 x usual / now, 0.5, 1) + 4, smoothed by 0.2. Calls
    that were dropped (timers that expired, refusals of an overloaded upstream) take up to half of
    the limit away at once, by their share. While fewer calls are in flight than half of the limit,
    answers say nothing about it, and it stays.
    """

    estimate: float
    least: float
    most: float
    _usual: _Average = field(init=False, default_factory=_Average)
    _window: _Window | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.least = min(self.least, self.most)
        self.estimate = self._within(self.estimate)

    @property
    def limit(self) -> int:
        """The limit in force."""
        return int(self.estimate)

    @property
    def usual(self) -> float:
        """Seconds to the first byte, averaged over a long time; 0 before the first window."""
        return self._usual.value

    def observe(
        self, now: float, inflight: int, first_byte: float | None, *, dropped: bool
    ) -> None:
        """A call ended.

        Args:
            now: the instant.
            inflight: calls in flight, this one included.
            first_byte: seconds from the request to the first byte; None where there is no measure.
            dropped: whether the upstream was too slow, or refused because of its load.
        """
        if first_byte is None and not dropped:
            return
        window = self._window
        if window is None:
            window = self._window = _Window(now)
        window.inflight = max(window.inflight, inflight)
        if dropped:
            window.dropped += 1
        elif first_byte is not None:
            window.answered += 1
            window.seconds += first_byte
        if window.is_complete(now):
            self._window = None
            self._learn(window)

    def _learn(self, window: _Window) -> None:
        slope = self._slope(window.seconds / window.answered) if window.answered else 0.5
        if window.inflight < self.estimate / 2:
            return
        target = self.estimate * slope + _QUEUE
        estimate = self.estimate + _SMOOTHING * (target - self.estimate)
        share = window.dropped / (window.answered + window.dropped)
        self.estimate = self._within(estimate * (1 - share / 2))

    def _slope(self, short: float) -> float:
        """1 while answers take as long as usual, down to 0.5 when they take much longer."""
        usual = self._usual.add(short)
        if usual > 2 * short:
            self._usual.value *= _FORGET
        return 1.0 if short <= 0 else max(0.5, min(1.0, _TOLERANCE * usual / short))

    def _within(self, estimate: float) -> float:
        return max(self.least, min(self.most, estimate))
