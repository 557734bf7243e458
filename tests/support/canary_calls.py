"""Calls with a secret in each place of a request or an answer, and to every kind of end."""

import asyncio
import json
from collections.abc import Mapping

from tests.support.canaries import JWT, canary
from tests.support.canary_process import Process
from tests.support.raw import ask, call, connected
from tests.support.steps import body, close, reply, send
from tests.support.upstream import Script
from tests.support.wire import WireRequest

CREDENTIALS = (
    f"Authorization: Bearer {canary('authorization')}",
    f"apikey: {canary('apikey')}",
    f"Cookie: session={canary('cookie')}",
)
SWITCH = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)
QUERY = f"?id=eq.5&apikey={canary('query')}&note={canary('query')}"
SIGNED = f"/storage/v1/object/sign/box/file?token={canary('signed')}"
CONTENT = json.dumps({"to": "49", "text": canary("body")}).encode()
SAID = json.dumps({"error": {"message": canary("upstreambody"), "code": 4}}).encode()
FAILURES: Mapping[str, Script] = {
    "/fails": reply(SAID, b"Content-Type: application/json", status=b"500 Error"),
    "/busy": reply(SAID, b"Retry-After: 0", status=b"429 Busy"),
    "/denied": reply(SAID, b"Set-Cookie: a=" + canary("setcookie").encode(), status=b"401 No"),
    "/reset": (body, close),
    "/garbage": (body, send(b"HTTP/1.1 200 " + canary("upstreambody").encode() + b"\0\r\n\r\n")),
    "/short": (body, send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"), close),
    "/slow": (body,),
}
FINE = reply(
    b'{"fine":true}',
    b"Content-Type: application/json",
    b"Vary: Authorization, Cookie, apikey",
)
_CHUNKED = "POST /api/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
UNFRAMED = (
    f"GET /api/x?k={canary('refused')} HTTP/1.1\r\nHost: a b {canary('refused')}\r\n\r\n",
    f"GET /api/x?k={canary('refused')} HTTP/9.9\r\nHost: a\r\n\r\n",
    f"GET http://user:{canary('userinfo')}@evil.test/ HTTP/1.1\r\nHost: a\r\n\r\n",
    f"CONNECT user:{canary('userinfo')}@evil.test:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    f"{canary('unframed')}\r\n\r\n",
    f"GET /api/x HTTP/1.1\r\nHost: a\r\nX {canary('unframed')}: 1\r\n\r\n",
    f"POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: {canary('unframed')}\r\n\r\n",
    f"POST /api/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {canary('unframed')}\r\n\r\n",
    f"{_CHUNKED}{canary('unframed')}",
    f"{_CHUNKED}0\r\nX-T: {canary('trailer')}\r\n\r\n",
    f"GET /_sidecar/deliveries/1?k={canary('refused')} HTTP/1.1\r\nHost: a\r\n\r\n",
)


def choose(request: WireRequest) -> Script:
    path = request.target.partition(b"?")[0].decode("latin-1")
    return FAILURES.get(path, FINE)


async def traffic(subject: Process) -> bytes:
    """Calls with every secret, to every end; all that the sidecar itself says in answer."""
    said: list[bytes] = []

    async def make(method: str, target: str, *fields: str, content: bytes | None = None) -> None:
        answer = await ask(subject.proxy, call(method, target, *fields, content=content))
        if answer.error is not None or answer.status in (202, 409, 422):
            said.append(answer.head + answer.body)

    for _ in range(2):  # the second time, from the cache
        await make("GET", f"/api/rest/v1/rows{QUERY}", *CREDENTIALS)
        await make("GET", f"/api{SIGNED}", *CREDENTIALS)
        await make("GET", f"/api/files/{JWT}/x", *CREDENTIALS)
        await make("GET", f"/api/x#{canary('fragment')}", *CREDENTIALS)
        await make("GET", f"/keyed/models?key={canary('query')}")
        await make("GET", "/keyed/models")
    await asyncio.gather(
        *(make("GET", f"/api{path}{QUERY}", *CREDENTIALS) for path in FAILURES),
        *(make("POST", f"/api{path}{QUERY}", *CREDENTIALS, content=CONTENT) for path in FAILURES),
        *(make("GET", f"/keyed{path}") for path in FAILURES),
    )
    for _ in range(4):
        await make("GET", f"/down/{JWT}{QUERY}", *CREDENTIALS)
    await make("GET", f"/api/live{QUERY}", *SWITCH, *CREDENTIALS)
    await make("GET", f"/nowhere/{JWT}{QUERY}", *CREDENTIALS)
    key = f"Idempotency-Key: {canary('idempotency')}"
    for content in (CONTENT, CONTENT, b"other"):
        await make("POST", "/api/once", key, *CREDENTIALS, content=content)
        await make("POST", f"/api/later/x{QUERY}", key, *CREDENTIALS, content=content)
    for data in UNFRAMED:
        async with connected(subject.proxy) as client:
            await client.send(data.encode())
            client.writer.write_eof()
            said.append(await client.rest())
    return b"".join(said)
