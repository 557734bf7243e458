"""What a configuration allows and its surroundings defeat: proxies in the environment, circles.

Pure: asks nobody and opens no connection. Messages never hold a value, which may be a credential.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from sidecar.config import Address, Config
from sidecar.loader import Loaded, Origin, Problem, dotted

_Path = tuple[str, ...]
_ANYWHERE = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - compared, not bound
_LOOPBACK = ("127.0.0.1", "localhost")


class _Listener(NamedTuple):
    address: Address
    path: _Path
    tls: bool


def surroundings(found: Loaded, environment: Mapping[str, str]) -> tuple[Problem, ...]:
    """Warnings about what would defeat this configuration silently.

    Args:
        found: the configuration.
        environment: that of the sidecar, which is often the application's as well.
    """
    checks = (_past_the_sidecar, _not_through_the_proxy)
    of_variables = [each for check in checks for each in check(found.config, environment)]
    return (*of_variables, *_upstreams(found, environment))


def variable(environment: Mapping[str, str], *names: str) -> str | None:
    """The first of these variables that is set, read as clients do.

    In lower case first, and an empty one is none (`urllib.request.getproxies_environment`).
    """
    for name in names:
        for spelled in (name.lower(), name.upper()):
            if spelled in environment:
                if environment[spelled]:
                    return spelled
                break
    return None


def exempt(environment: Mapping[str, str], host: str) -> bool:
    """Whether NO_PROXY names `host` in a way that all clients read: itself, or a domain above it.

    Networks (`127.0.0.0/8`) are read by some only.
    """
    name = variable(environment, "no_proxy")
    entries = environment[name].lower().split(",") if name else ()
    for entry in (each.strip().lstrip(".") for each in entries):
        if entry == "*" or (entry and (host == entry or host.endswith(f".{entry}"))):
            return True
    return False


def _past_the_sidecar(config: Config, environment: Mapping[str, str]) -> Iterator[Problem]:
    """Clients that take proxies from the environment send calls for the sidecar there."""
    listeners = list(_for_application(config))
    for tls, scheme in ((False, "http_proxy"), (True, "https_proxy")):
        name = variable(environment, scheme, "all_proxy")
        hosts = [each.address.host for each in listeners if each.tls is tls and each.address.host]
        used = dict.fromkeys(each for host in hosts for each in _names(host))
        missing = [host for host in used if not exempt(environment, host)]
        if name and missing:
            yield Problem(
                Origin(f"env {name}"),
                (),
                "is set, and NO_PROXY leaves out the sidecar: httpx, requests and others in this "
                f"environment would call it through that proxy; set NO_PROXY={','.join(missing)}",
                severity="warning",
            )


def _not_through_the_proxy(config: Config, environment: Mapping[str, str]) -> Iterator[Problem]:
    """The sidecar itself uses no proxy."""
    names: dict[str, list[str]] = {}
    for upstream, settings in config.upstreams.items():
        url = urlsplit(settings.url)
        host = url.hostname or ""
        name = variable(environment, f"{url.scheme}_proxy", "all_proxy")
        if name and not _is_loopback(host) and not exempt(environment, host):
            names.setdefault(name, []).append(upstream)
    for name, upstreams in names.items():
        yield Problem(
            Origin(f"env {name}"),
            (),
            f"is not used by the sidecar: it calls {', '.join(upstreams)} without a proxy; where "
            "that works, name their hosts in NO_PROXY or unset the variable for the sidecar",
            severity="warning",
        )


def _upstreams(found: Loaded, environment: Mapping[str, str]) -> Iterator[Problem]:
    """A URL at which no API is: the sidecar itself, or a proxy."""
    ops = _Listener(found.config.listen.ops, ("listen", "ops"), tls=False)
    listeners = [*_for_application(found.config), ops]  # the loader refuses the admin's
    proxies = {
        _place(environment[name])
        for scheme in ("http_proxy", "https_proxy", "all_proxy")
        if (name := variable(environment, scheme))
    }
    for name, upstream in found.config.upstreams.items():
        path: _Path = ("upstreams", name, "url")
        host, port = _place(upstream.url)
        own = next((each for each in listeners if _leads_to(host, port, each.address)), None)
        if own:
            message = f"leads to the sidecar itself ({dotted(own.path)}): calls would go in circles"
        elif (host, port) in proxies:
            message = "is a proxy of this environment, not an API: write the URL of the API"
        else:
            continue
        yield Problem(found.origins[path], path, message, severity="warning")


def _for_application(config: Config) -> Iterator[_Listener]:
    listen = config.listen
    for address in listen.proxy:
        yield _Listener(address, ("listen", "proxy"), tls=False)
    for address in listen.proxy_tls:
        yield _Listener(address, ("listen", "proxy_tls"), tls=True)
    host = next((each.host for each in listen.proxy if each.host), "127.0.0.1")
    for name, upstream in config.upstreams.items():
        for key, port in (("port", upstream.port), ("tls_port", upstream.tls_port)):
            if port is not None:
                yield _Listener(
                    Address(host, port), ("upstreams", name, key), tls=key == "tls_port"
                )


def _names(host: str) -> tuple[str, ...]:
    """By what clients on this machine call a listener on `host`."""
    if host in _ANYWHERE or host in _LOOPBACK:
        return _LOOPBACK
    return (host, "localhost") if _is_loopback(host) else (host,)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _place(url: str) -> tuple[str, int]:
    """Host and port; port 0, which nobody has, where the text is no URL."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        port = parts.port
    except ValueError:
        return "", 0
    return parts.hostname or "", port or (443 if parts.scheme == "https" else 80)


def _leads_to(host: str, port: int, listener: Address) -> bool:
    if not listener.port or port != listener.port:
        return False
    if listener.host in _ANYWHERE:
        return host == "localhost" or _is_loopback(host) or host in _ANYWHERE
    return host == listener.host or (
        "localhost" in (host, listener.host) and _is_loopback(host) and _is_loopback(listener.host)
    )
