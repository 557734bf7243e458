"""The real server behind the sidecar: @supabase/lite, which is PostgreSQL in WebAssembly.

It speaks PostgREST, Supabase's auth and its storage, with row level security done by PostgreSQL.
A project is migrated once; every server starts from a copy of it, with the same ids.
"""

import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.support.ports import free_port
from tests.support.tools import missing

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
CLI = MODULES / "@supabase" / "lite" / "dist" / "cli" / "index.js"
PUBLISHABLE_KEY = "sb_publishable_for-tests-only"
SECRET_KEY = "sb_secret_for-tests-only"
JWT_SECRET = "Signs-the-tokens-of-a-project-that-holds-nothing-8231"
PATIENCE = 60.0
"""Seconds that starting, stopping or migrating may take, on a machine that is busy."""


def require_node() -> str:
    """The path of `node`, once the server is installed; else the test is skipped, or fails."""
    node = shutil.which("node")
    if node is None:
        missing("node")
    if not CLI.is_file() or not (MODULES / "@supabase" / "supabase-js").is_dir():
        missing("npm package @supabase/lite (npm ci --prefix tests/supabase)")
    return str(node)


def environment(home: Path) -> dict[str, str]:
    """What the server's commands see: no proxies, no telemetry."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "DO_NOT_TRACK": "1",
        "EXPERIMENTAL_STORAGE": "1",
        "SUPABASE_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
        "SUPABASE_SECRET_KEY": SECRET_KEY,
    }


def migrated(folder: Path) -> Path:
    """A project in `folder` whose database has been made.

    Raises:
        AssertionError: a migration failed.
    """
    shutil.copytree(HERE / "project", folder / "supabase")
    _configure(folder, free_port())
    finished = subprocess.run(
        [require_node(), str(CLI), "migration", "up"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder


def _configure(folder: Path, port: int) -> None:
    text = (HERE / "project" / "config.toml").read_text()
    text = text.replace("PORT", str(port)).replace("JWT_SECRET", JWT_SECRET)
    (folder / "supabase" / "config.toml").write_text(text)


class Server:
    """One project that is served, on a port that stays its own when it is started again."""

    def __init__(self, template: Path, folder: Path) -> None:
        shutil.copytree(template, folder)
        self._folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        _configure(folder, self.port)

    def __repr__(self) -> str:
        return f"<Server {self.url}>"

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            AssertionError: it ended, or did not answer in time.
        """
        command = [require_node(), "--import", str(HERE / "whole_reads.mjs"), str(CLI)]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "start", "--no-admin"],
                cwd=self._folder,
                env=environment(self._folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        give_up = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < give_up, self.log()
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            answer = httpx.get(
                f"{self.url}/rest/v1/accounts",
                headers={"apikey": SECRET_KEY},
                trust_env=False,
                timeout=5.0,
            )
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def log(self) -> str:
        """The end of what it wrote."""
        return (self._folder / "server.log").read_text(errors="replace")[-3000:]

    def freeze(self) -> None:
        """It neither answers nor closes a connection from now on."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """It is gone at once."""
        self._signal(signal.SIGKILL)
        self._wait()

    def close(self) -> None:
        """Stop it, if it runs."""
        if self._process is None:
            return
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        try:
            self._wait(5.0)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _wait(self, timeout: float = PATIENCE) -> None:
        assert self._process is not None
        self._process.wait(timeout)
        self._process = None


def signed(claims: Mapping[str, Any]) -> str:
    """A token with these claims that the server accepts (RFC 7519, HS256)."""
    head = _part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    text = f"{head}.{_part(json.dumps(dict(claims)).encode())}"
    return f"{text}.{_part(hmac.digest(JWT_SECRET.encode(), text.encode(), hashlib.sha256))}"


def claims_of(token: str) -> dict[str, Any]:
    """What a token says."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _part(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
