"""The calls that the application makes for one request, ready to be sent. Pure."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from bench.app.schedule import Request
from bench.app.spec import Spec
from sidecar.demo.plan import CALLS_PER_ARRIVAL, media_id
from sidecar.demo.targets import TARGETS, Provider

SERVICE = "service"
"""Who asks where no user does."""
_EXPIRES = 4102444800  # 2100-01-01


class Call(NamedTuple):
    """One request of the application to a provider."""

    number: int
    resource: str
    provider: Provider
    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]
    caller: str
    tags: tuple[str, ...]
    timeout: float
    """Seconds that the application waits, as it did before anything was optimised."""


def steps(spec: Spec, request: Request) -> list[Call]:
    """What is asked before the application answers, one after the other."""
    names = request.endpoint.steps
    if request.endpoint.name.endswith("/send"):  # it has the account in memory
        names = tuple(name for name in names if name != "rest.account")
    return list(_calls(spec, request, names, 0))


def background(spec: Spec, request: Request) -> list[Call]:
    """What is done after it has answered: the reply of the bot."""
    names = request.endpoint.background if request.replies else ()
    return list(_calls(spec, request, names, len(request.endpoint.steps)))


def _calls(spec: Spec, request: Request, names: Sequence[str], first: int) -> Iterator[Call]:
    values = values_of(spec, request)
    is_hook = bool(request.endpoint.background)
    for index, name in enumerate(names, start=first):
        target, data = TARGETS[name], spec.data[name]
        own = {"conv": str(1 + request.media)} if name == "rest.message" else {}
        path, body = target.fill({**values, **own})
        caller = f"user-{values['user']}" if data.of_user and not is_hook else SERVICE
        group = spec.workload.resources[name].timeout_group
        yield Call(
            request.number * CALLS_PER_ARRIVAL + index,
            name,
            target.provider,
            target.method,
            path,
            body,
            headers_of(target.provider, caller, with_body=bool(body)),
            caller,
            spec.tags(data.tags, values),
            spec.workload.timeouts_s["before"][group],
        )


def values_of(spec: Spec, request: Request) -> dict[str, str]:
    """What the variables of targets and tags stand for."""
    account = request.conversation % spec.workload.accounts
    return {
        "user": str(1 + request.user),
        "acct": str(1 + account),
        "acct_phone": f"1555000{account:04}",
        "conv": str(1 + request.conversation),
        "prof": str(1 + request.conversation % spec.workload.profiles),
        "media": media_id(request.media),
        "phone": f"4917600{request.conversation:05}",
        "phone_id": f"10000000{account:04}",
        "wamid": f"wamid.{request.number}",
        "graph": "v23.0",
        "gemini": "v1beta",
        "model": "gemini-2.5-flash",
    }


@lru_cache(maxsize=1024)
def headers_of(provider: Provider, caller: str, *, with_body: bool) -> Mapping[str, str]:
    """The credentials, as each provider wants them."""
    content = {"Content-Type": "application/json"} if with_body else {}
    if provider == "gemini":
        return {**content, "x-goog-api-key": "bench"}
    if provider == "supabase":
        return {**content, "apikey": token(SERVICE), "Authorization": f"Bearer {token(caller)}"}
    return {**content, "Authorization": "Bearer bench"}


@lru_cache(maxsize=1024)
def token(caller: str) -> str:
    """A JWT of `caller`, in shape; nobody verifies it."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": caller, "exp": _EXPIRES})
    words = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*words, b"c2lnbmF0dXJl"]).decode()


def caller_of(authorization: str) -> str:
    """Whose token it is; "" where there is none that can be read."""
    try:
        payload = authorization.removeprefix("Bearer ").split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])
    except (IndexError, KeyError, ValueError):
        return ""
