"""Who is measured beside the sidecar: where each program comes from, and what it lacks here."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench import tools
from bench.peers import SIDECAR
from bench.proxy.peers import caddy, envoy, haproxy, mitmproxy, nginx, node, sidecar, varnish
from bench.proxy.place import Configure
from bench.tools import HOME, MissingTool


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody who may be measured."""

    find: Callable[[], str]
    """The path of the program, fetched where that is needed; raises `MissingTool`."""
    configure: Configure
    version: tuple[str, ...] = ("--version",)
    """What makes the program say its version."""


@dataclass(frozen=True, slots=True)
class Found:
    """A peer whose program is here."""

    program: str
    configure: Configure


def _haproxy() -> str:
    place = HOME / "usr/sbin/haproxy"
    libraries = ("liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1")
    return tools.found("haproxy", place) or tools.debian(place, "haproxy", *libraries)


def _caddy() -> str:
    place = HOME / "usr/bin/caddy"
    return tools.found("caddy", place) or tools.debian(place, "caddy")


def _mitmproxy() -> str:
    """In an environment of its own: it pins what the sidecar needs in other versions."""
    home = HOME / "mitmproxy"
    place = home / "bin/mitmdump"
    if known := tools.found("mitmdump", place):
        return known
    quiet = ("-q", "--disable-pip-version-check")
    try:
        print("bench: fetching mitmproxy", file=sys.stderr)
        tools.run([sys.executable, "-m", "venv", "--clear", str(home)], ".")
        tools.run([str(home / "bin/pip"), "install", *quiet, "mitmproxy"], ".")
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingTool("mitmproxy is missing; pip install mitmproxy") from error
    return str(place)


def _node() -> str:
    if program := shutil.which("node"):
        return program
    raise MissingTool("node is missing; on Debian: apt-get install nodejs")


PEERS: Mapping[str, Peer] = {
    SIDECAR: Peer(lambda: sys.executable, sidecar.configure),
    "nginx": Peer(tools.nginx, nginx.configure, ("-v",)),
    "haproxy": Peer(_haproxy, haproxy.configure, ("-v",)),
    "envoy": Peer(tools.envoy, envoy.configure),
    "varnish": Peer(tools.varnish, varnish.configure, ("-V",)),
    "caddy": Peer(_caddy, caddy.configure, ("version",)),
    "mitmproxy": Peer(_mitmproxy, mitmproxy.configure),
    "node": Peer(_node, node.configure),
}
"""By the name by which they are chosen, in the order in which they are shown."""


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """The peers of those names, in the usual order, the sidecar always; all, if none is named.

    Raises:
        ValueError: there is none of such a name.
    """
    for name in names:
        if name not in PEERS:
            raise ValueError(f"no peer {name!r}; there are: {', '.join(PEERS)}")
    return tuple(name for name in PEERS if not names or name in names or name == SIDECAR)


def find(names: Sequence[str]) -> tuple[dict[str, Found], dict[str, str]]:
    """Those that are here or could be fetched, and why the others are left out."""
    here, missing = {}, {}
    for name in names:
        try:
            here[name] = Found(PEERS[name].find(), PEERS[name].configure)
        except MissingTool as error:
            missing[name] = str(error)
    return here, missing


def versions(here: Mapping[str, Found]) -> dict[str, str]:
    """What the programs say of themselves, the sidecar's apart."""
    return {
        name: tools.version([found.program, *PEERS[name].version])
        for name, found in here.items()
        if name != SIDECAR
    }
