"""Decides what a key means that another sidecar, or this one before a restart, wrote down.

Pure: the layer asks the store and does the waiting.
"""

from typing import Literal, NamedTuple, TypeAlias

from sidecar.core.ledger import Outcome, Refuse, Replay, judge_past
from sidecar.core.ledger_key import Fingerprint


class Elsewhere(NamedTuple):
    """Somebody makes the call, or died of it before `until` (seconds since 1970)."""

    fingerprint: Fingerprint
    until: float


class Known(NamedTuple):
    """What became of the call."""

    fingerprint: Fingerprint
    outcome: Outcome
    keep: float
    """Seconds for which that is still remembered."""


Found: TypeAlias = Elsewhere | Known | Literal["ours", "unsaid", "taken"]
"""What came of a claim. `ours`: nobody had the key. `unsaid`: the store does not answer. `taken`:
somebody has it, and nothing else is known of it."""

Step: TypeAlias = Replay | Refuse | Literal["send", "take_over", "again"]
"""`send` the call. `take_over`: the same, but write first that it is made again. `again`: ask again
a little later."""


def decide(
    found: Found, fingerprint: Fingerprint, *, honoured: bool, seen: bool, wall: float
) -> Step:
    """What to do with a call, by what was found of its key.

    A store that does not answer is as if there were none, unless it has said (`seen`) that somebody
    has the key. A claim whose time is over has nobody behind it: its call may have been made.
    """
    if found == "ours" or (found == "unsaid" and not seen):
        return "send"
    if found in ("unsaid", "taken"):
        return "again"
    assert not isinstance(found, str)
    if isinstance(found, Known):
        past = judge_past(found.fingerprint, found.outcome, fingerprint, honoured=honoured)
        return "take_over" if past is None else past
    if not fingerprint.fits(found.fingerprint):
        return Refuse("reused")
    if wall < found.until:
        return "again"
    return "take_over" if honoured else Refuse("unknown")
