"""The Files API of the simulated Gemini API: metadata, content, deletion."""

import base64
import hashlib

from aiohttp import web

from sidecar.demo.gemini.catalog import page
from sidecar.demo.gemini.errors import permission_denied
from sidecar.demo.gemini.state import FILE_LIFETIME, STATE, State, StoredFile, Upload
from sidecar.demo.gemini.wire import answer

PUBLIC_ORIGIN = "https://generativelanguage.googleapis.com"
"""A file's `uri` is a reference for the API itself: always Google's, never the simulator's."""


def store(state: State, upload: Upload) -> StoredFile:
    """Make a file of a finished upload and keep it."""
    name = upload.declared.get("name") or f"files/{state.next_id('file')}"
    content = bytes(upload.received)
    digest = hashlib.sha256(content).hexdigest()
    display = upload.declared.get("displayName")
    metadata = {
        "name": name,
        **({"displayName": display} if display else {}),
        "mimeType": upload.mime_type,
        "sizeBytes": str(len(content)),
        "createTime": state.timestamp(),
        "updateTime": state.timestamp(),
        "expirationTime": state.timestamp(FILE_LIFETIME),
        "sha256Hash": base64.b64encode(digest.encode()).decode(),
        "uri": f"{PUBLIC_ORIGIN}/{upload.version}/{name}",
        "state": "ACTIVE",
        "source": "UPLOADED",
    }
    file = StoredFile(metadata, content)
    state.files[name.removeprefix("files/")] = file
    return file


def _find(request: web.Request) -> StoredFile:
    file_id = request.match_info["file"]
    file = request.app[STATE].files.get(file_id)
    if file is None:  # Google does not tell a missing file from another project's
        message = f"You do not have permission to access the File {file_id} or it may not exist."
        raise permission_denied(message)
    return file


async def list_files(request: web.Request) -> web.StreamResponse:
    """GET /{version}/files, the newest first."""
    newest = [file.metadata for file in reversed(request.app[STATE].files.values())]
    return await answer(request, page(request, "files", newest, default=10))


async def get_file(request: web.Request) -> web.StreamResponse:
    """GET /{version}/files/{file}."""
    return await answer(request, _find(request).metadata)


async def download_file(request: web.Request) -> web.StreamResponse:
    """GET /{version}/files/{file}:download."""
    file = _find(request)
    return web.Response(body=file.content, headers={"Content-Type": file.metadata["mimeType"]})


async def delete_file(request: web.Request) -> web.StreamResponse:
    """DELETE /{version}/files/{file}."""
    _find(request)
    del request.app[STATE].files[request.match_info["file"]]
    return await answer(request, {})
