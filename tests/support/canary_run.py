"""The life of a sidecar with all secrets, and all that can be seen of it."""

import json
import signal
from pathlib import Path

from redis.asyncio import Redis

from tests.support.canaries import ENVIRONMENT, JWT, canary, found
from tests.support.canary_calls import choose, traffic
from tests.support.canary_process import Process, command, running
from tests.support.otlp import collecting
from tests.support.proxied import soon
from tests.support.raw import ask, call, get
from tests.support.redis import RedisProcess, redis_server
from tests.support.upstream import Upstream


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
