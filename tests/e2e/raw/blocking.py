"""httpx and requests: every case, and events as they arrive. No redirects, no decompression."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import requests

from tests.e2e.raw.cases import CASES, EVENTS, SPREAD, Case, answered, pieces

Seen = dict[str, Any]


def with_httpx(base_url: str) -> list[Seen]:
    """The transcript of httpx."""
    with httpx.Client(trust_env=False, timeout=30) as client:

        def send(case: Case) -> Seen:
            content = pieces(case.body or b"") if case.chunked else case.body
            request = client.build_request(
                case.method, base_url + case.target, headers=list(case.headers), content=content
            )
            answer = client.send(request, stream=True)
            body = b"".join(answer.iter_raw())
            return answered(case, answer.status_code, answer.headers.multi_items(), body)

        def listen(target: str) -> Seen:
            with client.stream("GET", base_url + target) as answer:
                return _arrivals(answer.iter_text)

        return _transcript(send, listen)


def with_requests(base_url: str) -> list[Seen]:
    """The transcript of requests."""
    with requests.Session() as session:
        session.trust_env = False

        def send(case: Case) -> Seen:
            answer = session.request(
                case.method,
                base_url + case.target,
                headers=dict(case.headers),
                data=pieces(case.body or b"") if case.chunked else case.body,
                allow_redirects=False,
                stream=True,
                timeout=30,
            )
            body = answer.raw.read(decode_content=False)
            return answered(case, answer.status_code, list(answer.raw.headers.items()), body)

        def listen(target: str) -> Seen:
            with session.get(base_url + target, stream=True, timeout=30) as answer:
                return _arrivals(lambda: answer.iter_content(None, decode_unicode=False))

        return _transcript(send, listen)


def _transcript(send: Callable[[Case], Seen], listen: Callable[[str], Seen]) -> list[Seen]:
    lines = [{"check": case.name, "answer": send(case)} for case in CASES]
    return lines + [{"check": name, "answer": listen(target)} for name, target in EVENTS.items()]


def _arrivals(read: Callable[[], Any]) -> Seen:
    times, text = [], ""
    for chunk in read():
        times.append(time.monotonic())
        text += chunk if isinstance(chunk, str) else chunk.decode()
    return {"text": text, "flowed": times[-1] - times[0] >= SPREAD}
