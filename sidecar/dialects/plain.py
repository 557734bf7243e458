"""What HTTP alone says: the status and Retry-After. Every dialect falls back on it."""

from sidecar.dialects import cloudflare
from sidecar.dialects.retry_after import retry_after
from sidecar.dialects.sse import frame_in
from sidecar.dialects.stream_end import Marks
from sidecar.exchange import RawHeaders, Response
from sidecar.judgement import Judgement, Kind, Verdict

DONE = Judgement("success", "done", "ok")

_RULES: dict[int, tuple[Verdict, Kind]] = {
    # RFC 9110 §15.5.9: no complete request came in time, so nothing can have been done; the
    # client may repeat it. An idle connection often ends so: it says nothing about health.
    408: ("ignore", "refused"),
    # RFC 8470 §5.2: unwilling to process what might be replayed, so not processed.
    425: ("ignore", "refused"),
    # RFC 6585 §4: too many. Quota says nothing about health.
    429: ("ignore", "refused"),
    # RFC 9110 §15.6.2, §15.6.6: never supported, whoever asks.
    501: ("ignore", "permanent"),
    505: ("ignore", "permanent"),
}


def judge(method: str, status: int, headers: RawHeaders, body: bytes, wall: float) -> Judgement:
    """By the status; `ambiguous` for any 5xx of which nothing proves the contrary.

    A 503 is `refused` only with Retry-After (RFC 9110 §15.6.4): a server that says "later" did
    not do it. Other 4xx are `permanent` (§15.5).
    """
    if status < 400:
        return DONE
    if status >= 520:
        found = cloudflare.judge(status, headers, body)
        if found is not None:
            return found._replace(wait=retry_after(headers, wall))
    reason = f"http_{status}" if status < 1000 else "http_other"
    wait = retry_after(headers, wall)
    if status in _RULES:
        verdict, kind = _RULES[status]
        return Judgement(verdict, kind, reason, wait, "key" if status == 429 else "call")
    if status < 500:
        return Judgement("ignore", "permanent", reason, wait)
    refused = status == 503 and wait is not None
    return Judgement("failure", "refused" if refused else "ambiguous", reason, wait)


def judged(response: Response, method: str, wall: float) -> Judgement:
    """What a response means; by its status where nobody has judged it, as what a layer made."""
    return response.judgement or judge(method, response.status, response.headers, b"", wall)


streams = False


def first_frame(data: bytes) -> Judgement | None:
    """An event named `error` is a failure inside a 200; any other frame is a good beginning."""
    frame = frame_in(data)
    if frame is None:
        return None
    if frame.event == b"error":
        return Judgement("failure", "ambiguous", "sse_error")
    return DONE


def end_of(target: str) -> Marks | None:
    """Nothing: HTTP has no word for it."""
    return None
