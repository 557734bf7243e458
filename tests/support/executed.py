"""`sidecar exec` in a process of its own, with a child whose code a test writes.

A child has `say(word)` and `get(path)`, which calls through the sidecar and returns the status.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

PATIENCE = 20.0

_YAML = """\
listen: {{proxy: "127.0.0.1:{port}", ops: "127.0.0.1:0", admin: null}}
drain_timeout: 3s
upstreams:
  shop: {{url: "${{SHOP_URL}}"}}
"""
_PRELUDE = """\
import http.client, os, signal, sys, time
from urllib.parse import urlsplit

def say(word):
    os.write(1, f"{word}\\n".encode())

def get(path="/"):
    base = urlsplit(os.environ["SHOP_URL"])
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=10)
    connection.request("GET", base.path + path)
    return connection.getresponse().status

"""


class Executed:
    """A running `sidecar exec`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def said(self) -> str:
        """The next line that the child said."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
        return line.decode().rstrip("\n")

    async def ended(self) -> tuple[int, str, str]:
        """The exit code, what was left to read of the child's output, and the sidecar's log."""
        out, err = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()


def python(code: str) -> list[str]:
    """A command that runs this code."""
    return [sys.executable, "-c", _PRELUDE + code]


def arguments(folder: Path, command: Sequence[str], port: int = 0) -> list[str]:
    """The command line of `sidecar exec`, with its configuration written to `folder`."""
    file = folder / "sidecar.yaml"
    file.write_text(_YAML.format(port=port))
    return [sys.executable, "-m", "sidecar", "exec", "-c", str(file), "--", *command]


def environment(url: str) -> dict[str, str]:
    """What it is started with."""
    return {**os.environ, "SHOP_URL": url}


@asynccontextmanager
async def executed(
    folder: Path,
    command: Sequence[str],
    *,
    url: str = "http://127.0.0.1:9",
    port: int = 0,
    before: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Executed]:
    """Start it.

    Args:
        folder: where the configuration is written.
        command: the child's.
        url: what SHOP_URL is outside, and so the upstream's URL.
        port: of the proxy; any by default.
        before: what is put before the command line.
        env: further variables.
    """
    process = await asyncio.create_subprocess_exec(
        *before,
        *arguments(folder, command, port),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment(url), **(env or {})},
        start_new_session=True,
    )
    try:
        yield Executed(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the command too, which holds the pipes
        await process.wait()


def events(log: str) -> list[str]:
    """The names of the sidecar's own events, in their order."""
    parsed = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [each["event"] for each in parsed if each["event"] != "exchange"]
