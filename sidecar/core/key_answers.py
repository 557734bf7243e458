"""Decides what an answer says about the key that the call had, and whether another one helps.

Pure: judgements in, judgements out.
"""

import math
from typing import Literal

from sidecar.judgement import Judgement

KeyVerdict = Literal["accepted", "refused", "rejected"]

_NOT_ACCEPTED = frozenset((401, 402, 403))
"""Unauthenticated, not paid, not allowed (RFC 9110 §15.5.2 - §15.5.4): nothing was done."""


def verdict_of(status: int, judgement: Judgement | None) -> KeyVerdict:
    """`refused`: it comes too often. `rejected`: it is no valid key, or not for this.

    A quota of the day is judged `permanent` with an endless wait: not today, with this key.
    """
    if status in _NOT_ACCEPTED:
        return "rejected"
    if judgement is None:
        return "refused" if status == 429 else "accepted"
    of_the_key = judgement.verdict == "ignore" and judgement.scope in ("key", "model")
    later = judgement.kind == "refused" or judgement.wait == math.inf
    return "refused" if of_the_key and later else "accepted"


def with_other_key(judgement: Judgement, soonest: float, cooldown: float) -> Judgement:
    """What the answer means for a repetition where another key is free in `soonest` seconds.

    It is worth one, also where the same key would fail again, if that is sooner than this key is
    free. Nothing was done, so any call may be made again.

    Args:
        judgement: of an answer that refuses or rejects the key.
        soonest: seconds; inf where there is no other key.
        cooldown: seconds that a key rests where the upstream does not say how long.
    """
    own = math.inf
    if judgement.kind == "refused":
        own = cooldown if judgement.wait is None else judgement.wait
    if soonest >= own:
        return judgement
    return judgement._replace(
        kind="refused", wait=soonest, most_attempts=None, growth=1.0, elsewhere=soonest == 0
    )
