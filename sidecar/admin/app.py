"""The admin listener's application: endpoints behind the guard, errors as JSON, writes audited.

To add endpoints: a file with a function that gives them, and one line where this is called.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from sidecar.admin.asked import MOST_BYTES
from sidecar.admin.audit import audited
from sidecar.admin.dashboard import add_dashboard, assets
from sidecar.admin.endpoint import Answer, Endpoint, Refused
from sidecar.admin.guard import guard_of, guarding
from sidecar.admin.rendering import render, strict_headers, wants_text
from sidecar.config import Address
from sidecar.config.admin import Admin

_log = logging.getLogger("sidecar.admin")
_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_admin_app(
    admin: Admin,
    address: Address,
    endpoints: Sequence[Endpoint],
    admin_now: Callable[[], Admin] | None = None,
) -> web.Application:
    """The application of the admin listener.

    Args:
        admin: who may use it.
        address: where it will listen, as configured.
        endpoints: what it serves, beside the index of them.
        admin_now: who may use it at the time of a request; by default `admin`, always.

    Raises:
        OSError: others than this machine reach it, and no token is configured.
    """
    first = guard_of(admin, address)
    guard = (lambda: guard_of(admin_now(), address)) if admin_now else (lambda: first)
    app = web.Application(
        middlewares=[audited, _errors_as_answers, guarding(guard, assets())],
        client_max_size=MOST_BYTES,
    )
    add_dashboard(app)
    for each in (_index(endpoints), *endpoints):
        app.router.add_route(each.method, each.path, _handler(each))
        if each.method == "GET":
            app.router.add_route("HEAD", each.path, _handler(each))
    app.on_response_prepare.append(strict_headers)
    return app


def _index(endpoints: Sequence[Endpoint]) -> Endpoint:
    rows = [
        {"method": each.method, "path": each.shown or each.path, "does": each.text}
        for each in endpoints
    ]

    async def index(_: web.Request) -> Answer:
        return Answer(rows)

    return Endpoint("GET", "/admin", "this list", index)


def _handler(endpoint: Endpoint) -> _Next:
    async def handle(request: web.Request) -> web.StreamResponse:
        return render(await endpoint.handle(request), text=wants_text(request))

    return handle


@web.middleware
async def _errors_as_answers(request: web.Request, handler: _Next) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as error:
        answer = _error(request, error.status, error.message)
        if error.status == 401:
            answer.headers["WWW-Authenticate"] = 'Bearer realm="sidecar admin"'
        return answer
    except web.HTTPException as error:
        answer = _error(request, error.status, error.reason.lower())
        if allow := error.headers.get("Allow"):
            answer.headers["Allow"] = allow
        return answer
    except Exception:
        _log.exception("an admin endpoint failed")
        return _error(request, 500, "a fault of the sidecar; its log says which")


def _error(request: web.Request, status: int, message: str) -> web.Response:
    return render(Answer({"error": message}, status), text=wants_text(request))
