"""Resumable uploads: the TUS protocol 1.0.0 with its creation and termination extensions.

`Location` is absolute, as the real server makes it: a client follows it as it is.
Source: tus.io, "Resumable upload protocol 1.0.x".
"""

import base64
import binascii

from aiohttp import web

from sidecar.demo.authority import origin
from sidecar.demo.supabase.storage.objects import SIZE_LIMIT, StorageError, Store
from sidecar.demo.supabase.target import Target

VERSION = {"Tus-Resumable": "1.0.0"}
_OFFERED = {
    "Tus-Version": "1.0.0",
    "Tus-Extension": "creation,creation-with-upload,termination",
    "Tus-Max-Size": str(SIZE_LIMIT),
}


async def handle(request: web.Request, store: Store, target: Target) -> web.StreamResponse:
    """Answer a request below `/storage/v1/upload/resumable`."""
    key = "/".join(target.segments[4:])
    match request.method, bool(key):
        case "OPTIONS", _:
            return web.Response(status=204, headers={**VERSION, **_OFFERED})
        case "POST", False:
            return await _create(request, store)
    part = store.partial.get(key)
    if part is None:
        raise StorageError(404, "not_found", "The upload was not found", http=404)
    headers = {**VERSION, "Upload-Offset": str(len(part.data)), "Cache-Control": "no-store"}
    match request.method:
        case "HEAD":
            headers["Upload-Length"] = str(part.size)
            return web.Response(headers=headers)
        case "PATCH":
            offset = request.headers.get("Upload-Offset", "")
            if offset != str(len(part.data)):
                raise StorageError(409, "invalid_offset", "Upload-Offset conflict", http=409)
            await _append(request, store, key)
            headers["Upload-Offset"] = str(len(part.data))
            return web.Response(status=204, headers=headers)
        case "DELETE":
            del store.partial[key]
            return web.Response(status=204, headers=VERSION)
    raise StorageError(405, "method_not_allowed", "Method not allowed", http=405)


async def _create(request: web.Request, store: Store) -> web.StreamResponse:
    meta = _metadata(request.headers.get("Upload-Metadata", ""))
    size = request.headers.get("Upload-Length", "")
    if not size.isdigit() or not meta.get("bucketName") or not meta.get("objectName"):
        message = "Upload-Length and Upload-Metadata are required"
        raise StorageError(400, "invalid_request", message, http=400)
    upsert = request.headers.get("x-upsert", "") == "true"
    key = store.begin(meta, int(size), upsert=upsert)
    headers = {**VERSION, "Location": f"{origin(request)}/storage/v1/upload/resumable/{key}"}
    if request.body_exists:
        await _append(request, store, key)
        headers["Upload-Offset"] = str(
            len(store.partial[key].data) if key in store.partial else size
        )
    return web.Response(status=201, headers=headers)


async def _append(request: web.Request, store: Store, key: str) -> None:
    """Keep what arrives, as it arrives: a broken request leaves its first part."""
    part = store.partial[key]
    async for chunk in request.content.iter_any():
        if len(part.data) + len(chunk) > part.size:
            raise StorageError(413, "Payload too large", "More than Upload-Length", http=413)
        part.data += chunk
    if len(part.data) == part.size:
        store.finish(key)


def _metadata(field: str) -> dict[str, str]:
    """`key base64,key base64` as a dictionary."""
    meta = {}
    for item in field.split(","):
        name, _, encoded = item.strip().partition(" ")
        try:
            meta[name] = base64.b64decode(encoded).decode()
        except (binascii.Error, UnicodeDecodeError):
            message = "Invalid Upload-Metadata"
            raise StorageError(400, "invalid_request", message, http=400) from None
    return meta
