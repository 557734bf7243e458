"""`/admin/hints`: for each upstream, the lines that point each SDK at the sidecar."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from aiohttp import web

from sidecar.admin.endpoint import Answer, Endpoint
from sidecar.config import Config
from sidecar.core.hints import hints


def hint_endpoints(config: Callable[[], Config]) -> Sequence[Endpoint]:
    """The endpoint. It says what `sidecar hints --json` says of the same configuration.

    Args:
        config: with the addresses that were bound; asked for each time.
    """

    async def show(_: web.Request) -> Answer:
        return Answer([asdict(each) for each in hints(config())])

    return (Endpoint("GET", "/admin/hints", "lines to paste, for each SDK", show),)
