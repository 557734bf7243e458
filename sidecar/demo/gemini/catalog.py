"""The models that the simulated Gemini API offers, and its answers to list and get."""

from aiohttp import web

from sidecar.demo.gemini.errors import GoogleError, invalid_argument, model_not_found
from sidecar.demo.gemini.state import Json
from sidecar.demo.gemini.wire import answer

GENERATE = ("generateContent", "countTokens", "createCachedContent", "batchGenerateContent")
EMBED = ("embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent")
IMPLIED = {"streamGenerateContent": "generateContent", "batchEmbedContents": "embedContent"}


def _model(name: str, display: str, methods: tuple[str, ...], limit: int) -> Json:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": display,
        "description": f"Simulated {display}",
        "inputTokenLimit": limit,
        "outputTokenLimit": 65536 if "generateContent" in methods else 1,
        "supportedGenerationMethods": list(methods),
        **({"temperature": 1, "topP": 0.95, "topK": 64} if "generateContent" in methods else {}),
    }


MODELS: dict[str, Json] = {
    name: _model(name, display, methods, limit)
    for name, display, methods, limit in (
        ("gemini-2.5-pro", "Gemini 2.5 Pro", GENERATE, 1048576),
        ("gemini-2.5-flash", "Gemini 2.5 Flash", GENERATE, 1048576),
        ("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", GENERATE, 1048576),
        ("gemini-2.0-flash", "Gemini 2.0 Flash", GENERATE, 1048576),
        ("gemini-embedding-001", "Gemini Embedding 001", EMBED, 2048),
        ("text-embedding-004", "Text Embedding 004", EMBED, 2048),
    )
}


def require_model(request: web.Request, verb: str) -> str:
    """The name of the model in the path.

    Raises:
        GoogleError: 404 when there is none of that name that can do `verb`.
    """
    name = request.match_info["model"]
    model = MODELS.get(name)
    if model is None or IMPLIED.get(verb, verb) not in model["supportedGenerationMethods"]:
        raise model_not_found(name, request.match_info["version"], verb)
    return name


async def list_models(request: web.Request) -> web.StreamResponse:
    """GET /{version}/models."""
    return await answer(request, page(request, "models", list(MODELS.values()), default=50))


async def get_model(request: web.Request) -> web.StreamResponse:
    """GET /{version}/models/{model}."""
    name = request.match_info["model"]
    if name not in MODELS:
        raise GoogleError(404, "NOT_FOUND", f"Model is not found: models/{name} for api version")
    return await answer(request, MODELS[name])


def page(request: web.Request, field: str, items: list[Json], *, default: int) -> Json:
    """One page of `items` by `pageSize` and `pageToken`; Google leaves out an empty list.

    Raises:
        GoogleError: 400 for a size or a token that means nothing.
    """
    size = request.query.get("pageSize", str(default))
    token = request.query.get("pageToken", "at-0").removeprefix("at-")
    if not size.isdecimal() or not token.isdecimal() or int(token) > len(items):
        raise invalid_argument("Invalid page size or page token.")
    start, stop = int(token), int(token) + (int(size) or default)
    answered: Json = {field: items[start:stop]} if items[start:stop] else {}
    return answered | ({"nextPageToken": f"at-{stop}"} if stop < len(items) else {})
