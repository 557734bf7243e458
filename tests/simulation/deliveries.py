"""What a sidecar says of the deliveries that it has accepted."""

import json

from sidecar.config import Address
from tests.support.raw import ask, get


async def some_wait(address: Address) -> bool:
    """Whether any is not at its end yet."""
    page = await ask(address, get("/_sidecar/deliveries?state=queued,sending&limit=1"))
    return bool(json.loads(page.body)["deliveries"])


async def all_of(address: Address) -> dict[str, dict[str, object]]:
    """All of them by id, page after page."""
    found: dict[str, dict[str, object]] = {}
    after = ""
    while True:
        more = f"&after={after}" if after else ""
        answer = await ask(address, get(f"/_sidecar/deliveries?limit=500{more}"))
        page = json.loads(answer.body)
        found |= {row["id"]: row for row in page["deliveries"]}
        after = page["next"]
        if not after:
            return found
