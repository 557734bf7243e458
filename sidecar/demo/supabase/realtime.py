"""The simulated Realtime: channels, heartbeats and broadcasts over a WebSocket.

Source: supabase.com/docs/guides/realtime/protocol. Messages are objects (vsn 1.0.0), or arrays
beside binary broadcasts (vsn 2.0.0). There is no presence, and no change of tables is told.
"""

import json
from typing import Any

from aiohttp import WSMsgType, web

from sidecar.demo.supabase.caller import role_of_key
from sidecar.demo.supabase.channels import Channels, Client, Message
from sidecar.demo.supabase.encoding import json_answer
from sidecar.demo.supabase.project import PROJECT
from sidecar.demo.supabase.target import Target

BAD_CHANNEL = 4000
"""The code that a client is closed with which joins a topic that is no channel."""

_PUSH, _BROADCAST = 3, 4
"""The kinds of binary messages: of a client, and to clients."""


async def handle(request: web.Request, target: Target) -> web.StreamResponse:
    """Serve one client until it leaves."""
    project = request.app[PROJECT]
    key = request.headers.get("apikey") or target.last("apikey")
    if role_of_key(key, project.now()) is None:
        return json_answer(request, {"message": "Invalid API key"}, status=401)
    socket = web.WebSocketResponse(max_msg_size=16 * 1024 * 1024)
    if not socket.can_prepare(request).ok:
        return json_answer(request, {"message": "a WebSocket is expected"}, status=426)
    await socket.prepare(request)
    arrays = target.last("vsn") == "2.0.0"
    client, channels = Client(socket, arrays=arrays), project.channels
    try:
        async for frame in socket:
            if frame.type == WSMsgType.BINARY:
                await channels.tell(client, _pushed(frame.data))
            else:
                value = json.loads(frame.data)
                message = Message(*value) if arrays else _of_object(value)
                if not await _heed(client, channels, message):
                    await socket.close(code=BAD_CHANNEL, message=b"no such channel")
    finally:
        channels.leave(client)
    return socket


async def _heed(client: Client, channels: Channels, message: Message) -> bool:
    """Act on a message; whether it makes sense."""
    topic, event = message.topic, message.event
    if event == "heartbeat":
        await client.reply(message, {})
    elif not topic.startswith("realtime:"):
        return False
    elif event == "phx_join":
        config = message.payload.get("config", {}).get("broadcast", {})
        channels.members.setdefault(topic, {})[client] = bool(config.get("self"))
        await client.reply(message, {"postgres_changes": []})
    elif event == "phx_leave":
        channels.members.get(topic, {}).pop(client, None)
        await client.reply(message, {})
    elif event == "broadcast":
        await channels.tell(client, message._replace(join_ref=None, ref=None))
    return True


def _of_object(value: dict[str, Any]) -> Message:
    said = (value["topic"], value["event"], value["payload"])
    return Message(value.get("join_ref"), value.get("ref"), *said)


def _pushed(data: bytes) -> Message:
    """A binary broadcast as its channel hears it (realtime-js, `serializer.js`)."""
    join_ref, ref, topic, event, meta, encoding = data[1:7]
    start = 7 + join_ref + ref
    name = data[start : start + topic].decode()
    heard = bytes((_BROADCAST, topic, event, meta, encoding)) + data[start:]
    return Message(None, None, name, "broadcast", heard)
