"""Decides when an answer that is still fresh is fetched anew, before many miss it at once.

Source: Vattani, Chiera, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015:
the sooner it ends and the longer it takes to get, the likelier; beta 1 is optimal.
"""

import math

from sidecar.core.cache.model import Entry

_SHARE = 0.8
"""Of its lifetime, after which an answer that is in use is kept warm."""


def is_due(entry: Entry, now: float, draw: float) -> bool:
    """Whether this hit should cause a refresh.

    Args:
        entry: what was hit; fresh.
        now: wall-clock seconds.
        draw: a random number above 0 and up to 1.
    """
    return now - entry.cost * math.log(draw) >= entry.fresh_until


def warm_at(entry: Entry) -> float:
    """The instant at which an answer that is in use is fetched anew, unasked."""
    return entry.received_at + (entry.fresh_until - entry.received_at) * _SHARE
