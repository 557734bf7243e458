"""cachedContents of the simulated Gemini API: create, list, get, update, delete."""

import re
from datetime import datetime

from aiohttp import web

from sidecar.demo.gemini import generation
from sidecar.demo.gemini.catalog import MODELS, page
from sidecar.demo.gemini.errors import invalid_argument, model_not_found, permission_denied
from sidecar.demo.gemini.state import STATE, Json, State
from sidecar.demo.gemini.wire import answer, json_body

DEFAULT_TTL = 3600.0
"""Seconds; Google's default."""
_TTL = re.compile(r"(\d+(?:\.\d+)?)s")


def _expiry(state: State, body: Json) -> str:
    """`expireTime`, or the present plus `ttl`."""
    if "expireTime" in body:
        return str(body["expireTime"])
    ttl = _TTL.fullmatch(body.get("ttl", f"{DEFAULT_TTL}s"))
    if ttl is None:
        raise invalid_argument(f"Invalid value at 'cached_content.ttl': {body['ttl']!r}")
    return state.timestamp(float(ttl[1]))


def _find(request: web.Request) -> Json:
    state, name = request.app[STATE], request.match_info["cache"]
    cache = state.caches.get(name)
    if cache is None or datetime.fromisoformat(cache["expireTime"]).timestamp() <= state.now():
        raise permission_denied("CachedContent not found (or permission denied)")
    return cache


async def create_cache(request: web.Request) -> web.StreamResponse:
    """POST /{version}/cachedContents. The contents are counted, not given back."""
    state, body = request.app[STATE], await json_body(request)
    model = str(body.get("model", "")).removeprefix("models/")
    if model not in MODELS:
        raise model_not_found(model, request.match_info["version"], "createCachedContent")
    contents = [*body.get("contents", ()), body.get("systemInstruction", {})]
    name = state.next_id("cache", 16)
    display = body.get("displayName")
    state.caches[name] = {
        "name": f"cachedContents/{name}",
        "model": f"models/{model}",
        "createTime": state.timestamp(),
        "updateTime": state.timestamp(),
        "expireTime": _expiry(state, body),
        **({"displayName": display} if display else {}),
        "usageMetadata": {"totalTokenCount": generation.count(contents)},
    }
    return await answer(request, state.caches[name])


async def list_caches(request: web.Request) -> web.StreamResponse:
    """GET /{version}/cachedContents."""
    caches = list(request.app[STATE].caches.values())
    return await answer(request, page(request, "cachedContents", caches, default=100))


async def get_cache(request: web.Request) -> web.StreamResponse:
    """GET /{version}/cachedContents/{cache}."""
    return await answer(request, _find(request))


async def update_cache(request: web.Request) -> web.StreamResponse:
    """PATCH /{version}/cachedContents/{cache}: only its expiry can change."""
    cache, state = _find(request), request.app[STATE]
    cache["expireTime"] = _expiry(state, await json_body(request))
    cache["updateTime"] = state.timestamp()
    return await answer(request, cache)


async def delete_cache(request: web.Request) -> web.StreamResponse:
    """DELETE /{version}/cachedContents/{cache}."""
    _find(request)
    del request.app[STATE].caches[request.match_info["cache"]]
    return await answer(request, {})
