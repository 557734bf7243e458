"""The ways to reach a simulated provider: directly, by the sidecar's prefix, by its own port.

Every way gets simulators of its own, fresh and with the same clock, so that the same checks must
give the same answers.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from sidecar.config import Config
from sidecar.demo.targets import Provider
from sidecar.loader import loads
from tests.support.ports import free_port
from tests.support.sidecar import sidecar_in_thread
from tests.support.simulated import Apps, simulated
from tests.support.tools import NODE_DIR, require_node

Way = Literal["direct", "prefix", "port"]
WAYS: tuple[Way, ...] = ("direct", "prefix", "port")
ONCE = "retry: {attempts: 1}"
AS_THEY_ARE = "returned_urls: {headers: [], json: []}"
AT_ONCE = "routes: [{name: messages, pace: []}, {name: marketing-messages, pace: []}]"
THROUGH: tuple[Way, ...] = ("prefix", "port")
NODE_TIMEOUT = 120.0
_ORIGIN = re.compile(
    r"http(:\\?/\\?/)127\.0\.0\.1:\d+"
    r"(\\?/[a-z-]+(?=\\?/(?:v\d|whatsapp_business|media-|upload)))?"
)

Transcript = list[dict[str, Any]]


def config_for(urls: Mapping[Provider, str], *, returned_urls: bool = True) -> Config:
    """A configuration with an upstream, and a port, for each provider that has a preset.

    Each call is one attempt: a repetition would be seen by the simulators, which count. Messages do
    not wait for their turn, because the checks write to one recipient more often than Meta lets.
    Without `returned_urls`, those that a provider hands out stay as they are.
    """
    listen = "listen: {proxy: 127.0.0.1:0, ops: 127.0.0.1:0, admin: null}"
    lines = [listen, "log: {level: error}", "upstreams:"]
    for name, url in urls.items():
        more = [ONCE]
        more += [AT_ONCE] if name == "whatsapp" else []
        more += [] if returned_urls else [AS_THEY_ARE]
        upstream = f"preset: {name}, url: '{url}', port: {free_port()}, {', '.join(more)}"
        lines.append(f"  {name}: {{{upstream}}}")
    return loads("\n".join(lines), env={}).config


@contextmanager
def reached(way: Way, provider: Provider, make: Callable[[], Apps]) -> Iterator[str]:
    """The base URL by which `provider` is reached in this way, while it runs."""
    with simulated(make) as simulators:
        if way == "direct":
            yield simulators.urls[provider]
            return
        with sidecar_in_thread(config_for(simulators.urls)) as sidecar:
            by_port = way == "port"
            yield sidecar.port_url(provider) if by_port else f"{sidecar.proxy_url}/{provider}"


def comparable(lines: Transcript) -> Transcript:
    """The transcript with the origin of every URL, and a prefix after it, left out."""
    text = json.dumps(lines, ensure_ascii=False, default=str)
    compared: Transcript = json.loads(_ORIGIN.sub(r"http\1origin", text))
    return compared


def transcript_of_node(script: str, *arguments: str, packages: tuple[str, ...]) -> Transcript:
    """What a script in `node/` prints: one JSON object a line.

    Raises:
        AssertionError: the script failed.
    """
    node = require_node(*packages)
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    finished = subprocess.run(
        [node, script, *arguments],
        cwd=NODE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=NODE_TIMEOUT,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return [json.loads(line) for line in finished.stdout.split("\n") if line]


def failures(lines: Transcript) -> dict[str, Any]:
    """The checks that ended in an error, with its code."""
    return {
        line["check"]: line["answer"].get("code")
        for line in lines
        if isinstance(line["answer"], dict) and "error" in line["answer"]
    }


def differences(here: Transcript, there: Transcript) -> list[tuple[Any, Any]]:
    """The pairs of lines that differ, for a readable failure."""
    pairs = zip(here, there, strict=True)
    return [(one, other) for one, other in pairs if one != other]
