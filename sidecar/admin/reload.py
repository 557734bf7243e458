"""`POST /admin/reload`: the configuration is read again, and put in force if it can be used.

And endpoints that go by the configuration in force. Knows nothing of how one gets there.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from sidecar.admin.asked import asked
from sidecar.admin.endpoint import Answer, Endpoint, Refused


class Reloaded(Protocol):
    """What came of it."""

    @property
    def ok(self) -> bool:
        """Whether it is in force."""
        ...

    @property
    def changes(self) -> Sequence[str]:
        """What is new."""
        ...

    @property
    def errors(self) -> Sequence[str]:
        """What is wrong with it."""
        ...


def as_of_now(get: Callable[[], Sequence[Endpoint]]) -> Sequence[Endpoint]:
    """Endpoints that are looked up anew for each request, because what they are over may change.

    Args:
        get: those of now; always the same paths in the same order.
    """

    def looked_up(number: int) -> Callable[[web.Request], Awaitable[Answer]]:
        async def handle(request: web.Request) -> Answer:
            return await get()[number].handle(request)

        return handle

    return [each._replace(handle=looked_up(number)) for number, each in enumerate(get())]


def reload_endpoints(
    reload: Callable[[], Awaitable[Reloaded]], not_now: type[Exception]
) -> Sequence[Endpoint]:
    """The endpoint.

    Args:
        reload: does it.
        not_now: what it raises where it is not even tried.
    """

    async def take(request: web.Request) -> Answer:
        await asked(request)
        try:
            outcome = await reload()
        except not_now as error:
            raise Refused(409, str(error)) from None
        if outcome.ok:
            return Answer({"ok": True, "changes": list(outcome.changes)})
        return Answer({"ok": False, "errors": list(outcome.errors)}, 422)

    return (Endpoint("POST", "/admin/reload", "read the configuration again", take),)
