"""Google's resumable upload protocol: start, upload, query, finalize, cancel.

The command is in `X-Goog-Upload-Command`; where to send the chunks is an absolute URL in
`X-Goog-Upload-URL`. The upload's id in that URL is the credential: chunks carry no key.
"""

from aiohttp import web

from sidecar.demo.authority import origin
from sidecar.demo.gemini import files
from sidecar.demo.gemini.errors import GoogleError, invalid_argument
from sidecar.demo.gemini.state import STATE, Upload
from sidecar.demo.gemini.wire import JSON, json_body, pretty

GRANULARITY = 256 * 1024
"""Every chunk but the last must be a multiple of this many bytes."""


async def upload(request: web.Request) -> web.StreamResponse:
    """POST /upload/{version}/files."""
    command = request.headers.get("X-Goog-Upload-Command", "")
    words = {word.strip() for word in command.split(",")}
    if words == {"start"}:
        return await _start(request)
    current = _find(request)
    if words == {"query"}:
        return _reply(current, size_received=True)
    if words == {"cancel"}:
        current.status = "cancelled"
        return _reply(current)
    if not words <= {"upload", "finalize"}:
        raise invalid_argument(f"Invalid X-Goog-Upload-Command: {command!r}")
    if "upload" in words:
        await _append(request, current, last="finalize" in words)
    return _finalize(request, current) if "finalize" in words else _reply(current)


async def _start(request: web.Request) -> web.Response:
    if request.headers.get("X-Goog-Upload-Protocol") != "resumable":
        raise invalid_argument("X-Goog-Upload-Protocol must be resumable.")
    state = request.app[STATE]
    length = request.headers.get("X-Goog-Upload-Header-Content-Length", "")
    current = Upload(
        upload_id=state.next_id("upload", 40),
        declared=(await json_body(request)).get("file", {}),
        mime_type=request.headers.get(
            "X-Goog-Upload-Header-Content-Type", "application/octet-stream"
        ),
        size=int(length) if length.isdecimal() else None,
        version=request.match_info["version"],
    )
    state.uploads[current.upload_id] = current
    target = f"{request.path}?upload_id={current.upload_id}&upload_protocol=resumable"
    response = _reply(current)
    response.headers["X-Goog-Upload-URL"] = origin(request) + target
    response.headers["X-Goog-Upload-Control-URL"] = origin(request) + target
    response.headers["X-Goog-Upload-Chunk-Granularity"] = str(GRANULARITY)
    return response


def _find(request: web.Request) -> Upload:
    current = request.app[STATE].uploads.get(request.query.get("upload_id", ""))
    if current is None:
        raise GoogleError(404, "NOT_FOUND", "The upload was not found.")
    return current


async def _append(request: web.Request, current: Upload, *, last: bool) -> None:
    offset = request.headers.get("X-Goog-Upload-Offset", "")
    chunk = await request.read()
    have = len(current.received)
    if current.status != "active":
        raise invalid_argument(f"The upload is {current.status}.")
    if offset != str(have):
        raise invalid_argument(f"Upload offset is {offset!r}, but {have} bytes were received.")
    if not last and len(chunk) % GRANULARITY:
        raise invalid_argument(f"A chunk must be a multiple of {GRANULARITY} bytes.")
    current.received += chunk


def _finalize(request: web.Request, current: Upload) -> web.Response:
    if current.size is not None and current.size != len(current.received):
        declared, have = current.size, len(current.received)
        raise invalid_argument(f"{declared} bytes were announced, {have} were received.")
    current.status = "final"
    file = files.store(request.app[STATE], current)
    return _reply(current, body=pretty({"file": file.metadata}))


def _reply(current: Upload, *, body: bytes = b"", size_received: bool = False) -> web.Response:
    headers = {
        "Server": "UploadServer",
        "Content-Type": JSON if body else "text/plain; charset=utf-8",
        "X-GUploader-UploadID": current.upload_id,
        "X-Goog-Upload-Status": current.status,
    }
    if size_received:
        headers["X-Goog-Upload-Size-Received"] = str(len(current.received))
    return web.Response(body=body, headers=headers)
