"""Decides when a delivery is tried again, and prints the times as a ladder.

Pure: the caller brings the instant and a number that was drawn already.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sidecar.config.queue import Queue, Schedule
from sidecar.config.values import format_duration

_SPREAD = 0.2
"""The part of a wait that chance may take off, so that what failed together does not come back
together."""

_SHOWN = 12
"""Rungs of a ladder that are printed."""


class Rung(NamedTuple):
    """One attempt of a delivery that never gets through."""

    attempt: int
    after: float
    """Seconds since the call was accepted, at the latest."""


def wait_after(schedule: Schedule, attempt: int, drawn: float) -> float:
    """Seconds to wait after attempt number `attempt`, the first being 1.

    Args:
        schedule: the route's.
        attempt: how many have been made.
        drawn: a random number in [0, 1).
    """
    return _nominal(schedule, attempt) * (1.0 - _SPREAD * drawn)


def _nominal(schedule: Schedule, attempt: int) -> float:
    wait = schedule.base
    for _ in range(attempt - 1):
        if wait >= schedule.cap or schedule.growth == 1:
            break
        wait *= schedule.growth
    return min(wait, schedule.cap)


def ladder(queue: Queue) -> Iterator[Rung]:
    """The attempts that are really made, before the delivery expires."""
    after = 0.0
    for attempt in range(1, queue.attempts + 1):
        if after >= queue.expires:
            return
        yield Rung(attempt, after)
        after += _nominal(queue.schedule, attempt)


def as_text(queue: Queue) -> str:
    """The ladder in one line: `0s, 5s, 15s, …; 10 attempts, given up after 1h`."""
    rungs = list(ladder(queue))
    shown = [_rounded(rung.after) for rung in rungs[:_SHOWN]]
    if len(rungs) > _SHOWN:
        shown += ["…", _rounded(rungs[-1].after)]
    count = f"{len(rungs)} attempt{'s' if len(rungs) != 1 else ''}"
    return f"{', '.join(shown)}; {count}, given up after {format_duration(queue.expires)}"


def _rounded(seconds: float) -> str:
    """In at most two units: `2m35s`, `1h42m`."""
    if seconds < 60:
        return f"{seconds:.3g}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if minutes else f"{hours}h"
