"""The simulated OpenAI-compatible API of Gemini: chat completions, embeddings and models.

The model is in the body, and errors come in a list. Source: ai.google.dev, "OpenAI compatibility".
"""

import asyncio
import base64
import hashlib
import json
import struct
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from sidecar.demo.gemini import generation
from sidecar.demo.gemini.catalog import MODELS
from sidecar.demo.gemini.embeddings import DEFAULT_DIMENSIONS, vector
from sidecar.demo.gemini.errors import invalid_argument, model_not_found, overloaded
from sidecar.demo.gemini.errors import quota_exceeded as quota
from sidecar.demo.gemini.generation import Reply
from sidecar.demo.gemini.state import STATE, Json
from sidecar.demo.gemini.wire import SSE, Stream, answer, json_body

PREFIX = "/openai/"
"""What the paths of this API have behind their version."""

_ROLES = {"assistant": "model"}
_FINISHES = {"STOP": "stop", "MAX_TOKENS": "length"}
_DONE = b"data: [DONE]\n\n"


async def chat(request: web.Request) -> web.StreamResponse:
    """POST /{version}/openai/chat/completions, streamed where the body says so."""
    body = await json_body(request)
    model = _model(request, body, "generateContent")
    asked = _asked(body)
    prompt = generation.last_prompt(asked)
    if "[quota]" in prompt:
        raise quota(model)
    if "[overloaded]" in prompt:
        raise overloaded()
    said = generation.reply(asked)
    state = request.app[STATE]
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    tail = {
        "created": int(state.now()),
        "id": state.next_id(f"response/{digest}", 22),
        "model": model,
    }
    if not body.get("stream"):
        message = {"role": "assistant", **_said(said.text, said.call)}
        choice = {"finish_reason": _finish(said), "index": 0, "message": message}
        whole = {"choices": [choice], "object": "chat.completion", "usage": _usage(asked, said)}
        return await answer(request, whole | tail)
    stream = Stream(request, SSE)
    await stream.start()
    for number, chunk in enumerate(_chunks(asked, said)):
        if number:
            await asyncio.sleep(state.chunk_delay)
        if number == 1 and "[cut]" in prompt:
            return await stream.cut()
        if number == 1 and "[broken]" in prompt:
            await stream.send(_event(overloaded().body))
            break
        await stream.send(_event(chunk | {"object": "chat.completion.chunk"} | tail))
    else:
        await stream.send(_DONE)
    return await stream.end()


async def embed(request: web.Request) -> web.StreamResponse:
    """POST /{version}/openai/embeddings: of one text or several, as numbers or in base64."""
    body = await json_body(request)
    model = _model(request, body, "embedContent")
    given = body.get("input")
    texts: list[Any] = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise invalid_argument("* EmbedContentRequest.content: content is not specified\n")
    vectors = [vector(text, body.get("dimensions") or DEFAULT_DIMENSIONS) for text in texts]
    packed = body.get("encoding_format") == "base64"
    data = [
        {"embedding": _packed(each) if packed else each, "index": index, "object": "embedding"}
        for index, each in enumerate(vectors)
    ]
    tokens = sum(map(generation.tokens, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return await answer(request, {"data": data, "model": model, "object": "list", "usage": usage})


async def list_models(request: web.Request) -> web.StreamResponse:
    """GET /{version}/openai/models."""
    return await answer(request, {"object": "list", "data": [_described(each) for each in MODELS]})


async def get_model(request: web.Request) -> web.StreamResponse:
    """GET /{version}/openai/models/{model}."""
    name = request.match_info["model"]
    if name not in MODELS:
        raise model_not_found(name, request.match_info["version"], "getModel")
    return await answer(request, _described(name))


def _described(name: str) -> Json:
    return {"id": f"models/{name}", "object": "model", "owned_by": "google"}


def _model(request: web.Request, body: Json, verb: str) -> str:
    """The name of the model in the body.

    Raises:
        GoogleError: 404 when there is none of that name that can do `verb`.
    """
    name = str(body.get("model", "")).removeprefix("models/")
    model = MODELS.get(name)
    if model is None or verb not in model["supportedGenerationMethods"]:
        raise model_not_found(name, request.match_info["version"], verb)
    return name


def _asked(body: Json) -> Json:
    """The GenerateContentRequest that the body means."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid_argument("* GenerateContentRequest.contents: contents is not specified\n")
    contents = [
        {"role": _ROLES.get(each.get("role"), "user"), "parts": list(_parts(each.get("content")))}
        for each in messages
        if each.get("role") not in ("system", "developer")
    ]
    config: Json = {}
    if limit := body.get("max_completion_tokens") or body.get("max_tokens"):
        config["maxOutputTokens"] = limit
    if str((body.get("response_format") or {}).get("type", "")).startswith("json"):
        config["responseMimeType"] = "application/json"
    functions = [tool["function"] for tool in body.get("tools") or () if "function" in tool]
    tools = [{"functionDeclarations": functions}] if functions else []
    return {"contents": contents, "generationConfig": config, "tools": tools}


def _parts(content: Any) -> Iterator[Json]:
    """The parts of a message: a text, or a list of texts and images."""
    for each in content if isinstance(content, list) else [{"type": "text", "text": content}]:
        is_text = each.get("type") == "text"
        yield {"text": each.get("text") or ""} if is_text else {"inlineData": each}


def _chunks(asked: Json, said: Reply) -> Iterator[Json]:
    """The pieces of a stream. The last one has the finish reason and the usage."""
    for piece in said.pieces[:-1]:
        yield {"choices": [{"delta": {"role": "assistant", "content": piece}, "index": 0}]}
    last = said.pieces[-1] if said.pieces else ""
    delta = {"role": "assistant", **_said(last, said.call)}
    choice = {"delta": delta, "finish_reason": _finish(said), "index": 0}
    yield {"choices": [choice], "usage": _usage(asked, said)}


def _said(text: str, call: Json | None) -> Json:
    if call is None:
        return {"content": text}
    function = {"name": call["name"], "arguments": json.dumps(call["args"], ensure_ascii=False)}
    return {"tool_calls": [{"id": "call-1", "index": 0, "type": "function", "function": function}]}


def _finish(said: Reply) -> str:
    return "tool_calls" if said.call else _FINISHES[said.finish]


def _usage(asked: Json, said: Reply) -> Json:
    counted = generation.usage(asked, said)
    return {
        "completion_tokens": counted["candidatesTokenCount"],
        "prompt_tokens": counted["promptTokenCount"],
        "total_tokens": counted["totalTokenCount"],
    }


def _event(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def _packed(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
