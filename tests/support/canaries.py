"""Secrets that are told apart: one for each place where a secret can be, and who is shown which."""

import asyncio
import base64
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from sidecar.config import Address
from tests.support.otlp import collecting
from tests.support.ports import free_port
from tests.support.proxied import soon
from tests.support.raw import ask, call, connected, get
from tests.support.redis import RedisProcess, redis_server
from tests.support.steps import body, close, reply, send
from tests.support.upstream import Script, Upstream
from tests.support.wire import WireRequest

IN_REQUESTS = (
    "authorization",
    "apikey",
    "cookie",
    "query",
    "signed",
    "body",
    "path",
    "idempotency",
    "userinfo",
    "fragment",
    "refused",
    "unframed",
    "trailer",
    "upstreambody",
    "setcookie",
)
"""What the application says, and what the upstream says to it."""
HELD = ("configured", "redis", "admin", "store", "spool", "collector", "callback")
"""What the sidecar is told itself."""


def canary(place: str) -> str:
    """A word without any look of a secret: no pattern finds it, only not being shown hides it."""
    return f"canary{place}"


SPOOL_KEY = base64.b64encode(canary("spool").ljust(32).encode()).decode()
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{canary('path')}"
ENVIRONMENT: Mapping[str, str] = {
    "UPSTREAM_KEY": canary("configured"),
    "ADMIN_TOKEN": canary("admin") + "-of-the-listener",
    "STORE_SECRET": canary("store"),
    "SPOOL_KEY": SPOOL_KEY,
    "COLLECTOR_TOKEN": canary("collector"),
    "CALLBACK_SECRET": canary("callback"),
}

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


