"""What is learnt from an application's calls: figures by route and by shape, bounded, no values.

Pure: is told of each call when it ends. What follows from it is decided in `rules`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.core.advice.bursts import Bursts, Follows, Runs
from sidecar.core.advice.called import Asked, Ended
from sidecar.core.advice.rates import Rates
from sidecar.core.advice.repeats import Repeats
from sidecar.core.advice.shape import Shape
from sidecar.core.advice.sketch import Sketch
from sidecar.core.keyed import Keyed

DEEP = 1000
"""Rows that are passed over, from which on paging counts as deep."""
SHALLOW = 100
"""Rows below which it counts as shallow."""

_MOST_SHAPES = 256
_MOST_PAIRS = 512
_MOST_ROUTES = 1024
_MOST_ERRORS = 32
_BUSY = 0.005
"""Seconds that a call waits for a connection when all are busy."""

RouteKey = tuple[str, str]
"""Upstream and route."""
ShapeKey = tuple[str, str, Shape]
"""Upstream, route and shape."""


@dataclass(slots=True)
class RouteFigures:
    """One route."""

    calls: int = 0
    times: Sketch = field(default_factory=Sketch)
    """Seconds until the upstream's answer began, of calls with one attempt that were answered."""
    errors: Counter[str] = field(default_factory=Counter)
    """Of the sidecar's own, by code."""
    repeated: int = 0
    """Calls with more than one attempt."""
    wasted: int = 0
    """Of them, those that failed all the same."""
    wasted_attempts: int = 0
    """After the first, of calls that failed all the same."""
    waited: int = 0
    """Calls that waited for a connection because all were busy."""
    waits: Sketch = field(default_factory=Sketch)
    """How long they did."""
    rates: Rates = field(default_factory=Rates)


@dataclass(slots=True)
class ShapeFigures:
    """One shape on one route."""

    calls: int = 0
    began: float = 0.0
    """When the first ended, in seconds."""
    ended: float = 0.0
    """When the last did."""
    times: Sketch = field(default_factory=Sketch)
    """As of its route; successes only."""
    repeats: Repeats = field(default_factory=Repeats)
    runs: Runs = field(default_factory=Runs)
    deep: Sketch = field(default_factory=Sketch)
    """Of calls that pass over DEEP rows and more."""
    shallow: Sketch = field(default_factory=Sketch)
    """Of those that pass over fewer than SHALLOW."""
    deepest: int = 0
    """The most rows that were passed over."""


class Learnt:
    """Everything."""

    def __init__(self) -> None:
        self.began: float | None = None
        """When the first call ended, in seconds."""
        self.ended = 0.0
        self.seen = 0
        """Calls that were looked at."""
        self._routes: Keyed[RouteKey, RouteFigures] = Keyed(lambda _: RouteFigures(), _MOST_ROUTES)
        self._shapes: Keyed[ShapeKey, ShapeFigures] = Keyed(lambda _: ShapeFigures(), _MOST_SHAPES)
        self._pairs: Keyed[tuple[ShapeKey, ShapeKey], Follows] = Keyed(
            lambda _: Follows(), _MOST_PAIRS
        )
        self._bursts = Bursts(
            lambda asked: self._shape(asked).runs,
            lambda before, asked: self._pairs.get((_key(before), _key(asked))),
        )

    def __repr__(self) -> str:
        return f"<Learnt from {self.seen} calls of {len(self._shapes)} shapes>"

    def counted(self, route: RouteKey, now: float, *, accepted: int, refused: int) -> None:
        """Calls and refusals (429) of a route that ended in this second."""
        self._routes.get(route).rates.count(int(now), accepted=accepted, refused=refused)

    def see(self, asked: Asked, ended: Ended, digest: int | None) -> None:
        """A call has ended.

        Args:
            asked: what it was.
            ended: what came of it.
            digest: of the answer of a read; None where it is not known.
        """
        now = ended.started_wall + ended.duration
        self.began = now if self.began is None else self.began
        self.ended = max(self.ended, now)
        self.seen += 1
        self._see_route(self._routes.get((asked.upstream, asked.route)), ended)
        shape = self._shape(asked)
        self._see_shape(shape, asked, ended, now)
        if digest is not None:
            shape.repeats.see(asked.key, digest, now)
        if ended.source == "upstream" and asked.shape.method == "GET":
            self._bursts.see(asked, ended.started_wall, now)

    def _see_route(self, figures: RouteFigures, ended: Ended) -> None:
        figures.calls += 1
        if ended.error is not None:
            known = ended.error in figures.errors or len(figures.errors) < _MOST_ERRORS
            figures.errors[ended.error if known else "other"] += 1
        if ended.attempts > 1:
            failed = ended.error is not None or ended.status >= 400
            figures.repeated += 1
            figures.wasted += failed
            figures.wasted_attempts += (ended.attempts - 1) if failed else 0
        elif ended.at_upstream and ended.status != 101:
            figures.times.observe(max(0.0, ended.at_upstream - ended.dial))
        if ended.pool_wait > _BUSY:
            figures.waited += 1
            figures.waits.observe(ended.pool_wait)

    def _see_shape(self, figures: ShapeFigures, asked: Asked, ended: Ended, now: float) -> None:
        if not figures.calls:
            figures.began = now
        figures.calls += 1
        figures.ended = now
        figures.deepest = max(figures.deepest, asked.offset)
        if ended.attempts != 1 or not ended.at_upstream or not 200 <= ended.status < 400:
            return
        took = max(0.0, ended.at_upstream - ended.dial)
        figures.times.observe(took)
        if asked.offset >= DEEP:
            figures.deep.observe(took)
        elif asked.offset < SHALLOW:
            figures.shallow.observe(took)

    def _shape(self, asked: Asked) -> ShapeFigures:
        return self._shapes.get(_key(asked))

    @property
    def routes(self) -> Mapping[RouteKey, RouteFigures]:
        """By upstream and route."""
        return dict(self._routes)

    @property
    def shapes(self) -> Mapping[ShapeKey, ShapeFigures]:
        """By upstream, route and shape."""
        self._bursts.settle()
        return dict(self._shapes)

    @property
    def pairs(self) -> Mapping[tuple[ShapeKey, ShapeKey], Follows]:
        """What followed what."""
        return dict(self._pairs)

    def snapshot(self) -> dict[str, object]:
        """How much it is, for people."""
        span = self.ended - self.began if self.began is not None else 0.0
        return {"calls": self.seen, "seconds": round(span, 1), "shapes": len(self._shapes)}


def _key(asked: Asked) -> ShapeKey:
    return (asked.upstream, asked.route, asked.shape)
