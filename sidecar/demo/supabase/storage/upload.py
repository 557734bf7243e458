"""Taking one object's content from a request: a form with one file, or the bare body.

Accepts bodies with and without a declared length; tests read from the record which it was.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from sidecar.demo.supabase.storage.objects import SIZE_LIMIT, StorageError

_DEFAULT_TYPE = "application/octet-stream"


@dataclass(slots=True)
class Upload:
    """What the client sent."""

    data: bytes = b""
    mime: str = _DEFAULT_TYPE
    cache_control: str = "no-cache"
    metadata: dict[str, Any] = field(default_factory=dict)


async def received(request: web.Request) -> Upload:
    """Read the request's body.

    Raises:
        StorageError: it is too large, or the form has no file.
    """
    if (request.content_length or 0) > SIZE_LIMIT + 65536:
        raise StorageError(413, "Payload too large", "The object exceeded the maximum allowed size")
    if request.content_type == "multipart/form-data":
        return await _form(request)
    headers = request.headers
    return Upload(
        await request.read(),
        headers.get("Content-Type", _DEFAULT_TYPE),
        headers.get("Cache-Control", "no-cache"),
        _metadata(headers.get("x-metadata", "")),
    )


async def _form(request: web.Request) -> Upload:
    upload, found = Upload(), False
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read())
        if part.filename is not None:
            upload.data, found = data, True
            upload.mime = part.headers.get("Content-Type", _DEFAULT_TYPE)
        elif part.name == "cacheControl":
            upload.cache_control = f"max-age={data.decode()}"
        elif part.name == "metadata":
            upload.metadata = json.loads(data)
    if not found:
        raise StorageError(400, "invalid_request", "The form has no file")
    return upload


def _metadata(encoded: str) -> dict[str, Any]:
    """The `x-metadata` header: JSON in base64."""
    try:
        value = json.loads(base64.b64decode(encoded)) if encoded else {}
    except (binascii.Error, ValueError):
        raise StorageError(400, "invalid_request", "Invalid x-metadata header") from None
    return value if isinstance(value, dict) else {}
