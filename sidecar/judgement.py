"""What an outcome means: for the breaker, for a repetition, and for whom.

Values only. Dialects make them out of a provider's words; layers act on them.
"""

from typing import Literal, NamedTuple

Verdict = Literal["success", "failure", "ignore"]
"""How an outcome counts for the health of the upstream. 4xx and quota are `ignore`."""

Kind = Literal["done", "never_sent", "refused", "ambiguous", "permanent"]
"""What a repetition would mean.

`done`: nothing to repeat. `never_sent`: no byte left; any call may be made again. `refused`: the
upstream says that it did not do it; any call may be made again. `ambiguous`: it may have been done;
only what is harmless twice may be made again. `permanent`: the same call fails again.
"""

Scope = Literal["call", "key", "model", "phone_number", "recipient"]
"""What the wait is for: only this call, all calls with this key, to this model, …"""


class Judgement(NamedTuple):
    """What one outcome means."""

    verdict: Verdict
    kind: Kind
    reason: str
    """A short stable name, for metrics and logs: `http_503`, `graph_131056`, `pgrst_PGRST003`."""
    wait: float | None = None
    """Seconds that the upstream asks to wait; None when it does not say. inf: not today."""
    scope: Scope = "call"
    most_attempts: int | None = None
    """The most attempts that this outcome is worth, whatever the route allows."""
    growth: float = 1.0
    """What `wait` is multiplied by for each further outcome of this reason in a row."""
    elsewhere: bool = False
    """Whether the same call is worth an attempt at once with another key. Nothing was done, and
    it is no repetition of what was refused: it neither waits nor counts as one."""
