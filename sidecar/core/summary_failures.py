"""Decides what kind of failure the application saw, in a few words that fit every provider."""

from typing import Literal, get_args

FailureClass = Literal[
    "timeout", "connect", "breaker", "http_429", "http_5xx", "client_left", "other"
]

CLASSES: tuple[FailureClass, ...] = get_args(FailureClass)

_CONNECT = frozenset(("dns_error", "connect_error", "tls_error"))


def failure_class(status: int, error: str | None, *, client_left: bool) -> FailureClass | None:
    """What kind of failure an exchange was; None for one that was none.

    Each exchange is of one kind at the most, so that kinds may be added up. An upstream's 4xx is
    an answer, except for 429: the application got nothing, and may have it later.

    Args:
        status: what the application was answered.
        error: an ExchangeError's code, also of one that broke the body.
        client_left: whether the application did not wait for the end.
    """
    if client_left:
        return "client_left"
    if error is not None:
        return _of_error(error)
    if status == 429:
        return "http_429"
    return "http_5xx" if status >= 500 else None


def _of_error(error: str) -> FailureClass:
    if error.endswith("_timeout"):
        return "timeout"
    if error in _CONNECT:
        return "connect"
    return "breaker" if error == "breaker_open" else "other"
