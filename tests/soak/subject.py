"""The sidecar as a process: started, reloaded, drained, killed, and measured."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from pathlib import Path

from sidecar.config import Address
from tests.support.ports import free_port
from tests.support.process import open_files, resident
from tests.support.raw import ask, get

ROOT = Path(__file__).parents[2]
START = 60.0
CONFIG = """
listen: {{proxy: "127.0.0.1:{port}", ops: "127.0.0.1:{ops}", admin: null}}
log: {{level: warning}}
drain_timeout: 3s
upstreams:
  api:
    url: http://127.0.0.1:{rows}
    timeouts: {{connect: 1s, first_byte: 2s, idle: 3s, send: 3s, total: 6s}}
    limit: {{inflight: 50, max_wait: 2s}}
    retry: {{attempts: {attempts}, base: 50ms}}
    breaker: {{hold: 1s}}
    routes:
      - name: lists
        match: {{methods: [GET], path: /rest/v1/lists}}
        cache:
          ttl: 5s
          tags: table
          prefetch: [{{target: "/rest/v1/items?id=eq.{{$.rows[*].id}}"}}]
      - name: items
        match: {{path: /rest/v1/**}}
        cache: {{ttl: {ttl}, stale_while_revalidate: 2s, stale_if_error: 1m, tags: table}}
        invalidates: [table]
        hedge: {{enabled: true}}
      - {{name: stream, match: {{path: /stream/**}}}}
      - {{name: raw, match: {{path: /raw/**}}}}
  pay:
    url: http://127.0.0.1:{rows}
    timeouts: {{connect: 1s, first_byte: 2s, total: 6s}}
    ledger: {{honoured: false}}
  msg:
    url: http://127.0.0.1:{messages}
    timeouts: {{connect: 1s, first_byte: 2s, total: 6s}}
    routes:
      - name: messages
        match: {{methods: [POST], path: "/{{version}}/{{phone_number_id}}/messages"}}
        queue:
          mode: always
          order: phone_number_id+$.to
          expires: 1d
          schedule: {{base: 100ms, cap: 1s}}
          attempts: 1000
stores:
  secret: a secret of the soak
  memory: {{max_size: 1MiB, max_object: 60000B}}
  shared: {{kind: redis, url: "{redis}"}}
  spool: {{kind: sqlite, path: "{spool}/spool.db", max_size: 64MiB}}
"""
BROKEN = "upstreams: {api: {url: ftp://nowhere, retries: 3}}\n"


class Subject:
    """`sidecar run`, with its configuration and its log in `folder`."""

    def __init__(self, folder: Path, places: dict[str, object], extra: dict[str, str]) -> None:
        self.address = Address("127.0.0.1", free_port())
        self._ops = Address("127.0.0.1", free_port())
        self._places = {**places, "port": self.address.port, "ops": self._ops.port}
        self._file = folder / "sidecar.yaml"
        self._log = folder / "sidecar.log"
        self._extra = extra
        self.process: Process | None = None
        self.starts = 0

    def write(self, *, attempts: int = 3, ttl: str = "5s") -> None:
        """Write the configuration."""
        self._file.write_text(CONFIG.format(attempts=attempts, ttl=ttl, **self._places))

    def break_file(self) -> None:
        """Write what is none."""
        self._file.write_text(BROKEN)

    async def start(self) -> None:
        """Run it, until it serves."""
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "sidecar", "run", "-c", str(self._file)),
                cwd=ROOT,
                env={**os.environ, "PYTHONFAULTHANDLER": "1", **self._extra},
                stdout=log,
                stderr=log,
            )
        self.starts += 1
        async with asyncio.timeout(START):
            while True:
                assert self.process.returncode is None, self._log.read_text()[-2000:]
                with suppress(OSError, EOFError):
                    if (await ask(self._ops, get("/health/ready"))).status == 200:
                        return
                await asyncio.sleep(0.02)

    def signal(self, number: int) -> None:
        """SIGHUP reads the configuration again."""
        assert self.process is not None
        self.process.send_signal(number)

    async def end(self, number: int) -> int:
        """By SIGTERM or SIGKILL: its exit code."""
        self.signal(number)
        assert self.process is not None
        async with asyncio.timeout(20):
            return await self.process.wait()

    async def close(self) -> None:
        """Leave nothing behind."""
        if self.process is not None and self.process.returncode is None:
            await self.end(signal.SIGKILL)

    async def sample(self) -> dict[str, float]:
        """Memory, files, and what it says of itself."""
        assert self.process is not None
        pid = self.process.pid
        page = (await ask(self._ops, get("/metrics"))).body.decode()
        found = {"rss": float(resident(pid)), "files": float(open_files(pid))}
        for name in (
            "sidecar_inflight_exchanges",
            "sidecar_limit_inflight",
            "sidecar_pool_open_connections",
        ):
            found[name] = sum(
                float(line.rpartition(" ")[2])
                for line in page.splitlines()
                if line.startswith((f"{name}{{", f"{name} "))
            )
        return found
