"""Who stands between the application and the providers, and how each is configured.

The peers get what their manuals offer for this: kept connections, repetition, and for nginx the
cache with the lifetimes of the workload's own first cache. Every duration is divided by the speed.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.app import envoy, nginx
from bench.tools import Tools
from sidecar.demo.targets import PROVIDERS, Provider

ROOT = Path(__file__).parents[2]
SHIPPED, EVERY = "sidecar", "sidecar, every opt-in"
OWN_PORTS = 4
NAMES = ("direct", "Envoy", "nginx", SHIPPED, EVERY)
CONFIGS: Mapping[str, Path] = {
    SHIPPED: ROOT / "config/sidecar.yaml",
    EVERY: ROOT / "config/max-effect.yaml",
}
_URLS: Mapping[Provider, str] = {
    "supabase": "SUPABASE_URL",
    "whatsapp": "WHATSAPP_URL",
    "whatsapp-media": "WHATSAPP_MEDIA_URL",
    "gemini": "GEMINI_URL",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a contender stands."""

    ports: Mapping[Provider, int]
    """Of the providers behind it."""
    own: tuple[int, ...]
    """`OWN_PORTS` for itself; the first is for the application."""
    folder: Path
    """For its files."""
    certificate: Path
    """Whom to trust."""
    scale: float


@dataclass(frozen=True, slots=True)
class Contender:
    """One of those that are compared."""

    name: str
    bases: Sequence[str]
    """What the application calls, in the order of `PROVIDERS`."""
    command: tuple[str, ...] = ()
    """Nothing to start where the application calls the providers themselves."""
    port: int = 0


def contender(name: str, at: Setting, tools: Tools, configs: Mapping[str, Path]) -> Contender:
    """The contender of that name, its files written."""
    if name == "direct":
        return Contender(name, [f"https://127.0.0.1:{at.ports[each]}" for each in PROVIDERS])
    port = at.own[0]
    bases = [f"http://127.0.0.1:{port}/{each}" for each in PROVIDERS]
    if name == "nginx":
        command = nginx.command(tools.nginx, at.folder, port, at.ports, at.scale)
    elif name == "Envoy":
        ca = at.certificate
        command = envoy.command(tools.envoy, at.folder, port, at.ports, ca, at.scale)
    else:
        command = _sidecar(configs[name], at)
    return Contender(name, bases, command, port)


def _sidecar(config: Path, at: Setting) -> tuple[str, ...]:
    """`sidecar run` with the file as it is; only addresses and the log's level are others."""
    proxy, ops, admin, gemini = at.own
    environment = {
        **{_URLS[name]: f"https://127.0.0.1:{one}" for name, one in at.ports.items()},
        "SSL_CERT_FILE": str(at.certificate),
        "SIDECAR__LISTEN__PROXY": f"127.0.0.1:{proxy}",
        "SIDECAR__LISTEN__OPS": f"127.0.0.1:{ops}",
        "SIDECAR__LISTEN__ADMIN": f"127.0.0.1:{admin}",
        "SIDECAR__UPSTREAMS__GEMINI__PORT": str(gemini),
        "SIDECAR__LOG__LEVEL": "warning",
    }
    if "spool:" in config.read_text():
        environment["SIDECAR__STORES__SPOOL__PATH"] = str(at.folder / "spool.db")
    module = ("sidecar",) if at.scale == 1 else ("bench.app.compressed", str(at.scale))
    run = ("-m", *module, "run", "-c", str(config))
    return ("env", *(f"{k}={v}" for k, v in environment.items()), sys.executable, *run)
