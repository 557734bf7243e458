"""Simulated providers whose absolute URLs lead nowhere, as from a machine without a way out.

Only the sidecar has their real addresses. A client that follows a URL as the provider wrote it
meets a port that refuses.
"""

from collections.abc import Mapping

from sidecar.demo.authority import AUTHORITY
from sidecar.demo.targets import Provider
from tests.support.ports import free_port
from tests.support.simulated import Apps, Simulated


class Nowhere(str):
    """An authority at which nobody listens, and which every `Host` is taken for."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def make_unreachable(apps: Apps) -> Mapping[Provider, str]:
    """Let running simulators name another origin than their own; which, by provider."""
    origins: dict[Provider, str] = {}
    for name, app in apps.items():
        app[AUTHORITY].value = Nowhere(f"127.0.0.1:{free_port()}")
        origins[name] = f"http://{app[AUTHORITY].value}"
    return origins


def only_through(simulators: Simulated) -> str:
    """A configuration by which the sidecar, and nobody else, reaches `simulators`."""
    lines = ["listen: {proxy: 127.0.0.1:0, ops: 127.0.0.1:0, admin: null}"]
    lines += ["log: {level: error}", "upstreams:"]
    for name, origin in make_unreachable(simulators.apps).items():
        more = f"returned_urls: {{origins: ['{origin}']}}"
        url = f"preset: {name}, url: '{simulators.urls[name]}', port: {free_port()}"
        lines.append(f"  {name}: {{{url}, {more}}}")
    return "\n".join(lines)
