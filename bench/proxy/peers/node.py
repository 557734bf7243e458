"""Node: `node.mjs` beside this file, plain `node:http` with an agent that keeps connections."""

import json
from pathlib import Path

from bench.proxy.place import TARGETS, TLS, Contender, Place, behind

_SCRIPT = Path(__file__).parent / "node.mjs"


def configure(program: str, at: Place) -> Contender:
    """One server, an upstream for each target."""
    settings = {
        "port": at.port,
        "ca": str(at.authority),
        "upstreams": {
            target: {"port": at.ports[target], "tls": target == TLS} for target in TARGETS
        },
    }
    config = at.write("node.json", json.dumps(settings))
    return Contender("Node", (program, str(_SCRIPT), config), behind(at.port))
