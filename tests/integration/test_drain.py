"""Shutting down: what is in flight finishes, and nothing delays the exit for long."""

import asyncio
import contextlib
import signal
import sys
import time
from contextlib import asynccontextmanager

import pytest

from sidecar.config import Address, Retry
from tests.support.builders import config, upstream
from tests.support.ports import free_port
from tests.support.proxied import proxied, soon
from tests.support.raw import ask, call, connected, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK, body, generate, message, reply, send, stall, wait
from tests.support.upstream import Upstream

YAML = """\
listen: {{proxy: 127.0.0.1:{proxy}, ops: 127.0.0.1:{ops}, admin: null}}
drain_timeout: {drain}
upstreams:
  api: {{url: "{url}"}}
"""
LEFT = 2.5
"""Seconds that the interpreter itself may need to leave, on a busy machine."""


class Process:
    def __init__(self, process, proxy, ops):
        self.process = process
        self.proxy = Address(host="127.0.0.1", port=proxy)
        self.ops = Address(host="127.0.0.1", port=ops)

    async def ready(self):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            return (await ask(self.ops, get("/health/ready"))).status
        return None

    def terminate(self, sent=signal.SIGTERM):
        self.process.send_signal(sent)
        return time.monotonic()

    async def exit_code(self, within):
        return await asyncio.wait_for(self.process.wait(), within)


@asynccontextmanager
async def sidecar_process(tmp_path, url, drain="5s"):
    """`sidecar run` in a process of its own, once it is ready."""
    proxy, ops = free_port(), free_port()
    file = tmp_path / "sidecar.yaml"
    file.write_text(YAML.format(proxy=proxy, ops=ops, url=url, drain=drain))
    with (tmp_path / "stderr").open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sidecar", "run", "-c", str(file)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=stderr,
        )
    running = Process(process, proxy, ops)
    try:
        async with asyncio.timeout(15):
            while await running.ready() != 200:
                assert process.returncode is None, (tmp_path / "stderr").read_text()
                await asyncio.sleep(0.05)
        yield running
        assert "Traceback" not in (tmp_path / "stderr").read_text()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_call_in_flight_finishes_while_readiness_is_gone(tmp_path, sent):
    slow = (body, wait(0.6), send(message(b"finished")))
    async with Upstream(slow) as origin, sidecar_process(tmp_path, origin.url) as sidecar:
        asked = asyncio.ensure_future(ask(sidecar.proxy, get()))
        await soon(lambda: origin.requests != [])
        start = sidecar.terminate(sent)
        await asyncio.sleep(0.15)
        assert await sidecar.ready() == 503
        assert (await asked).body == b"finished"
        assert await sidecar.exit_code(5) == 0
        assert time.monotonic() - start < 0.6 + LEFT


async def test_stream_in_flight_finishes(tmp_path):
    slow = (body, send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), wait(0.5), send(b"whole"))
    async with Upstream(slow) as origin, sidecar_process(tmp_path, origin.url) as sidecar:
        asked = asyncio.ensure_future(ask(sidecar.proxy, get()))
        await soon(lambda: origin.requests != [])
        await asyncio.sleep(0.1)
        sidecar.terminate()
        answer = await asked
        assert (answer.body, answer.end) == (b"whole", "framed")
        assert await sidecar.exit_code(5) == 0


async def test_idle_connections_do_not_delay_the_exit(tmp_path):
    async with (
        Upstream(OK) as origin,
        sidecar_process(tmp_path, origin.url) as sidecar,
        connected(sidecar.proxy) as used,
        connected(sidecar.proxy),
    ):
        await used.send(get())
        assert (await used.response()).body == b"ok"
        start = sidecar.terminate()
        assert await sidecar.exit_code(5) == 0
        assert time.monotonic() - start < LEFT
        assert await used.rest() == b""


@pytest.mark.parametrize(
    "script",
    [
        (body, stall),
        (body, send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome"), stall),
        (body, send(b"HTTP/1.1 200 OK\r\n\r\n"), generate(b"x" * 65536, 10**6)),
    ],
    ids=["no answer", "half an answer", "endless answer"],
)
async def test_drain_timeout_ends_what_does_not_finish_and_still_exits_cleanly(tmp_path, script):
    async with (
        Upstream(script) as origin,
        sidecar_process(tmp_path, origin.url, drain="500ms") as sidecar,
        connected(sidecar.proxy) as client,
    ):
        await client.send(get())
        await soon(lambda: origin.requests != [])
        sidecar.terminate()
        assert await sidecar.exit_code(4.5) == 0


async def test_drain_in_the_loop_finishes_and_then_takes_no_more():
    slow = (body, wait(0.3), send(message(b"finished")))
    async with proxied(slow) as (sidecar, origin):
        asked = asyncio.ensure_future(ask(sidecar.proxy, get()))
        await soon(lambda: origin.requests != [])
        proxy = sidecar.proxy
        await asyncio.wait_for(sidecar.sidecar.drain(), 5)
        assert asked.done()
        assert (await asked).body == b"finished"
        try:
            after = await ask(proxy, get())
        except (OSError, asyncio.IncompleteReadError):
            pass
        else:
            assert (after.status, after.error) == (503, "draining")
        assert len(origin.requests) == 1


async def test_call_that_is_given_up_at_the_end_of_the_drain_is_answered():
    pool = {"max_connections": 1, "max_wait": 9.0}
    async with proxied((body, stall), pool=pool, drain_timeout=0.2) as (sidecar, origin):
        sent = asyncio.ensure_future(ask(sidecar.proxy, call("POST", "/api/sent", content=b"x")))
        await soon(lambda: origin.requests != [])
        waiting = asyncio.ensure_future(ask(sidecar.proxy, get("/api/waiting")))
        await soon(lambda: sidecar.sidecar.status().upstreams["api"].pool.waiters == 1)
        await asyncio.wait_for(sidecar.sidecar.drain(), 5)
        answers = [(answer.status, answer.error) for answer in (await sent, await waiting)]
        assert answers == [(502, "draining"), (503, "draining")]


async def test_call_that_still_connects_at_the_end_of_the_drain_is_answered():
    async with Upstream(OK, deaf=True) as origin:  # its handshake never ends
        silent = upstream(origin.url.replace("http:", "https:"), timeouts={"connect": 9.0})
        subject = config(upstreams={"api": silent}, drain_timeout=0.2)
        async with running_sidecar(subject) as sidecar:
            asked = asyncio.ensure_future(ask(sidecar.proxy, call("POST", content=b"x")))
            await soon(lambda: origin.connections != [])
            await asyncio.wait_for(sidecar.sidecar.drain(), 5)
            answer = await asked
        assert (answer.status, answer.error) == (503, "draining")


async def test_call_that_waits_for_its_next_attempt_at_the_end_of_the_drain_is_answered():
    later = reply(b"later", b"Retry-After: 5", status=b"503 Busy")
    async with proxied(later, retry=Retry(), drain_timeout=0.2) as (running, origin):
        asked = asyncio.ensure_future(ask(running.proxy, get()))
        await soon(lambda: len(origin.requests) == 1)
        await running.sidecar.drain()
        answer = await asked
    assert (answer.status, answer.error) == (502, "draining")  # it was sent once
