import asyncio
import socket
import threading
import time

import pytest

from sidecar.loops import loop_factory

LOOPS = pytest.mark.parametrize("wanted", ["asyncio", "uvloop"])


@LOOPS
def test_a_look_up_that_hangs_holds_up_neither_other_threads_nor_the_end(wanted, monkeypatch):
    if wanted == "uvloop":
        pytest.importorskip("uvloop")
    over, asked = threading.Event(), []

    def hang(host, *_how):
        asked.append(host)
        over.wait(10.0)
        return []

    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await asyncio.gather(*(loop.getaddrinfo("hangs.test", 80) for _ in range(40)))
        async with asyncio.timeout(2.0):
            assert await asyncio.to_thread(int, "7") == 7

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()
    with asyncio.Runner(loop_factory=loop_factory(wanted)) as runner:
        runner.run(main())
    assert time.monotonic() - began < 5.0
    assert len(asked) == 40
    over.set()


@LOOPS
def test_a_look_up_finds_what_the_system_finds_and_fails_as_it_does(wanted):
    if wanted == "uvloop":
        pytest.importorskip("uvloop")

    async def main():
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("no address", 80, flags=socket.AI_NUMERICHOST)
        return found

    with asyncio.Runner(loop_factory=loop_factory(wanted)) as runner:
        assert runner.run(main()) == socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)


@LOOPS
def test_where_there_is_no_thread_left_a_look_up_fails_for_now(wanted, monkeypatch):
    if wanted == "uvloop":
        pytest.importorskip("uvloop")

    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    async def main():
        with pytest.raises(socket.gaierror, match="new thread") as failed:
            await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80)
        return failed.value.errno

    with asyncio.Runner(loop_factory=loop_factory(wanted)) as runner:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        assert runner.run(main()) == socket.EAI_AGAIN
