"""Media of the simulated Cloud API: upload, look up, delete; and the host that serves the bytes."""

import hashlib
import re
from typing import TYPE_CHECKING

from aiohttp import web

from sidecar.demo.authority import AUTHORITY
from sidecar.demo.whatsapp.errors import no_object, parameter
from sidecar.demo.whatsapp.sample import sample
from sidecar.demo.whatsapp.state import STATE, Media, State
from sidecar.demo.whatsapp.wire import answer, success

if TYPE_CHECKING:
    from aiohttp.web_request import FileField

URL_LIFETIME = 300
"""Seconds that a media URL is valid (Meta's documentation: 5 minutes)."""
PATH = "/whatsapp_business/attachments/"
SAMPLE_PATH = r"/{sample:media-\d+}"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


async def upload_media(request: web.Request) -> web.Response:
    """POST /{version}/{phone}/media, multipart/form-data."""
    if request.content_type != "multipart/form-data":
        raise parameter("Invalid parameter", "The body must be multipart/form-data.")
    form = await request.post()
    if "whatsapp" not in (form.get("messaging_product"), request.query.get("messaging_product")):
        raise parameter("The parameter messaging_product is required.")
    file = form.get("file")
    if file is None or isinstance(file, (str, bytes, bytearray)):
        raise parameter("The parameter file is required.")
    state = request.app[STATE]
    media_id = state.number("media")
    state.media[media_id] = _media(media_id, file, str(form.get("type") or ""))
    return answer(request, {"id": media_id})


def _media(media_id: str, file: "FileField", declared: str) -> Media:
    mime_type = declared if "/" in declared else file.content_type
    return Media(media_id, mime_type, file.file.read(), file.filename)


async def get_media(request: web.Request) -> web.Response:
    """GET /{version}/{media}: where the bytes are, for five minutes."""
    state = request.app[STATE]
    node = request.match_info["node"]
    media = state.media.get(node) or sample(node)
    if media is None:
        raise no_object(node)
    authority = state.media_authority.value or request.app[AUTHORITY].value or request.host
    expires = int(state.now()) + URL_LIFETIME
    path = PATH if node in state.media else f"/{node}"
    query = f"?mid={node}&source=getMedia&ext={expires}&hash={_signature(node, expires)}"
    body = {
        "url": f"http://{authority}{path}{query}",
        "mime_type": media.mime_type,
        "sha256": media.sha256,
        "file_size": len(media.content),
        "id": media.media_id,
        "messaging_product": "whatsapp",
    }
    return answer(request, body)


async def delete_media(request: web.Request) -> web.Response:
    """DELETE /{version}/{media}."""
    if request.app[STATE].media.pop(request.match_info["node"], None) is None:
        raise no_object(request.match_info["node"], "delete")
    return success(request)


def _signature(media_id: str, expires: int) -> str:
    return "AT" + hashlib.sha256(f"{media_id}.{expires}".encode()).hexdigest()[:40]


async def download(request: web.Request) -> web.Response:
    """GET of a media URL at the media host: needs the bearer token, serves one range."""
    state = request.app[STATE]
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    media = sample(request.match_info.get("sample", "")) or _addressed(state, request)
    if media is None:
        return web.Response(status=404, text="URL signature expired or mismatch\n")
    headers = {
        "Content-Type": media.mime_type,
        "Content-Disposition": f'attachment; filename="{media.filename}"',
        "ETag": f'"{media.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=300",
    }
    size = len(media.content)
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None:
        return web.Response(body=media.content, headers=headers)
    first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
    if first > last:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return web.Response(status=206, body=media.content[first : last + 1], headers=headers)


def _addressed(state: State, request: web.Request) -> Media | None:
    """The media of a URL that was handed out, while it is valid."""
    media_id, expires = request.query.get("mid", ""), request.query.get("ext", "")
    if not expires.isdecimal() or int(expires) <= state.now():
        return None
    if request.query.get("hash") != _signature(media_id, int(expires)):
        return None
    return state.media.get(media_id)
