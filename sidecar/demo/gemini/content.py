"""generateContent, streamGenerateContent and countTokens of the simulated Gemini API."""

import asyncio
import hashlib
import json
from collections.abc import Iterator

from aiohttp import web

from sidecar.demo.gemini import generation
from sidecar.demo.gemini.catalog import require_model
from sidecar.demo.gemini.errors import invalid_argument, overloaded, permission_denied
from sidecar.demo.gemini.errors import quota_exceeded as quota
from sidecar.demo.gemini.state import STATE, Json, State
from sidecar.demo.gemini.wire import JSON, SSE, Stream, answer, camel, event, json_body, pretty

FIELDS = frozenset(
    {
        *("model", "contents", "systemInstruction", "tools", "toolConfig", "safetySettings"),
        *("generationConfig", "cachedContent", "labels", "serviceTier", "store"),
    }
)


async def _request(request: web.Request, verb: str) -> tuple[str, Json]:
    """The model and the checked body of a generation request; what the prompt asks is raised."""
    model = require_model(request, verb)
    body = camel(await json_body(request))
    _check(body)
    prompt = generation.last_prompt(body)
    if "[quota]" in prompt:
        raise quota(model)
    if "[overloaded]" in prompt:
        raise overloaded()
    return model, body


def _check(body: Json) -> None:
    unknown = sorted(body.keys() - FIELDS)
    if unknown:
        text = f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.'
        raise invalid_argument(text, ("", text))
    if not isinstance(body.get("contents"), list) or not body["contents"]:
        raise invalid_argument(
            "* GenerateContentRequest.contents: contents is not specified\n",
            ("contents", "contents is not specified"),
        )

    for part in (part for content in body["contents"] for part in _parts(content)):
        if not isinstance(part, dict):
            raise invalid_argument("Invalid JSON payload received. Invalid value at 'parts'.")


def _parts(content: object) -> list[object]:
    parts = content.get("parts", []) if isinstance(content, dict) else None
    if not isinstance(parts, list):
        raise invalid_argument("Invalid JSON payload received. Invalid value at 'contents'.")
    return parts


def _response_id(state: State, body: Json) -> str:
    """Depends on the request and how often it came, not on what else arrives meanwhile."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return state.next_id(f"response/{digest}", 22)


def _cached_tokens(state: State, body: Json) -> int:
    name = body.get("cachedContent", "").removeprefix("cachedContents/")
    if not name:
        return 0
    if name not in state.caches:
        raise permission_denied("CachedContent not found (or permission denied)")
    tokens: int = state.caches[name]["usageMetadata"]["totalTokenCount"]
    return tokens


async def generate_content(request: web.Request) -> web.StreamResponse:
    """POST /{version}/models/{model}:generateContent."""
    model, body = await _request(request, "generateContent")
    state = request.app[STATE]
    tail = {"modelVersion": model, "responseId": _response_id(state, body)}
    if "[unsafe]" in generation.last_prompt(body):
        tokens = generation.count(body["contents"])
        usage = {"promptTokenCount": tokens, "totalTokenCount": tokens}
        blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": usage}
        return await answer(request, blocked | tail)
    said = generation.reply(body)
    wanted = body.get("generationConfig", {}).get("candidateCount", 1)
    candidates = [
        generation.candidate(said.text, finish=said.finish, call=said.call, index=index)
        for index in range(wanted)
    ]
    usage = generation.usage(body, said, _cached_tokens(state, body))
    return await answer(request, {"candidates": candidates, "usageMetadata": usage} | tail)


async def stream_generate_content(request: web.Request) -> web.StreamResponse:
    """POST /{version}/models/{model}:streamGenerateContent, as SSE or as a JSON array."""
    model, body = await _request(request, "streamGenerateContent")
    state = request.app[STATE]
    tail = {"modelVersion": model, "responseId": _response_id(state, body)}
    usage_cached = _cached_tokens(state, body)
    prompt = generation.last_prompt(body)
    sse = request.query.get("alt") == "sse"
    disposition = {"Content-Disposition": "attachment"}
    stream = Stream(request, SSE if sse else JSON, headers=disposition)
    await stream.start()
    for number, chunk in enumerate(_chunks(body, usage_cached)):
        if number:
            await asyncio.sleep(state.chunk_delay)
        if number == 1 and "[cut]" in prompt:
            return await stream.cut()
        if number == 1 and "[broken]" in prompt:
            await stream.send(event(overloaded().body))
            break
        await stream.send(event(chunk | tail) if sse else _element(number, chunk | tail))
    if not sse:
        await stream.send(b"]")
    return await stream.end()


def _element(number: int, chunk: Json) -> bytes:
    """One element of the array that a stream without `alt=sse` is."""
    return (b",\r\n" if number else b"[") + pretty(chunk)


def _chunks(body: Json, cached: int) -> Iterator[Json]:
    """The answers of a stream. The last one has the finish reason and the usage."""
    said = generation.reply(body)
    for piece in said.pieces[:-1]:
        yield {"candidates": [generation.candidate(piece)]}
    last = said.pieces[-1] if said.pieces else ""
    yield {
        "candidates": [generation.candidate(last, finish=said.finish, call=said.call)],
        "usageMetadata": generation.usage(body, said, cached),
    }


async def count_tokens(request: web.Request) -> web.StreamResponse:
    """POST /{version}/models/{model}:countTokens."""
    require_model(request, "countTokens")
    body = await json_body(request)
    inner = body.get("generateContentRequest", body)
    total = generation.count(inner.get("contents", []))
    if not total:
        raise invalid_argument("* CountTokensRequest: contents is not specified\n")
    details = [{"modality": "TEXT", "tokenCount": total}]
    return await answer(request, {"totalTokens": total, "promptTokensDetails": details})
