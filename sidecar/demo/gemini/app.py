"""Puts the simulated Gemini API together: routes, credentials, errors. See `make_app`."""

import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from sidecar.demo.authority import prepare, record_seen, refuse_wrong_host
from sidecar.demo.gemini import (
    caches,
    catalog,
    content,
    embeddings,
    files,
    interactions,
    live,
    openai,
    uploads,
)
from sidecar.demo.gemini.errors import GoogleError, bad_key, bad_token, no_key
from sidecar.demo.gemini.state import STATE, State
from sidecar.demo.gemini.wire import answer, google_headers

MAX_BODY = 256 * 1024 * 1024
_NOT_FOUND = b"<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>\n"


def make_app(*, now: Callable[[], float] = time.time, chunk_delay: float = 0.01) -> web.Application:
    """A fresh simulated Gemini API.

    Args:
        now: seconds since the epoch; timestamps in answers depend on nothing else.
        chunk_delay: seconds between two chunks of a stream.
    """
    app = web.Application(
        middlewares=[record_seen, refuse_wrong_host, _errors, _credentials],
        client_max_size=MAX_BODY,
    )
    prepare(app)
    app[STATE] = State(now=now, chunk_delay=chunk_delay)
    app.on_response_prepare.append(google_headers)
    app.add_routes(_ROUTES)
    return app


_MODEL = r"/{version:v\w+}/models/{model:[^:/]+}"
_FILE = r"/{version:v\w+}/files/{file:[^:/]+}"
_CACHES = r"/{version:v\w+}/cachedContents"
_INTERACTIONS = r"/{version:v\w+}/interactions"
_OPENAI = r"/{version:v\w+}/openai"
_ROUTES = [
    web.get(r"/{version:v\w+}/models", catalog.list_models),
    web.get(_MODEL, catalog.get_model),
    web.post(_MODEL + ":generateContent", content.generate_content),
    web.post(_MODEL + ":streamGenerateContent", content.stream_generate_content),
    web.post(_MODEL + ":countTokens", content.count_tokens),
    web.post(_MODEL + ":embedContent", embeddings.embed_content),
    web.post(_MODEL + ":batchEmbedContents", embeddings.batch_embed_contents),
    web.post(r"/upload/{version:v\w+}/files", uploads.upload),
    web.get(r"/{version:v\w+}/files", files.list_files),
    web.get(_FILE, files.get_file),
    web.get(_FILE + ":download", files.download_file),
    web.delete(_FILE, files.delete_file),
    web.post(_CACHES, caches.create_cache),
    web.get(_CACHES, caches.list_caches),
    web.get(_CACHES + "/{cache}", caches.get_cache),
    web.patch(_CACHES + "/{cache}", caches.update_cache),
    web.delete(_CACHES + "/{cache}", caches.delete_cache),
    web.post(_INTERACTIONS, interactions.create),
    web.get(_INTERACTIONS + "/{interaction}", interactions.get),
    web.delete(_INTERACTIONS + "/{interaction}", interactions.delete),
    web.post(_OPENAI + "/chat/completions", openai.chat),
    web.post(_OPENAI + "/embeddings", openai.embed),
    web.get(_OPENAI + "/models", openai.list_models),
    web.get(_OPENAI + "/models/{model}", openai.get_model),
    web.get(r"/{slash:/?}ws/{service:.+}", live.live),
]


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Google's error shape; an unknown path gets the front end's HTML, as at Google."""
    try:
        return await handler(request)
    except GoogleError as error:
        body = [error.body] if openai.PREFIX in request.path else error.body
        return await answer(request, body, status=error.code)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        headers = {"Content-Type": "text/html; charset=UTF-8"}
        return web.Response(status=404, body=_NOT_FOUND, headers=headers)


@web.middleware
async def _credentials(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Any key is good that does not say `invalid`. Chunks of an upload need only its id."""
    is_chunk = request.path.startswith("/upload/") and "upload_id" in request.query
    if request.match_info.http_exception is not None or is_chunk:
        return await handler(request)
    key = request.headers.get("X-Goog-Api-Key") or request.query.get("key", "")
    token = request.headers.get("Authorization", "")
    if openai.PREFIX in request.path:  # there a key is sent as a token
        key, token = key or token.removeprefix("Bearer "), ""
    if "invalid" in key:
        raise bad_key()
    if not key and (not token.startswith("Bearer ") or "invalid" in token):
        raise bad_token() if token else no_key()
    return await handler(request)
