"""Requests that a proxy may get wrong, for any HTTP client: what to send, not what to expect.

Answers are compared between ways to reach the same project; the exact bytes are asserted in
`test_wire.py`, where no client library can change them first.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import Any

FN = "/functions/v1"
FILE = "/storage/v1/object/public/public/welcome.txt"
BIG = 20_000_000
KEY = {"apikey": "demo"}
TEXT = b"The quick brown fox.\n" * 15_000
GZIPPED = gzip.compress(TEXT, mtime=0)

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One request."""

    name: str
    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    chunked: bool = False


_TARGETS = {
    "plain": f"{FN}/echo",
    "encoded comma and slash": f"{FN}/echo/a%2Cb%2Fc?x=%2C&y=%2F&z=%7E",
    "literal punctuation": f"{FN}/echo?select=id,name&id=in.(1,2)&x=a:b!c@d;e=$'*",
    "double slashes": f"{FN}/echo//x//y",
    "repeated and empty": f"{FN}/echo?a=1&a=2&a=&b&=c&&d=",
    "plus and space": f"{FN}/echo?q=a+b&r=a%20b&s=%2B49",
    "unicode": f"{FN}/echo/%C3%BC/%F0%9F%98%80?q=%E2%82%AC",
    "colon in the path": f"{FN}/echo/models/m:generate",
    "long": f"{FN}/echo?ids=in.({','.join(map(str, range(2500)))})",
}
_HEADERS: dict[str, tuple[tuple[str, str], ...]] = {
    "custom": (("X-Custom", "value"), ("x-lower", "value")),
    "underscore": (("x_under_score", "1"), ("file_offset", "2")),
    "spaces and commas": (("X-List", 'a, b,c ; d="e, f"'),),
    "credentials": (("apikey", "demo"), ("Authorization", "Bearer demo"), ("Cookie", "a=1; b=2")),
    "deadline": (("X-Server-Timeout", "5"), ("X-Retry-Count", "1")),
    "tracing": (("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),),
    "long": (("X-Long", "v" * 8000),),
}
_UPLOAD = f"{FN}/upload"

CASES: tuple[Case, ...] = (
    *(Case(f"target: {name}", target) for name, target in _TARGETS.items()),
    *(Case(f"header: {name}", f"{FN}/echo", headers=fields) for name, fields in _HEADERS.items()),
    *(
        Case(f"method: {method}", f"{FN}/echo?m=1", method)
        for method in ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST")
    ),
    Case("method: DELETE with body", f"{FN}/echo", "DELETE", body=b'{"prefixes":["a"]}'),
    Case("method: POST with empty body", f"{FN}/echo", "POST", body=b""),
    *(Case(f"status: {code}", f"{FN}/echo?status={code}") for code in (204, 304, 404, 429, 500)),
    Case("status: HEAD of 404", f"{FN}/nothing", "HEAD"),
    Case("cookies: two", f"{FN}/echo?header=Set-Cookie:a%3D1&header=Set-Cookie:b%3D2;%20Path%3D/"),
    Case("redirect", f"{FN}/echo?status=302&header=Location:/functions/v1/bytes?n=3"),
    Case("link", f"{FN}/echo?header=Link:%3C/a%3E;rel%3Dnext&header=Link:%3C/b%3E;rel%3Dprev"),
    Case("gzip: asked for", "/rest/v1/messages?limit=200", headers=(*KEY.items(),)),
    Case(
        "gzip: not accepted",
        "/rest/v1/messages?limit=200",
        headers=(*KEY.items(), ("Accept-Encoding", "identity")),
    ),
    Case("gzip: sent", _UPLOAD, "POST", (("Content-Encoding", "gzip"),), GZIPPED),
    Case("upload: length", _UPLOAD, "POST", body=TEXT),
    Case("upload: chunked", _UPLOAD, "POST", body=TEXT, chunked=True),
    Case("upload: 20 MB", _UPLOAD, "PUT", body=bytes(BIG)),
    Case("upload: 20 MB chunked", _UPLOAD, "PUT", body=bytes(BIG), chunked=True),
    Case("download: length", f"{FN}/bytes?n=300000"),
    Case("download: chunked", f"{FN}/bytes?n=300000&framing=chunked"),
    Case("download: empty", f"{FN}/bytes?n=0&framing=chunked"),
    Case("download: 20 MB", f"{FN}/bytes?n={BIG}"),
    Case("download: HEAD", f"{FN}/bytes?n=12345", "HEAD"),
    Case("range", FILE, headers=(("Range", "bytes=6-9"),)),
)

EVENTS = {"sse": f"{FN}/sse?n=5&delay_ms=80", "gzip-sse": f"{FN}/gzip-sse?n=5&delay_ms=80"}
SPREAD = 0.2
"""Seconds between the first and the last event, at least, where nobody holds them back."""

_DROPPED = ("date", "connection", "keep-alive")


def answered(case: Case, status: int, headers: Headers, body: bytes) -> dict[str, Any]:
    """An answer to compare: everything but what belongs to one moment or one connection."""
    kept = [(name.lower(), value) for name, value in headers if name.lower() not in _DROPPED]
    # Transfer-Encoding belongs to one hop: whether it is there counts, not where.
    kept.sort(key=lambda field: field[0] == "transfer-encoding")
    if "/echo" in case.target:
        # It holds `Host`, so its length is another by every way.
        kept = [(name, value) for name, value in kept if name != "content-length"]
        return {"status": status, "headers": kept, "echo": _echo(body)}
    text = body.decode("latin-1") if len(body) < 1500 else hashlib.sha256(body).hexdigest()
    return {"status": status, "headers": kept, "length": len(body), "body": text}


def _echo(body: bytes) -> Any:
    if not body:
        return None
    seen = json.loads(gzip.decompress(body) if body.startswith(b"\x1f") else body)
    changed = ("host", "connection")
    seen["headers"] = [pair for pair in seen["headers"] if pair[0].lower() not in changed]
    return seen


def pieces(body: bytes) -> Any:
    """The body in pieces of odd sizes, for a chunked upload."""
    at, size = 0, 1
    while at < len(body):
        yield body[at : at + size]
        at, size = at + size, min(size * 3 + 1, 70_000)
