"""The simulated interactions of Gemini: turns that the API keeps, whole or as a stream of steps.

Source: ai.google.dev, "Interactions API". Only texts are read and said.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from sidecar.demo.gemini import generation
from sidecar.demo.gemini.catalog import MODELS
from sidecar.demo.gemini.errors import GoogleError, invalid_argument, model_not_found, overloaded
from sidecar.demo.gemini.errors import quota_exceeded as quota
from sidecar.demo.gemini.state import STATE, Json
from sidecar.demo.gemini.wire import SSE, Stream, answer, json_body

_DONE = b"event: done\ndata: [DONE]\n\n"


async def create(request: web.Request) -> web.StreamResponse:
    """POST /{version}/interactions, streamed where the body says so."""
    body = await json_body(request)
    state = request.app[STATE]
    name = str(body.get("model", "")).removeprefix("models/")
    if name not in MODELS:
        raise model_not_found(name, request.match_info["version"], "createInteraction")
    before = body.get("previous_interaction_id")
    if before and before not in state.interactions:
        raise GoogleError(404, "NOT_FOUND", f"Interaction {before} is not found.")
    prompt = _text(body.get("input"))
    if not prompt:
        raise invalid_argument("* CreateInteraction.input: input is not specified\n")
    if "[quota]" in prompt:
        raise quota(name)
    if "[overloaded]" in prompt:
        raise overloaded()
    said = generation.reply({"contents": [{"role": "user", "parts": [{"text": prompt}]}]})
    read, written = generation.tokens(prompt), generation.tokens(said.text)
    turn: Json = {
        "id": state.next_id("interaction", 24),
        "object": "interaction",
        "model": name,
        "status": "completed",
        "created": state.timestamp(),
        "updated": state.timestamp(),
        **({"previous_interaction_id": before} if before else {}),
        "steps": [_step(said.text)],
        "usage": {
            "total_input_tokens": read,
            "total_output_tokens": written,
            "total_tokens": read + written,
        },
    }
    state.interactions[turn["id"]] = turn
    if not body.get("stream"):
        return await answer(request, turn)
    stream = Stream(request, SSE)
    await stream.start()
    for number, event in enumerate(_events(turn, said.pieces)):
        if number:
            await asyncio.sleep(state.chunk_delay)
        if number == 3 and "[cut]" in prompt:
            return await stream.cut()
        await stream.send(_frame(event))
    await stream.send(_DONE)
    return await stream.end()


async def get(request: web.Request) -> web.StreamResponse:
    """GET /{version}/interactions/{interaction}."""
    return await answer(request, _find(request))


async def delete(request: web.Request) -> web.StreamResponse:
    """DELETE /{version}/interactions/{interaction}."""
    del request.app[STATE].interactions[_find(request)["id"]]
    return await answer(request, {})


def _find(request: web.Request) -> Json:
    name = request.match_info["interaction"]
    found = request.app[STATE].interactions.get(name)
    if found is None:
        raise GoogleError(404, "NOT_FOUND", f"Interaction {name} is not found.")
    return found


def _text(given: Any) -> str:
    """The texts of an input: a text, a content, a turn, or a list of them."""
    if isinstance(given, str):
        return given
    if isinstance(given, list):
        return " ".join(filter(None, map(_text, given)))
    return _text(given.get("text") or given.get("content")) if isinstance(given, dict) else ""


def _step(text: str) -> Json:
    return {"type": "model_output", "content": [{"type": "text", "text": text}]}


def _events(turn: Json, pieces: tuple[str, ...]) -> Iterator[Json]:
    shown = {name: value for name, value in turn.items() if name not in ("steps", "usage")}
    yield {"event_type": "interaction.created", "interaction": shown | {"status": "in_progress"}}
    yield {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}}
    for piece in pieces:
        delta = {"type": "text", "text": piece}
        yield {"event_type": "step.delta", "index": 0, "delta": delta}
    yield {"event_type": "step.stop", "index": 0}
    yield {"event_type": "interaction.completed", "interaction": shown | {"usage": turn["usage"]}}


def _frame(event: Json) -> bytes:
    data = json.dumps(event, ensure_ascii=False)
    return f"event: {event['event_type']}\ndata: {data}\n\n".encode()