CREDENTIALS = (
    f"Authorization: Bearer {canary('authorization')}",
    f"apikey: {canary('apikey')}",
    f"Cookie: session={canary('cookie')}",
)
SWITCH = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)
QUERY = f"?id=eq.5&apikey={canary('query')}&note={canary('query')}"
SIGNED = f"/storage/v1/object/sign/box/file?token={canary('signed')}"
CONTENT = json.dumps({"to": "49", "text": canary("body")}).encode()
SAID = json.dumps({"error": {"message": canary("upstreambody"), "code": 4}}).encode()
FAILURES: Mapping[str, Script] = {
    "/fails": reply(SAID, b"Content-Type: application/json", status=b"500 Error"),
    "/busy": reply(SAID, b"Retry-After: 0", status=b"429 Busy"),
    "/denied": reply(SAID, b"Set-Cookie: a=" + canary("setcookie").encode(), status=b"401 No"),
    "/reset": (body, close),
    "/garbage": (body, send(b"HTTP/1.1 200 " + canary("upstreambody").encode() + b"\0\r\n\r\n")),
    "/short": (body, send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"), close),
    "/slow": (body,),
}
FINE = reply(
    b'{"fine":true}',
    b"Content-Type: application/json",
    b"Vary: Authorization, Cookie, apikey",
)
_CHUNKED = "POST /api/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
UNFRAMED = (
    f"GET /api/x?k={canary('refused')} HTTP/1.1\r\nHost: a b {canary('refused')}\r\n\r\n",
    f"GET /api/x?k={canary('refused')} HTTP/9.9\r\nHost: a\r\n\r\n",
    f"GET http://user:{canary('userinfo')}@evil.test/ HTTP/1.1\r\nHost: a\r\n\r\n",
    f"CONNECT user:{canary('userinfo')}@evil.test:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    f"{canary('unframed')}\r\n\r\n",
    f"GET /api/x HTTP/1.1\r\nHost: a\r\nX {canary('unframed')}: 1\r\n\r\n",
    f"POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: {canary('unframed')}\r\n\r\n",
    f"POST /api/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {canary('unframed')}\r\n\r\n",
    f"{_CHUNKED}{canary('unframed')}",
    f"{_CHUNKED}0\r\nX-T: {canary('trailer')}\r\n\r\n",
    f"GET /_sidecar/deliveries/1?k={canary('refused')} HTTP/1.1\r\nHost: a\r\n\r\n",
)


def choose(request: WireRequest) -> Script:
    path = request.target.partition(b"?")[0].decode("latin-1")
    return FAILURES.get(path, FINE)


async def traffic(subject: Process) -> bytes:
    """Calls with every secret, to every end; all that the sidecar itself says in answer."""
    said: list[bytes] = []

    async def make(method: str, target: str, *fields: str, content: bytes | None = None) -> None:
        answer = await ask(subject.proxy, call(method, target, *fields, content=content))
        if answer.error is not None or answer.status in (202, 409, 422):
            said.append(answer.head + answer.body)

    for _ in range(2):  # the second time, from the cache
        await make("GET", f"/api/rest/v1/rows{QUERY}", *CREDENTIALS)
        await make("GET", f"/api{SIGNED}", *CREDENTIALS)
        await make("GET", f"/api/files/{JWT}/x", *CREDENTIALS)
        await make("GET", f"/api/x#{canary('fragment')}", *CREDENTIALS)
        await make("GET", f"/keyed/models?key={canary('query')}")
        await make("GET", "/keyed/models")
    await asyncio.gather(
        *(make("GET", f"/api{path}{QUERY}", *CREDENTIALS) for path in FAILURES),
        *(make("POST", f"/api{path}{QUERY}", *CREDENTIALS, content=CONTENT) for path in FAILURES),
        *(make("GET", f"/keyed{path}") for path in FAILURES),
    )
    for _ in range(4):
        await make("GET", f"/down/{JWT}{QUERY}", *CREDENTIALS)
    await make("GET", f"/api/live{QUERY}", *SWITCH, *CREDENTIALS)
    await make("GET", f"/nowhere/{JWT}{QUERY}", *CREDENTIALS)
    key = f"Idempotency-Key: {canary('idempotency')}"
    for content in (CONTENT, CONTENT, b"other"):
        await make("POST", "/api/once", key, *CREDENTIALS, content=content)
        await make("POST", f"/api/later/x{QUERY}", key, *CREDENTIALS, content=content)
    for data in UNFRAMED:
        async with connected(subject.proxy) as client:
            await client.send(data.encode())
            client.writer.write_eof()
            said.append(await client.rest())
    return b"".join(said)


async def operators(subject: Process) -> bytes:
    """All that the ops and admin listeners say, read and written to."""
    seen = [(await ask(subject.ops, get(path))).body for path in ("/metrics", "/health")]
    index = await subject.look("/admin")
    rows = json.loads(index.partition(b"\r\n\r\n")[2])
    paths = [row["path"] for row in rows if row["method"] == "GET" and "{" not in row["path"]]
    assert len(paths) > 8
    for path in ("/", *paths):
        seen += [await subject.look(path), await subject.look(path, "Accept: text/plain")]
    listed = json.loads((await subject.look("/admin/queue")).partition(b"\r\n\r\n")[2])
    seen.append(json.dumps(listed).encode())
    for path in ("/admin/config?prefix=canary", "/admin/nothing?token=canaryquery"):
        seen.append(await subject.look(path))
    return b"".join(seen)


async def commands(folder: Path) -> bytes:
    """What the commands of an operator print."""
    config = ("-c", "sidecar.yaml")
    url = f"/api/files/{JWT}/x?apikey={canary('query')}"
    return b"".join(
        [
            await command(folder, "config", *config, "--json"),
            await command(folder, "explain", *config, "--json", "GET", url),
            await command(folder, "report", *config, "--json"),
            await command(folder, "tap", *config, "--json", "--once"),
            await command(folder, "check", *config),
            await command(folder, "queue", "list", *config),
        ]
    )


async def kept(url: str) -> tuple[list[bytes], list[bytes]]:
    """Keys and values of the shared store."""
    async with Redis.from_url(url) as client:
        keys = [key for key in await client.keys("*") if isinstance(key, bytes)]
        values = [await client.get(key) for key in keys]
        return keys, [value for value in values if isinstance(value, bytes)]


async def locked(server: RedisProcess) -> str:
    """Give the server a password; its URL with it."""
    password = canary("redis")
    async with Redis.from_url(server.url) as client:
        await client.config_set("requirepass", password)
    return server.url.replace("//", f"//:{password}@")


def found(data: bytes) -> set[str]:
    """The places whose secrets are in it."""
    text = data.decode("latin-1")
    secrets = {place: canary(place) for place in (*IN_REQUESTS, *HELD)}
    secrets |= {"spool": SPOOL_KEY}
    return {place for place, secret in secrets.items() if secret in text}


async def everything(
    folder: Path, form: str, *, with_commands: bool
) -> tuple[dict[str, bytes], set[str]]:
    """What is seen of a process with all secrets, by where; and what its upstream got."""
    async with redis_server(folder) as server, Upstream(choose=choose) as origin:
        url = await locked(server)
        with collecting() as collector:
            ways = {"url": origin.url, "collector": collector.url, "form": form}
            async with running(folder, url, **ways) as subject:
                seen = {"a drill": await drill(subject)}
                seen["its own answers"] = await traffic(subject)
                await soon(lambda: any(b"/called" in each.target for each in origin.requests))
                seen["listeners"] = await operators(subject)
                seen["commands"] = await commands(folder) if with_commands else b""
                await reloads(subject)
                seen["listeners later"] = await operators(subject)
                keys, values = await kept(url)
            seen["traces"] = repr(collector.spans).encode()
            collected = repr(collector.requests)
        seen["log"] = subject.written().encode()
        seen["keys of the store"] = b"\n".join(keys)
        seen["values of the store"] = b"\n".join(values)
        seen["spool"] = b"".join(each.read_bytes() for each in folder.glob("spool.db*"))
        received = b"".join(bytes(each.received) for each in origin.connections)
    return seen, found(received + collected.encode())


async def drill(subject: Process) -> bytes:
    """Have some of the calls meet a fault that is made here."""
    fields = (f"Authorization: Bearer {ENVIRONMENT['ADMIN_TOKEN']}", "X-Sidecar-Admin: 1")
    order = b'{"fault": "garbage", "upstream": "down", "percent": 50, "for": "1m"}'
    data = call("POST", "/admin/drills", *fields, content=order, host=str(subject.admin))
    answer = await ask(subject.admin, data)
    assert answer.status == 201, answer
    return answer.head + answer.body


async def reloads(subject: Process) -> None:
    """A good configuration, then one that is refused."""
    subject.process.send_signal(signal.SIGHUP)
    await soon(lambda: "reload" in subject.written())
    (subject.folder / "sidecar.yaml").write_text("upstreams: ${UPSTREAM_KEY}\n")
    written = subject.written()
    subject.process.send_signal(signal.SIGHUP)
    await soon(lambda: len(subject.written()) > len(written))
