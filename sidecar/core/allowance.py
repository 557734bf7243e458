"""Decides which of two timers ends a wait: the attempt's own, or the exchange's deadline.

A pure core: seconds in, seconds and a name out.
"""

from typing import NamedTuple

from sidecar.errors import AttemptTimeout, DeadlineExceeded, ExchangeError

_NEARLY_ALL = 0.9


class Allowance(NamedTuple):
    """How long a wait may take, and what it is called when it takes longer."""

    seconds: float
    code: str

    def expired(self, waiting_for: str, attempt: int) -> ExchangeError:
        """The error of a wait that took longer."""
        if self.code == "total_timeout":
            return DeadlineExceeded(
                f"the deadline passed on attempt {attempt}, {waiting_for}", code=self.code
            )
        return AttemptTimeout(
            f"{self.code.removesuffix('_timeout')} timeout of {self.seconds:g} s "
            f"on attempt {attempt}, {waiting_for}",
            code=self.code,
        )


def allow(code: str, seconds: float, left: float) -> Allowance:
    """The shorter of `seconds`, called `code`, and the seconds `left` to the deadline.

    A wait that has nearly all of its own time says as much about the upstream as one that has all
    of it: where the deadline takes less than a tenth off, it is called by its own name. Otherwise
    an upstream that hangs would never be found out where `total` is no longer than `first_byte`.
    """
    if left < seconds * _NEARLY_ALL:
        return Allowance(max(left, 0.0), "total_timeout")
    return Allowance(min(left, seconds), code)
