"""The calls of the fault matrix: its columns. What is asked, and what a good answer to it is.

Knows no fault and no expectation.
"""

from typing import Literal, NamedTuple

from tests.support.raw import call
from tests.support.steps import body, message, send
from tests.support.upstream import Script

Preset = Literal["", "supabase", "whatsapp", "gemini"]

_JSON = b"Content-Type: application/json"
_EVENTS = b"Content-Type: text/event-stream"
_CHUNKED = b"Transfer-Encoding: chunked"
_TOKEN = b'data: {"candidates": [{"content": {"parts": [{"text": "Hel"}]}}]}\r\n\r\n'
_LAST = b'data: {"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}]}\r\n\r\n'


class Call(NamedTuple):
    """One request of the application, and the good answer to it."""

    name: str
    """The heading of its column."""
    preset: Preset
    method: str
    target: str
    """Without the upstream's prefix."""
    headers: tuple[str, ...] = ()
    content: bytes | None = None
    """The body of the request."""
    kind: bytes = _JSON
    """The Content-Type of the answer, as a field."""
    parts: tuple[bytes, bytes] = (b'{"id": ', b"1}")
    """The answer's body, in two halves; a half of a stream ends with a frame."""

    def request(self, upstream: str) -> bytes:
        """The request as bytes, to the upstream of this name."""
        return call(self.method, f"/{upstream}{self.target}", *self.headers, content=self.content)

    @property
    def answer(self) -> bytes:
        """The good answer's body."""
        return b"".join(self.parts)

    @property
    def success(self) -> Script:
        """The good answer, framed as its provider frames it."""
        if self.kind != _EVENTS:
            return (body, send(message(self.answer, self.kind)))
        return (body, send(self.chunked(*self.parts, b"")))

    def chunked(self, *chunks: bytes) -> bytes:
        """A 200 of these chunks; an empty one is the end."""
        head = message(b"", self.kind, _CHUNKED, framed=False)
        return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


def stream(name: str, target: str) -> Call:
    """A generation whose answer is a stream of events."""
    return Call(name, "gemini", "POST", target, (), b"{}", _EVENTS, (_TOKEN, _LAST))


GET = Call("GET", "", "GET", "/items/1")
POST = Call("POST", "", "POST", "/items", content=b'{"text": "one"}')
KEYED = Call(
    "POST with a key", "", "POST", "/items", ("Idempotency-Key: 8e03978e",), b'{"text": "one"}'
)
SEND = Call("WhatsApp send", "whatsapp", "POST", "/v26.0/123/messages", content=b'{"to": "1"}')
# Meta and PostgREST pass over the key: it makes nothing harmless there.
KEYED_SEND = SEND._replace(name="send with a key", headers=KEYED.headers)
LOOK_UP = Call("GET of the Graph API", "whatsapp", "GET", "/v26.0/123")
ROWS = Call("GET of rows", "supabase", "GET", "/rest/v1/notes?select=*")
INSERT = Call("insert", "supabase", "POST", "/rest/v1/notes", content=b'{"text": "one"}')
KEYED_INSERT = INSERT._replace(name="insert with a key", headers=KEYED.headers)
MODELS = Call("GET of models", "gemini", "GET", "/v1beta/models")
GENERATE = Call(
    "generation", "gemini", "POST", "/v1beta/models/m:generateContent", content=b'{"contents": []}'
)
STREAM = stream("Gemini stream", "/v1beta/models/m:streamGenerateContent?alt=sse")
