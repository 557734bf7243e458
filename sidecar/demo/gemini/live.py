"""The simulated Live API: a conversation over a WebSocket, JSON in binary frames both ways.

Source: ai.google.dev, "Live API - WebSockets API reference". Audio is counted, not heard.
"""

import json
from typing import Any

from aiohttp import WSMsgType, web

from sidecar.demo.gemini.catalog import MODELS
from sidecar.demo.gemini.errors import GoogleError
from sidecar.demo.gemini.generation import last_prompt, reply
from sidecar.demo.gemini.state import Json

REFUSED, OVER_QUOTA = 1008, 1011
"""The codes that a conversation ends with which cannot go on (RFC 6455 §7.4.1)."""

_MAX_MESSAGE = 16 * 1024 * 1024


async def live(request: web.Request) -> web.StreamResponse:
    """Converse until the client leaves, or says what makes no sense."""
    socket = web.WebSocketResponse(max_msg_size=_MAX_MESSAGE)
    if not socket.can_prepare(request).ok:
        raise GoogleError(400, "INVALID_ARGUMENT", "The Live API is a WebSocket.")
    await socket.prepare(request)
    model = ""
    async for frame in socket:
        if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            break
        message: Json = json.loads(frame.data)
        if setup := message.get("setup"):
            model = setup.get("model", "").removeprefix("models/")
        if model not in MODELS:
            text = f"models/{model} is not found, or is not supported for bidiGenerateContent."
            await socket.close(code=REFUSED, message=text.encode())
            break
        if "[quota]" in _asked(message):
            await socket.close(code=OVER_QUOTA, message=b"You exceeded your current quota.")
            break
        for answer in _answers(message):
            await socket.send_bytes(json.dumps(answer).encode())
    return socket


def _asked(message: Json) -> str:
    """The text of the last turn in a message."""
    return last_prompt({"contents": _turns(message)})


def _turns(message: Json) -> list[Json]:
    """The Python SDK writes names as in the protocol buffer; a server of JSON reads both."""
    content = message.get("clientContent") or message.get("client_content") or {}
    return content.get("turns") or [{}]


def _answers(message: Json) -> list[Json]:
    if "setup" in message:
        return [{"setupComplete": {}}]
    if "realtimeInput" in message:
        size = sum(len(each) for each in _texts(message["realtimeInput"]))
        return [_said(f"heard {size}"), {"serverContent": {"turnComplete": True}}]
    said = reply({"contents": _turns(message)})
    usage = {"promptTokenCount": len(_asked(message)), "responseTokenCount": len(said.text)}
    pieces = [_said(piece) for piece in said.pieces]
    return [*pieces, {"serverContent": {"turnComplete": True}, "usageMetadata": usage}]


def _said(text: str) -> Json:
    return {"serverContent": {"modelTurn": {"role": "model", "parts": [{"text": text}]}}}


def _texts(value: Any) -> list[str]:
    """Every base64 in a realtime input, wherever it stands."""
    if isinstance(value, dict):
        return [text for name, each in value.items() for text in _texts_of(name, each)]
    return [text for each in value for text in _texts(each)] if isinstance(value, list) else []


def _texts_of(name: str, value: Any) -> list[str]:
    return [value] if name == "data" and isinstance(value, str) else _texts(value)
