"""Who has joined which channel of the simulated Realtime, and messages in both versions of it."""

import json
from typing import Any, NamedTuple

from aiohttp import web


class Message(NamedTuple):
    """One message, in either version of the protocol."""

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: Any


class Channels:
    """Who has joined what. One for each project."""

    def __init__(self) -> None:
        self.members: dict[str, dict[Client, bool]] = {}
        """By topic; whether a client hears what it says itself."""

    async def tell(self, sender: "Client", message: Message) -> None:
        """Pass a broadcast on to all who are in its channel."""
        for client, hears_itself in tuple(self.members.get(message.topic, {}).items()):
            if client is not sender or hears_itself:
                await client.send(message)

    def leave(self, client: "Client") -> None:
        """Forget a client in all channels."""
        for members in self.members.values():
            members.pop(client, None)


class Client:
    """One WebSocket."""

    def __init__(self, socket: web.WebSocketResponse, *, arrays: bool) -> None:
        self._socket = socket
        self._arrays = arrays

    async def send(self, message: Message) -> None:
        """In the client's version of the protocol."""
        payload = message.payload
        if isinstance(payload, bytes):
            await self._socket.send_bytes(payload)
        elif self._arrays:
            await self._socket.send_str(json.dumps(message))
        else:
            await self._socket.send_str(json.dumps(message._asdict()))

    async def reply(self, message: Message, response: Any) -> None:
        """Answer a message."""
        payload = {"status": "ok", "response": response}
        await self.send(message._replace(event="phx_reply", payload=payload))
