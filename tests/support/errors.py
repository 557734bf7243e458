"""One error of every kind that the pipeline can raise, by its code."""

from sidecar.errors import (
    AttemptTimeout,
    BadRequest,
    BadResponse,
    BadTarget,
    ConnectError,
    ConnectTimeout,
    DeadlineExceeded,
    Draining,
    ExchangeError,
    NoRoute,
    NotStored,
    PoolTimeout,
    Rejected,
    RequestBodyStalled,
    TruncatedBody,
    UpstreamReset,
)

MESSAGE = 'it went "wrong": \u00fc\U0001f600'

DOWNSTREAM: tuple[ExchangeError, ...] = (
    *(BadTarget(MESSAGE, code=code) for code in ("absolute_form", "connect_method", "bad_target")),
    *(NoRoute(MESSAGE, code=code) for code in ("no_upstream", "reserved_path")),
    BadRequest(MESSAGE, code="unsupported_framing", status=501),
    BadRequest(MESSAGE, code="upgrade_unsupported", status=501),
    BadRequest(MESSAGE, code="body_too_large", status=413),
    BadRequest(MESSAGE, code="bad_request"),
    RequestBodyStalled(MESSAGE, code="request_body_timeout"),
    NotStored(MESSAGE),
    BadRequest(MESSAGE, code="idempotency_key_reused", status=422),
    *(
        BadRequest(MESSAGE, code=code, status=409)
        for code in ("idempotency_in_flight", "idempotency_unknown", "idempotency_answer_lost")
    ),
)
"""The application's own: a 4xx, or a 501."""

UNSENT: tuple[ExchangeError, ...] = (
    PoolTimeout(MESSAGE, code="pool_timeout"),
    *(
        Rejected(MESSAGE, code=code, retry_after=1.0)
        for code in (
            *("breaker_open", "limit_full", "limit_timeout", "pace_full", "pace_timeout"),
            *("spool_full", "spool_unavailable", "delivery_withdrawn"),
        )
    ),
    *(ConnectError(MESSAGE, code=code) for code in ("dns_error", "connect_error", "tls_error")),
    *(
        ConnectTimeout(MESSAGE, code=code)
        for code in ("dns_timeout", "connect_timeout", "tls_timeout")
    ),
    Draining(MESSAGE, sent=False),
)
"""Nothing left for the upstream."""

AMBIGUOUS: tuple[ExchangeError, ...] = (
    *(
        AttemptTimeout(MESSAGE, code=code)
        for code in ("send_timeout", "first_byte_timeout", "header_timeout", "idle_timeout")
    ),
    DeadlineExceeded(MESSAGE, code="total_timeout"),
    *(UpstreamReset(MESSAGE, code=code) for code in ("upstream_reset", "stale_connection")),
    BadResponse(MESSAGE, code="bad_response"),
    TruncatedBody(MESSAGE, code="truncated_body"),
    ExchangeError(MESSAGE, code="internal_error"),
    Draining(MESSAGE, sent=True),
)
"""The upstream may have seen the request."""

ERRORS = (*DOWNSTREAM, *UNSENT, *AMBIGUOUS)
