"""What connections do in trouble: instead of the upstream, or to its real answer. Pure."""

from sidecar.errors import BadResponse, ConnectError, UpstreamReset
from sidecar.faults.kinds import Cut, Failure, Fault, Late, Silence, Slow, Stale, always

_RESET = Failure(UpstreamReset, "upstream_reset", "the upstream closed without an answer")
_REFUSED = Failure(ConnectError, "connect_error", "no connection: refused", sent=False)
_GARBAGE = Failure(
    BadResponse,
    "bad_response",
    "the upstream's response is not valid HTTP: it does not begin with HTTP/",
)

FAULTS = (
    Fault("connect_refused", "no address accepts a connection", "connect(2)", always(_REFUSED)),
    Fault(
        "connect_timeout",
        "no connection until `timeouts.connect` expires",
        "connect(2)",
        always(Silence("connect_timeout")),
    ),
    Fault(
        "keepalive_reset",
        "a kept connection ends as the request is written to it",
        "RFC 9112 §9.3.1",
        always(Stale()),
    ),
    Fault(
        "reset_before_answer",
        "the connection ends after the request and before the answer",
        "RFC 9112 §9.5",
        always(_RESET),
    ),
    Fault(
        "hang",
        "no answer until `timeouts.first_byte` or the deadline expires",
        "RFC 9110 §15.6.5",
        always(Silence("first_byte_timeout")),
    ),
    Fault("garbage", "what comes back is not HTTP", "RFC 9112 §2.1", always(_GARBAGE)),
    Fault("latency", "the real answer, later", "Toxiproxy, latency", Late, delay=0.5),
    Fault(
        "slow_body",
        "the real answer, a pause before each piece of its body",
        "Toxiproxy, slicer",
        Slow,
        delay=0.5,
    ),
    Fault(
        "trickle",
        "the real answer, 64 bytes of its body at a time",
        "Toxiproxy, bandwidth",
        lambda delay: Slow(delay, 64),
        delay=0.1,
    ),
    Fault(
        "truncated_body",
        "the real answer, broken off in the middle of its body",
        "RFC 9112 §8",
        always(Cut()),
    ),
    Fault(
        "truncated_chunked",
        "the real answer as a chunked one that is broken off",
        "RFC 9112 §8",
        always(Cut(chunked=True)),
    ),
)
