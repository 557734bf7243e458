"""What is measured, how much of it, and the figures that come of it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bench.figures import Figure
from bench.load import BODY, PATH
from bench.proxy import events
from bench.proxy.place import EVENTS, PLAIN, SLOW, TLS
from bench.proxy.slow import EVENTS as EVENTS_OF_A_STREAM
from bench.proxy.upstreams import LARGE, LARGE_PATH, WRITE_PATH

RATE = 500
"""Requests per second of the paced load."""
PACED_CONNECTIONS = 64
"""25 requests are at the slow upstream at a time; the most of them at random is far below this."""
ALL_CONNECTIONS = (1, 32, 128)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One kind of traffic."""

    name: str
    """By which it is chosen."""
    title: str
    kind: Literal["closed", "paced", "events"]
    """As fast as connections allow; `RATE` a second; streams of events."""
    target: str
    path: str
    answer: int = BODY
    """Bytes of the answer's body."""
    body: int = 0
    """Bytes of the request's; without any it is a GET."""
    connections: tuple[int, ...] = ALL_CONNECTIONS

    def key(self, connections: int) -> str:
        """What the keys of its figures begin with."""
        return f"{self.name}/{connections}"


MEASUREMENTS = (
    Measurement("get-1k", "GET 1 KB", "closed", PLAIN, PATH),
    Measurement("get-100k", "GET 100 KB", "closed", PLAIN, LARGE_PATH, answer=LARGE),
    Measurement("post-1k", "POST 1 KB", "closed", PLAIN, WRITE_PATH, body=BODY),
    Measurement("post-100k", "POST 100 KB", "closed", PLAIN, WRITE_PATH, body=LARGE),
    Measurement("tls", "GET 1 KB, TLS upstream", "closed", TLS, PATH, connections=(32,)),
    Measurement(
        "paced", "500/s, 50 ms upstream", "paced", SLOW, PATH, connections=(PACED_CONNECTIONS,)
    ),
    Measurement(
        "events", "SSE", "events", EVENTS, events.PATH, answer=0, connections=(events.STREAMS,)
    ),
)
MEMORY = (Figure("rss_idle", "memory idle", "MB"), Figure("rss_after", "memory after", "MB"))


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured, in seconds."""

    measurements: tuple[Measurement, ...] = MEASUREMENTS
    rounds: int = 4
    seconds: int = 1
    """Of each closed loop."""
    paced: int = 4
    streams: int = 2
    """How often all streams of events are played, some 1.1 s each time."""
    patience: float = 180.0
    """How long the whole run may wait for others to leave the machine alone, repeats included."""


def quick(plan: Plan) -> Plan:
    """A first impression: one round at 32 connections, and for the first measurement also at 1."""
    fewer = tuple(
        replace(one, connections=(1, 32) if one.name == MEASUREMENTS[0].name else (32,))
        if one.kind == "closed"
        else one
        for one in plan.measurements
    )
    return replace(plan, measurements=fewer, rounds=1, paced=2, streams=1, patience=10.0)


def chosen(names: Sequence[str]) -> tuple[Measurement, ...]:
    """The measurements of those names, in the usual order; all, if none is named.

    Raises:
        ValueError: there is none of such a name.
    """
    known = [one.name for one in MEASUREMENTS]
    for name in names:
        if name not in known:
            raise ValueError(f"no measurement {name!r}; there are: {', '.join(known)}")
    return tuple(one for one in MEASUREMENTS if not names or one.name in names)


def figures(plan: Plan) -> tuple[Figure, ...]:
    """All figures of a plan, in the order of their table."""
    found = [figure for one in plan.measurements for figure in _figures(one)]
    return (*found, *MEMORY)


def _figures(one: Measurement) -> Iterator[Figure]:
    for count in one.connections:
        key = one.key(count)
        if one.kind == "closed":
            title = f"{one.title}, {count} conn."
            yield Figure(f"{key}/rate", f"{title}: throughput", "req/s")
        else:
            title = one.title
        per = "chunk" if one.kind == "events" else "request"
        yield Figure(f"{key}/cpu", f"{title}: CPU per {per}", "µs")
        # Where connections wait for each other, latency is their number divided by the
        # throughput: what it adds to the upstream's own says nothing more.
        added = one.kind != "closed" or (count == 1 and one.target != TLS)
        for quantile in ("p50", "p99"):
            word = f"added {quantile}" if added else quantile
            yield Figure(f"{key}/{quantile}", f"{title}: {word}", "µs", added=added)


def settings(plan: Plan) -> str:
    """The plan in words."""
    return (
        f"{plan.rounds} interleaved round{'s' if plan.rounds > 1 else ''}: every contender in turn "
        f"for each measurement; {plan.seconds} s for each number of connections, {plan.paced} s at "
        f"{RATE} requests per second, {plan.streams * events.STREAMS} streams of "
        f"{EVENTS_OF_A_STREAM} events; contenders on one core, load and upstreams on the other"
    )
