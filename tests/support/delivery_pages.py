"""The delivery half as the application sees it: its pages, and the webhooks that it hands on."""

import json
from collections.abc import Iterable
from typing import Any

from sidecar.delivering.pages import Pages, Parts
from sidecar.exchange import BytesBody, Response
from tests.support.builders import exchange, request
from tests.support.delivering import Act, World


class Application(World):
    """What the application sees."""

    def __init__(self, *acts: int | BaseException | Act, **settings: Any) -> None:
        super().__init__(*acts, **settings)
        self.pages = Pages(Parts(self.spool, self.feed, self.settling, self.clock))

    async def page(
        self,
        target: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> Response:
        """What is answered."""
        return await self.pages(exchange(request(method, target, list(headers), body)))

    async def get(self, target: str) -> Any:
        """What one page says."""
        answer = await self.page(f"/_sidecar/{target}")
        return said_in(answer)

    async def settle(self, *said: dict[str, Any], **more: Any) -> Any:
        """Hand on a webhook with these statuses."""
        webhook = {"entry": [{"changes": [{"value": {"statuses": [*said]}}]}], **more}
        answer = await self.page(
            "/_sidecar/deliveries/settle", "POST", json.dumps(webhook).encode()
        )
        return said_in(answer)


def said_in(answer: Response) -> Any:
    """The JSON of an answer that is whole."""
    assert isinstance(answer.body, BytesBody)
    return json.loads(answer.body.data)
