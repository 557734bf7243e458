"""A sidecar that stores and forwards, and those who talk to it."""

import asyncio
import json
from typing import Any

from tests.support.raw import RawResponse, ask, call, get
from tests.support.sidecar import Running


class Application:
    """A sidecar, and those who talk to it."""

    def __init__(self, running: Running) -> None:
        self.running = running

    async def send(self, body: bytes = b'{"to":"49"}', *headers: str) -> RawResponse:
        """One call of the route that stores."""
        return await ask(self.running.proxy, call("POST", "/api/send/x", *headers, content=body))

    async def accepted(self, body: bytes = b'{"to":"49"}', *headers: str) -> str:
        """One that is accepted; its delivery."""
        answer = await self.send(body, *headers)
        assert answer.status == 202, answer
        return answer.value("x-sidecar-delivery")

    async def delivery(self, name: str) -> Any:
        """What its page shows."""
        answer = await ask(self.running.proxy, get(f"/_sidecar/deliveries/{name}"))
        return json.loads(answer.body)

    async def ends(self, name: str, within: float = 5.0) -> Any:
        """How it ends."""
        async with asyncio.timeout(within):
            while (shown := await self.delivery(name))["state"] in ("queued", "sending"):
                await asyncio.sleep(0.02)
        return shown

    async def admin(self, method: str, path: str) -> tuple[int, Any]:
        """What the admin listener answers."""
        where = self.running.bound["admin"]
        mark = "X-Sidecar-Admin: 1"
        answer = await ask(where, call(method, path, mark, content=b"", host=str(where)))
        return answer.status, json.loads(answer.body)
