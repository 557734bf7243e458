"""Everything that can go wrong with an exchange, as one tree.

An error is data: a stable `code` (shown in `X-Sidecar-Error`, logs and metrics), who is to
blame, and whether the request may have reached the upstream. What the client is answered is
decided in `core/answers.py`, not here.

    ExchangeError            internal_error: a fault of the sidecar itself
    ├── DownstreamError        the application's request cannot be served
    │   ├── BadTarget            absolute_form, connect_method, bad_target
    │   ├── NoRoute              no_upstream, reserved_path
    │   ├── BadRequest           bad_request, head_too_large, bad_body, body_too_large,
    │   │                        unsupported_framing, upgrade_unsupported,
    │   │                        idempotency_key_reused, idempotency_in_flight,
    │   │                        idempotency_unknown, idempotency_answer_lost
    │   ├── NotStored            not_stored: only what is stored was asked for
    │   ├── RequestBodyStalled   request_body_timeout
    │   └── ClientClosed         client_closed: nobody is left to answer
    ├── NeverSent              no byte of the request left for the upstream
    │   ├── PoolTimeout          pool_timeout
    │   ├── Rejected             breaker_open, limit_full, limit_timeout, pace_full, pace_timeout,
    │   │                        spool_full, spool_unavailable, delivery_withdrawn
    │   ├── ConnectError         dns_error, connect_error, tls_error
    │   └── ConnectTimeout       dns_timeout, connect_timeout, tls_timeout
    ├── Draining               draining
    ├── AttemptTimeout         send_timeout, first_byte_timeout, header_timeout, idle_timeout
    ├── DeadlineExceeded       total_timeout
    └── UpstreamError          the upstream broke the exchange
        ├── UpstreamReset        upstream_reset, stale_connection
        ├── BadResponse          bad_response
        └── TruncatedBody        truncated_body
"""

from typing import ClassVar, Literal

Side = Literal["downstream", "sidecar", "upstream"]
"""Who is to blame. Who made a response is another question: `exchange.Source`."""


class ExchangeError(Exception):
    """No response of the upstream exists, or its body broke.

    Args:
        message: one sentence for people; it never holds a credential, a query or a body.
        code: the stable name of what happened, from the tree above.
    """

    source: ClassVar[Side] = "sidecar"
    sent: bool = True
    """Whether the upstream may have seen the request (and acted on it)."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class DownstreamError(ExchangeError):
    """The application's request cannot be served as it is."""

    source = "downstream"
    sent = False
    status: int = 400


class BadTarget(DownstreamError):
    """The request target is of a form that only a forward proxy would serve."""


class NoRoute(DownstreamError):
    """No upstream is configured for this address."""

    status = 404


class BadRequest(DownstreamError):
    """The request asks for something that the sidecar does not carry."""

    def __init__(self, message: str, *, code: str, status: int = 400) -> None:
        super().__init__(message, code=code)
        self.status = status


class NotStored(DownstreamError):
    """The request says `only-if-cached`, and nothing is stored (RFC 9111 §5.2.1.7)."""

    status = 504

    def __init__(self, message: str) -> None:
        super().__init__(message, code="not_stored")


class RequestBodyStalled(DownstreamError):
    """The application announced a body and stopped sending it."""

    status = 408


class ClientClosed(DownstreamError):
    """The application left before the answer was complete."""

    status = 499


class NeverSent(ExchangeError):
    """Nothing was sent: the same request may safely be made again."""

    sent = False


class PoolTimeout(NeverSent):
    """Every connection of the upstream stayed busy for the whole `pool.max_wait`."""


class Rejected(NeverSent):
    """The sidecar will not send it now: to spare an upstream in trouble, or by the route's limits.

    Args:
        message: as for every ExchangeError.
        code: as for every ExchangeError.
        retry_after: seconds after which the same call may get through, where that is known.
    """

    def __init__(self, message: str, *, code: str, retry_after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class ConnectError(NeverSent):
    """The upstream's name did not resolve, or no address accepted a connection."""

    source = "upstream"


class ConnectTimeout(NeverSent):
    """`timeouts.connect` passed during the look-up, the connection or the TLS handshake."""

    source = "upstream"


class Draining(ExchangeError):
    """The sidecar is shutting down and waits no longer.

    Args:
        message: as for every ExchangeError.
        sent: whether the request was already on its way.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message, code="draining")
        self.sent = sent


class AttemptTimeout(ExchangeError):
    """A timer of this attempt expired; the code says which."""

    source = "upstream"


class DeadlineExceeded(ExchangeError):
    """The exchange's deadline passed, over all its attempts."""


class UpstreamError(ExchangeError):
    """The upstream broke the exchange."""

    source = "upstream"


class UpstreamReset(UpstreamError):
    """The connection ended before the response's head was complete."""


class BadResponse(UpstreamError):
    """What came back is not a valid HTTP/1.1 response."""


class TruncatedBody(UpstreamError):
    """The response's body ended before its declared end."""


def forget_frames(error: BaseException | None) -> None:
    """Drop the frames of an error that is answered, and of what led to it.

    They know the error, and the error them. Such a cycle would keep the request, with its body,
    until the garbage collector finds it, and in an outage there are many.
    """
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
