"""The code of docs/clients/: which blocks there are, and what it takes to run one.

A block whose info string says `run` is run as it stands, but for the sidecar's ports and the folder
of its certificates. A block of kind `ini` is the environment of those after it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.demo.supabase import SERVICE_KEY
from sidecar.demo.whatsapp.state import PHONE_ID
from tests.support.tools import NODE_DIR, require_node

FOLDER = Path(__file__).parents[2] / "docs" / "clients"
PAGES = sorted(FOLDER.glob("*.md"))
BASE, SECURE = "http://127.0.0.1:8080", "https://127.0.0.1:8443"
CERTS = "certs/"
SECONDS = 60
SECRETS = {
    "SUPABASE_KEY": SERVICE_KEY,
    "GEMINI_API_KEY": "key-1",
    "WHATSAPP_TOKEN": "token-1",
    "WHATSAPP_PHONE_ID": PHONE_ID,
    "CLOUD_API_ACCESS_TOKEN": "token-1",
}
"""What the pages leave to the environment."""

_BLOCK = re.compile(r"^```(python|js|ini) run\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PYTHON = re.compile(r"^(?:import|from) (\w+)", re.MULTILINE)
_JS = re.compile(r"from '((?:@[^/']+/)?[^/']+)")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of code in a page."""

    page: str
    line: int
    kind: str
    text: str
    variables: Mapping[str, str]

    @property
    def id(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def modules(self) -> list[str]:
        """The Python modules that it imports, at the top level."""
        return _PYTHON.findall(self.text) if self.kind == "python" else []

    def run(self, base: str, secure: str, certs: Path) -> str:
        """What it prints, with the sidecar at `base`, with TLS at `secure`.

        Raises:
            AssertionError: it failed.
        """

        def placed(text: str) -> str:
            return text.replace(BASE, base).replace(SECURE, secure).replace(CERTS, f"{certs}/")

        text = placed(self.text)
        if self.kind == "js":
            node = require_node(*_JS.findall(self.text))
            command = [node, "--input-type=module", "-e", text]
        else:
            command = [sys.executable, "-c", text]
        told = {name: placed(value) for name, value in self.variables.items()}
        kept = {name: os.environ.get(name, "/") for name in ("PATH", "HOME")}
        done = subprocess.run(
            command,
            cwd=NODE_DIR,  # where Node finds the packages
            env={**kept, **told, **SECRETS},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


def blocks() -> Iterator[Block]:
    """All of them, in order."""
    for page in PAGES:
        text, variables = page.read_text(), {}
        for found in _BLOCK.finditer(text):
            if found[1] == "ini":
                variables = dict(line.split("=", 1) for line in found[2].splitlines())
                continue
            line = text.count("\n", 0, found.start()) + 1
            yield Block(page.stem, line, found[1], found[2], variables)
