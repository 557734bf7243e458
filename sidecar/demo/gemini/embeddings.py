"""embedContent and batchEmbedContents of the simulated Gemini API: vectors made of digests."""

import hashlib
import math

from aiohttp import web

from sidecar.demo.gemini.catalog import require_model
from sidecar.demo.gemini.errors import invalid_argument
from sidecar.demo.gemini.state import Json
from sidecar.demo.gemini.wire import answer, json_body

DEFAULT_DIMENSIONS = 3072
MAX_BATCH = 100


def vector(text: str, dimensions: int) -> list[float]:
    """A unit vector that depends on the text alone."""
    raw = hashlib.shake_256(text.encode()).digest(2 * dimensions)
    values = [int.from_bytes(raw[i : i + 2], "big") / 32768 - 1 for i in range(0, len(raw), 2)]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [round(value / length, 9) for value in values]


def _embedding(body: Json) -> Json:
    parts = body.get("content", {}).get("parts", ())
    text = " ".join(part.get("text", "") for part in parts)
    if not text:
        raise invalid_argument("* EmbedContentRequest.content: content is not specified\n")
    config = body.get("embedContentConfig", {})
    dimensions = body.get("outputDimensionality", config.get("outputDimensionality"))
    return {"values": vector(text, dimensions or DEFAULT_DIMENSIONS)}


async def embed_content(request: web.Request) -> web.StreamResponse:
    """POST /{version}/models/{model}:embedContent."""
    require_model(request, "embedContent")
    return await answer(request, {"embedding": _embedding(await json_body(request))})


async def batch_embed_contents(request: web.Request) -> web.StreamResponse:
    """POST /{version}/models/{model}:batchEmbedContents."""
    require_model(request, "batchEmbedContents")
    requests = (await json_body(request)).get("requests", [])
    if not 1 <= len(requests) <= MAX_BATCH:
        text = f"at most {MAX_BATCH} requests can be in one batch"
        raise invalid_argument(f"* BatchEmbedContentsRequest.requests: {text}\n")
    return await answer(request, {"embeddings": [_embedding(body) for body in requests]})
