"""Measuring while others leave the machine alone, as long as patience lasts."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from bench.processes import Noise, Process

T = TypeVar("T")

_NOISY = 0.1
"""The share of the machine that others may use during a measurement that counts."""
_PAUSE = 0.2
_TRIES = 4
"""How often the same is measured at the most."""


class Quiet:
    """Repeats what was disturbed.

    Args:
        ours: processes that are no disturbance.
        patience: seconds that may be spent on waiting and on repeating, in all.
    """

    def __init__(self, ours: Sequence[Process], patience: float) -> None:
        self._ours = ours
        self._patience = patience
        self.noise: list[float] = []
        """Share of all cores' time that others used, by measurement."""
        self.repeated = 0
        """Measurements thrown away because it was too much."""

    def measure(self, measure: Callable[[], T]) -> T:
        """Measure while the machine is quiet; the quietest of some tries if it does not get so."""
        best: tuple[float, T] | None = None
        for left in reversed(range(_TRIES)):
            self._wait()
            noise = self._listen()
            result, share = measure(), noise.share()
            if best is None or share < best[0]:
                best = share, result
            if share <= _NOISY or self._patience <= 0 or not left:
                break
            self._patience -= noise.seconds()
            self.repeated += 1
        assert best is not None
        self.noise.append(best[0])
        return best[1]

    def _wait(self) -> None:
        while self._patience > 0:
            noise = self._listen()
            time.sleep(_PAUSE)
            if noise.share() <= _NOISY:
                return
            self._patience -= _PAUSE

    def _listen(self) -> Noise:
        return Noise(self._ours)
