"""One request to the storage server, taken apart."""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sidecar.demo.supabase.storage.objects import StorageError, Store
from sidecar.demo.supabase.target import Target


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, taken apart."""

    request: web.Request
    store: Store
    now: float
    target: Target
    path: tuple[str, ...]
    """The segments that name the bucket and the object."""

    @property
    def bucket(self) -> str:
        """The first of them."""
        return self.path[0] if self.path else ""

    @property
    def name(self) -> str:
        """The others."""
        return "/".join(self.path[1:])

    async def json(self) -> dict[str, Any]:
        """The body."""
        return await read_json(self.request)


async def read_json(request: web.Request) -> dict[str, Any]:
    """The body as an object; empty where there is none."""
    text = await request.read()
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        raise StorageError(400, "invalid_json", "Body is not valid JSON") from None
    return value if isinstance(value, dict) else {}
