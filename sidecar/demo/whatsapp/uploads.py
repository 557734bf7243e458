"""Graph's resumable upload: POST /{app}/uploads, then POST and GET /upload:{session}.

The session's id is base64 with a `?sig=` at its end, and the offset travels in a header with an
underscore: both must pass a proxy unchanged.
"""

from base64 import b64encode

from aiohttp import web

from sidecar.demo.whatsapp.errors import GraphError, no_object, parameter
from sidecar.demo.whatsapp.state import STATE, Session
from sidecar.demo.whatsapp.wire import answer


async def create_session(request: web.Request) -> web.Response:
    """POST /{version}/{app}/uploads?file_length=…&file_type=…."""
    length = request.query.get("file_length", "")
    if not length.isdecimal():
        raise parameter("The parameter file_length is required.")
    state = request.app[STATE]
    inner = b64encode(f"1:attachment:{state.token('session', 36)}".encode()).decode()
    session = f"upload:{inner}=="
    mime_type = request.query.get("file_type", "application/octet-stream")
    state.sessions[session] = Session(int(length), mime_type)
    return answer(request, {"id": f"{session}?sig=AR{state.token('signature', 20)}"})


def _find(request: web.Request) -> tuple[str, Session]:
    name = request.match_info["session"]
    session = request.app[STATE].sessions.get(name)
    if session is None or "sig" not in request.query:
        raise no_object(name, request.method.lower())
    return f"{name}?sig={request.query['sig']}", session


async def get_session(request: web.Request) -> web.Response:
    """GET /{version}/upload:{session}: how much has arrived."""
    name, session = _find(request)
    return answer(request, {"id": name, "file_offset": str(len(session.received))})


async def append(request: web.Request) -> web.Response:
    """POST /{version}/upload:{session}: a handle once everything has arrived."""
    name, session = _find(request)
    offset = request.headers.get("file_offset", "")
    if offset != str(len(session.received)):
        have = len(session.received)
        raise GraphError(400, 1, f"file_offset is {offset!r}, but {have} bytes were received.")
    session.received += await request.read()
    if len(session.received) < session.length:
        return answer(request, {"id": name, "file_offset": str(len(session.received))})
    mime = b64encode(session.mime_type.encode()).decode()
    return answer(request, {"h": f"4::{mime}:AR{request.app[STATE].token('handle', 30)}"})
