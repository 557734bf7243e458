"""A copy of what documents are read in: a folder, a shell, and ports of its own.

Commands are run as they stand there, but for ports, for the address of a project that nobody has,
and for what a placeholder stands for.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.blocks import ROOT
from tests.support.tools import missing

PATIENCE = 20.0
COPIED = ("config", "deploy")
USUAL = {"proxy": 8080, "ops": 9090, "admin": 9901, "gemini": 8084, "tls": 8443}
"""The ports in the documents."""
_STATE = "environment.sh"


@dataclass(slots=True)
class Sandbox:
    """Where the commands of one document are run, one block after the other."""

    folder: Path
    ports: Mapping[str, int]
    instead: Mapping[str, str] = field(default_factory=dict)
    """What stands in the document, and what is meant by it here."""
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in COPIED:
            shutil.copytree(ROOT / name, self.folder / name)
        for path in self.folder.glob("config/*.yaml"):
            path.write_text(self.placed(path.read_text()))

    def placed(self, text: str) -> str:
        """Text of a document as it is meant here."""
        for old, new in self.instead.items():
            text = text.replace(old, new)
        for name, usual in USUAL.items():
            text = re.sub(rf"(?<=[: ]){usual}\b", str(self.ports[name]), text)
        return text

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run lines in a shell that knows what the lines before have exported."""
        if script.startswith("curl ") and shutil.which("curl") is None:
            missing("curl")
        state = self.folder / _STATE
        before = f". {state}\n" if state.exists() else ""
        after = f"\nexport -p > {state}\n"
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", before + self.placed(script) + after],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @contextmanager
    def begun(self, command: str) -> Iterator[None]:
        """Something that goes on until the block ends; ready when `healthcheck` says so."""
        state, log = self.folder / _STATE, self.folder / "begun.log"
        before = f". {state}; " if state.exists() else ""
        with log.open("w") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"{before}exec {self.placed(command)}"],
                cwd=self.folder,
                env=self._environment(),
                stdout=output,
                stderr=output,
            )
        try:
            self._ready(process, log)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) in (0, 1), log.read_text()

    def _ready(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        until = time.monotonic() + PATIENCE
        while self.run("sidecar healthcheck").returncode:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        listeners = {
            f"SIDECAR__LISTEN__{name.upper()}": f"127.0.0.1:{self.ports[name]}"
            for name in ("proxy", "ops", "admin")
        }
        asked = {
            "SIDECAR_ADMIN": f"127.0.0.1:{self.ports['admin']}",
            "SIDECAR_OPS": f"127.0.0.1:{self.ports['ops']}",
        }
        home = {"HOME": str(self.folder), "NO_COLOR": "1", "COLUMNS": "120"}
        return {"PATH": path, **home, **listeners, **asked, **self.env}
