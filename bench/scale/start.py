"""How long the sidecar takes to start: from the process to the first 200 of `/health/ready`."""

import contextlib
import http.client
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.processes import Process, StartError, free_port

LONGEST = 0.5
"""Seconds that a start may take."""
_PATIENCE = 20.0
_ROOT = Path(__file__).parents[2]

_CONFIG = """listen: {{ proxy: 127.0.0.1:{proxy}, ops: 127.0.0.1:{ops}, admin: 127.0.0.1:0 }}
log: {{ level: error }}
upstreams:
  supabase: {{ preset: supabase, url: https://demo.supabase.co }}
  whatsapp: {{ preset: whatsapp, url: https://graph.facebook.com }}
  gemini: {{ preset: gemini, url: https://generativelanguage.googleapis.com }}
"""


class Start(NamedTuple):
    """One start, in seconds."""

    wall: float
    cpu: float
    """What it needs of a core: on a machine that is busy, it is the better figure."""


def starts(times: int) -> list[Start]:
    """So many starts, one after the other; the bytecode is there, as it is where pip installed.

    Raises:
        StartError: it did not become ready.
    """
    with tempfile.TemporaryDirectory() as folder:
        _start(Path(folder))  # writes the bytecode
        return [_start(Path(folder)) for _ in range(times)]


def _start(folder: Path) -> Start:
    ops = free_port()
    config = folder / "sidecar.yaml"
    config.write_text(_CONFIG.format(proxy=free_port(), ops=ops))
    dropped = ("SIDECAR_", "PYTHONDONTWRITEBYTECODE")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    command = [sys.executable, "-m", "sidecar", "run", "-c", str(config)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=_ROOT
    )
    try:
        while time.perf_counter() - began < _PATIENCE and process.poll() is None:
            if _is_ready(ops):
                return Start(time.perf_counter() - began, Process(process.pid).cpu())
            time.sleep(0.002)
    finally:
        process.terminate()
        _, said = process.communicate(timeout=20)
    raise StartError(f"it did not become ready:\n{said.decode(errors='replace')[-2000:]}")


def _is_ready(port: int) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        finally:
            connection.close()
    return False
