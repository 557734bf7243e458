"""A histogram of plain integers: what happens for every exchange must cost next to nothing.

Written on the event loop only, read by whoever exports it, in a thread too. Knows no labels.
"""

from bisect import bisect_left
from collections.abc import Sequence

from prometheus_client.samples import Exemplar


class Histogram:
    """How often what was observed was at most how much.

    Args:
        bounds: the upper bound of each bucket, rising; one without a bound follows.
    """

    __slots__ = ("_bounds", "_counts", "_exemplars", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(map(float, bounds))
        self._counts = [0] * (len(bounds) + 1)
        self._exemplars: dict[int, Exemplar] = {}
        self.sum = 0.0

    def __repr__(self) -> str:
        return f"<Histogram of {sum(self._counts)}>"

    def observe(self, value: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def mark(self, value: float, trace_id: str, at: float) -> None:
        """Name the trace that a value belongs to; each bucket remembers the last (OpenMetrics).

        Args:
            value: which was observed.
            trace_id: 32 hexadecimal digits.
            at: when, in seconds since the epoch.
        """
        exemplar = Exemplar({"trace_id": trace_id}, value, at)
        self._exemplars[bisect_left(self._bounds, value)] = exemplar

    def buckets(self) -> list[tuple[str, float]]:
        """As Prometheus wants them: cumulative, with `+Inf` last."""
        total, found = 0, []
        for bound, count in zip((*self._bounds, "+Inf"), tuple(self._counts), strict=True):
            total += count
            found.append((str(bound), float(total)))
        return found

    def marked(self) -> list[tuple[str, float] | tuple[str, float, Exemplar]]:
        """The buckets, those that remember a trace with it."""
        exemplars = dict(self._exemplars)
        return [
            (*bucket, exemplars[place]) if place in exemplars else bucket
            for place, bucket in enumerate(self.buckets())
        ]
