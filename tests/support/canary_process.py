"""`sidecar run` with a secret in every place of its configuration, and what it writes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sidecar.config import Address
from tests.support.canaries import ENVIRONMENT, canary
from tests.support.ports import free_port
from tests.support.raw import ask, get

CONFIG = """\
listen: {{proxy: "127.0.0.1:{proxy}", ops: "127.0.0.1:{ops}", admin: "127.0.0.1:{admin}"}}
log: {{level: debug, format: {format}}}
admin: {{token: "${{ADMIN_TOKEN}}"}}
drills: {{allowed: true}}
reload: {{watch: false}}
tracing: {{endpoint: "{collector}", headers: {{X-Token: "${{COLLECTOR_TOKEN}}"}}}}
stores:
  secret: ${{STORE_SECRET}}
  shared: {{kind: redis, url: "${{REDIS_URL}}", timeout: 500ms}}
  spool: {{kind: sqlite, path: "{folder}/spool.db", key: "${{SPOOL_KEY}}"}}
upstreams:
  api:
    url: {url}
    timeouts: {{connect: 300ms, first_byte: 150ms, total: 2s}}
    retry: {{attempts: 2, base: 1ms, cap: 2ms}}
    breaker: {{key: upstream+credential, hold: 0s}}
    cache: {{ttl: 60s}}
    ledger: {{store: shared}}
    routes:
      - name: later
        match: {{methods: [POST], path: "/later/**"}}
        queue:
          mode: always
          callback: {{url: "{url}/called", secret: "${{CALLBACK_SECRET}}"}}
  keyed:
    url: {url}
    timeouts: {{connect: 300ms, first_byte: 150ms, total: 2s}}
    credentials: {{header: x-goog-api-key, query: key, value: "${{UPSTREAM_KEY}}"}}
  down:
    url: http://127.0.0.1:1
    timeouts: {{connect: 300ms, first_byte: 150ms, total: 2s}}
    breaker: {{hold: 0s}}
    retry: {{attempts: 2, base: 1ms, cap: 2ms}}
"""


class Process:
    """`sidecar run` with all that holds secrets, and everything that it writes."""

    def __init__(
        self, folder: Path, process: asyncio.subprocess.Process, ports: list[Address]
    ) -> None:
        self.folder, self.process = folder, process
        self.proxy, self.ops, self.admin = ports

    def written(self) -> str:
        """What it wrote to both of its streams."""
        return (self.folder / "output").read_text(errors="replace")

    async def look(self, path: str, *fields: str) -> bytes:
        """All bytes of what the admin listener says."""
        token = f"Authorization: Bearer {ENVIRONMENT['ADMIN_TOKEN']}"
        answer = await ask(self.admin, get(path, token, *fields, host=str(self.admin)))
        return answer.head + answer.body


@asynccontextmanager
async def running(
    folder: Path, redis_url: str, *, url: str, collector: str, form: str
) -> AsyncIterator[Process]:
    """The process, until it has ended by SIGTERM."""
    ports = [free_port() for _ in range(3)]
    names = dict(zip(("proxy", "ops", "admin"), ports, strict=True))
    text = CONFIG.format(folder=folder, url=url, collector=collector, format=form, **names)
    (folder / "sidecar.yaml").write_text(text)
    environment = {**ENVIRONMENT, "REDIS_URL": redis_url, "NO_PROXY": "*"}
    with (folder / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sidecar", "run", "-c", str(folder / "sidecar.yaml")),
            stdout=output,
            stderr=output,
            env=environment,
        )
    addresses = [Address("127.0.0.1", port) for port in ports]
    subject = Process(folder, process, addresses)
    try:
        async with asyncio.timeout(15):
            while b"live" not in await _tried(subject.ops):
                assert process.returncode is None, subject.written()
                await asyncio.sleep(0.05)
        yield subject
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _tried(ops: Address) -> bytes:
    try:
        return (await ask(ops, get("/health/live"))).body
    except (OSError, asyncio.IncompleteReadError):
        return b""


async def command(folder: Path, *arguments: str) -> bytes:
    """What a command of the command line prints, with the variables that an operator has."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sidecar", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={**ENVIRONMENT, "REDIS_URL": f"redis://:{canary('redis')}@127.0.0.1:1/0"},
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return output
