"""What a run shows: how long the trouble lasted after its cause, and what it cost others. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

GOOD = 0.95
"""The share of calls that is answered well where all is well."""
_STEADY = 3
"""Seconds that are looked at together."""
_WARM_UP = 5
_WINDOW = 5
"""Seconds over which a storm is looked for."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One run in figures."""

    before: float
    """Goodput: the share of calls that were answered well, before the trouble."""
    during: float
    recovery: float | None
    """Seconds from the end of its cause until goodput is and stays at 95 %; None for never."""
    amplification: float
    """Requests made for each call, of the calls that began in the worst five seconds."""
    peak: float
    """Requests in the busiest second after the trouble, as a share of the provider's capacity: what
    was held back comes then."""
    beyond: float
    """The share of requests that were beyond the provider's limit, over the whole run."""


def judge(
    offered: Mapping[int, int],
    good: Mapping[int, int],
    sent: Mapping[int, int],
    caused: Mapping[int, int],
    refused: Mapping[int, int],
    *,
    trouble: tuple[float, float],
    end: int,
    capacity: float,
) -> Verdict:
    """The figures of a run of `end` seconds with a trouble from one instant to another."""
    at, until = map(int, trouble)
    after = [sent.get(second, 0) for second in range(until, end)]
    return Verdict(
        before=_share(good, offered, _WARM_UP, at),
        during=_share(good, offered, at, until),
        recovery=_recovery(offered, good, until, end),
        amplification=_amplification(offered, caused, end),
        peak=max(after, default=0) / capacity,
        beyond=sum(refused.values()) / max(1, sum(sent.values())),
    )


def _share(part: Mapping[int, int], whole: Mapping[int, int], begin: int, end: int) -> float:
    asked = sum(whole.get(second, 0) for second in range(begin, end))
    return sum(part.get(second, 0) for second in range(begin, end)) / asked if asked else 0.0


def _recovery(
    offered: Mapping[int, int], good: Mapping[int, int], until: int, end: int
) -> float | None:
    """The last seconds that are bad decide: what comes and goes has not recovered."""
    last = end - _STEADY
    bad = [
        second
        for second in range(until, last + 1)
        if _share(good, offered, second, second + _STEADY) < GOOD
    ]
    if not bad:
        return 0.0
    return None if bad[-1] >= last else float(bad[-1] + 1 - until)


def _amplification(offered: Mapping[int, int], caused: Mapping[int, int], end: int) -> float:
    begins = range(end - _WINDOW + 1)
    return max(_share(caused, offered, begin, begin + _WINDOW) for begin in begins)
