"""Decides what an error of the sidecar's own means for a repetition and for the upstream's health.

The counterpart of the dialects, which do the same for what an upstream answers.
"""

from sidecar.errors import (
    AttemptTimeout,
    ConnectError,
    ConnectTimeout,
    ExchangeError,
    UpstreamError,
)
from sidecar.judgement import Judgement, Kind


def judge_error(error: ExchangeError) -> Judgement:
    """What it means that there is no response.

    A connection that failed sent nothing. After that, a reset, a timer or a broken answer leaves
    open whether the call was done. The deadline, a full pool and the application's own errors say
    nothing about the upstream, and the same call would end the same way.
    """
    if isinstance(error, ConnectError | ConnectTimeout):
        # A certificate that is not trusted now will not be trusted in 100 ms.
        kind: Kind = "permanent" if error.code == "tls_error" else "never_sent"
        return Judgement("failure", kind, error.code)
    if error.code == "stale_connection":
        return Judgement("ignore", "ambiguous", error.code)
    if isinstance(error, AttemptTimeout | UpstreamError):
        return Judgement("failure", "ambiguous", error.code)
    return Judgement("ignore", "permanent", error.code)


def leaves_last_answer(error: ExchangeError, *, sent: bool) -> bool:
    """Whether what the upstream answered before is still the last that is known of it.

    It is where the sidecar itself did not let the attempt out: by a breaker, a limit, a pace, a
    full pool, or because the deadline came first.

    Args:
        error: how the attempt ended.
        sent: whether the attempt got so far as to write to the upstream.
    """
    return error.source == "sidecar" and not (error.sent and sent)
