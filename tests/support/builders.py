"""Short ways to make configurations and values of the pipeline in tests."""

from typing import Any

from sidecar.config import Address, Breaker, Config, Listen, Log, Pool, Retry, Timeouts, Upstream
from sidecar.exchange import BytesBody, Exchange, RawHeaders, Request, Response, Timeline

LOOPBACK = Address(host="127.0.0.1", port=0)


def upstream(url: str, **settings: Any) -> Upstream:
    """An upstream at `url`. `pool` and `timeouts` may be dicts of the keys that differ."""
    if isinstance(pool := settings.get("pool"), dict):
        settings["pool"] = Pool(**pool)
    settings.setdefault("retry", Retry(attempts=1))  # what a test counts are attempts of its own
    settings.setdefault("breaker", Breaker(enabled=False))  # and none of them is held back
    if isinstance(timeouts := settings.get("timeouts"), dict):
        settings["timeouts"] = Timeouts(**timeouts)
    return Upstream(url=url, **settings)


def config(*, listen: dict[str, Any] | None = None, **settings: Any) -> Config:
    """A quiet configuration on ephemeral ports; pass `upstreams` and what differs."""
    listeners = {"proxy": (LOOPBACK,), "ops": LOOPBACK, "admin": None, **(listen or {})}
    settings.setdefault("log", Log(level="error"))
    return Config(listen=Listen(**listeners), **settings)


def one_upstream(url: str, **settings: Any) -> Config:
    """A quiet configuration with the single upstream `api`."""
    return config(upstreams={"api": upstream(url, **settings)})


def request(
    method: str = "GET",
    target: str = "/",
    headers: RawHeaders | None = None,
    body: bytes | None = None,
) -> Request:
    """A routed request."""
    return Request(method, target, headers or [], None if body is None else BytesBody(body))


def exchange(subject: Request | None = None, *, deadline: float = float("inf")) -> Exchange:
    """An exchange of the upstream `api` that starts at 0."""
    return Exchange("x1", "api", "default", subject or request(), deadline, Timeline(0.0))


def response(status: int = 200, body: bytes = b"", headers: RawHeaders | None = None) -> Response:
    """A response of the upstream."""
    return Response(status, b"OK", headers or [], BytesBody(body))
