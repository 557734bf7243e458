"""Reloads that fail halfway leave all as it was, and nothing behind; several at once take turns."""

import asyncio
import gc
import socket

import pytest

from sidecar.reloading import NotNow
from tests.support.ports import free_port
from tests.support.process import open_files
from tests.support.proxied import soon
from tests.support.raw import ask, get
from tests.support.reloaded import HEAD, from_file
from tests.support.steps import OK, body, message, send, wait
from tests.support.upstream import Upstream


def written(url, more="", top=""):
    return f"{HEAD}{top}upstreams:\n  api:\n    url: {url}\n    retry: {{attempts: 1}}\n{more}"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sidecar.yaml"


def left():
    """What a reload could leave behind."""
    gc.collect()
    return open_files(), len(asyncio.all_tasks())


async def test_an_address_that_is_taken_leaves_all_as_it_was(file):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken, free = other.getsockname()[1], free_port()
        more = f"    port: {free}\n    tls: {{server_name: x}}\n  two:\n    url: http://x.test\n"
        async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
            await ask(subject.running.proxy, get())
            await subject.reload(written(origin.url))
            transport, before = subject.sidecar._parts.transports["api"], left()
            for _ in range(20):
                outcome = await subject.reload(written(origin.url, f"{more}    port: {taken}\n"))
                (error,) = outcome.errors
                assert error.startswith(f"error: cannot listen on 127.0.0.1:{taken}")
            await soon(lambda: left() == before)
            assert subject.sidecar._parts.transports["api"] is transport
            assert "upstream:api" not in subject.running.bound
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", free)
            assert (await ask(subject.running.proxy, get())).status == 200
            assert len(origin.connections) == 1


async def test_a_certificate_that_is_none_leaves_all_as_it_was(file, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    free = free_port()
    more = (
        f"    port: {free}\n  two:\n    url: https://x.test\n    tls: {{ca: {tmp_path}/ca.pem}}\n"
    )
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        await subject.reload(written(origin.url))
        before = left()
        for _ in range(20):
            outcome = await subject.reload(written(origin.url, more))
            (error,) = outcome.errors
            assert error.startswith(f"error: {tmp_path}/ca.pem cannot be used: ")
        await soon(lambda: left() == before)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", free)
        assert (await ask(subject.running.proxy, get())).status == 200


async def test_a_fault_of_the_sidecar_leaves_all_as_it_was(file, monkeypatch):
    import sidecar.app

    def fault(*_, **__):
        raise RuntimeError("a mistake")

    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        with monkeypatch.context() as patched:
            patched.setattr(sidecar.app.Assembly, "__init__", fault)
            outcome = await subject.reload(written(origin.url, f"    port: {free_port()}\n"))
        assert outcome.errors == ("error: a fault of the sidecar; see its log",)
        assert (await ask(subject.running.proxy, get())).status == 200
        assert (await subject.reload(written(origin.url, f"    port: {free_port()}\n"))).ok


async def test_reloads_take_turns_and_the_last_file_holds(file):
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        asked = [
            asyncio.ensure_future(
                subject.reload(written(origin.url, f"    timeouts: {{total: {9 + number}s}}\n"))
            )
            for number in range(10)
        ]
        assert all(each.ok for each in await asyncio.gather(*asked))
        reloading = subject.sidecar.reloading
        assert reloading.config.upstreams["api"].timeouts.total == 18
        assert reloading.generation == 11


async def test_a_reload_whose_caller_leaves_is_finished_all_the_same(file):
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        asked = asyncio.ensure_future(
            subject.reload(written(origin.url, "    timeouts: {total: 9s}\n"))
        )
        await asyncio.sleep(0)
        asked.cancel()
        reloading = subject.sidecar.reloading
        await soon(lambda: reloading.generation == 2)
        assert reloading.config.upstreams["api"].timeouts.total == 9


async def test_nothing_is_reloaded_while_the_sidecar_drains(file):
    slow = (body, wait(0.5), send(message(b"late")))
    async with Upstream(slow) as origin, from_file(file, written(origin.url)) as subject:
        asked = asyncio.ensure_future(ask(subject.running.proxy, get()))
        await soon(lambda: len(origin.requests) == 1)
        draining = asyncio.ensure_future(subject.sidecar.drain())
        await soon(lambda: subject.sidecar.status().state == "draining")
        await asyncio.sleep(0)
        with pytest.raises(NotNow, match="stopping"):
            await subject.reload(written(origin.url))
        assert (await asked).body == b"late"
        await draining


async def test_calls_of_an_earlier_configuration_are_given_up_with_the_others(file):
    never = (body, wait(30))
    top = "drain_timeout: 200ms\n"
    async with (
        Upstream(never) as old,
        Upstream(OK) as new,
        from_file(file, written(old.url, top=top)) as subject,
    ):
        asked = asyncio.ensure_future(ask(subject.running.proxy, get()))
        await soon(lambda: len(old.requests) == 1)
        await subject.reload(written(new.url, top=top))
        await asyncio.wait_for(subject.sidecar.drain(), 3)
        assert (await asked).error == "draining"
