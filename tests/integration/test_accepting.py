"""Who connects is let in: many at once, with TLS, where descriptors end, and at the end."""

import asyncio
import errno
import logging
import socket
import ssl
import struct
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import pairwise

import pytest

from sidecar.config.root import ServerTls
from sidecar.serving import door
from sidecar.sockets import BACKLOG, tcp_socket, unix_socket
from tests.support.accepting import ANSWER, accepting
from tests.support.builders import LOOPBACK
from tests.support.proxied import proxied, soon
from tests.support.raw import ask, get
from tests.support.steps import OK


@pytest.fixture(params=["tcp", "unix"])
def listening(request, tmp_path):
    return tcp_socket(LOOPBACK) if request.param == "tcp" else unix_socket(str(tmp_path / "s"))


def waiting(listening, count):
    """Connections that the kernel has taken, and nobody else yet."""
    clients = [socket.socket(listening.family) for _ in range(count)]
    for each in clients:
        each.connect(listening.getsockname())
        each.setblocking(False)
    return clients


def leave(clients):
    for each in clients:
        each.close()


async def turns(acceptor, count):
    """How many were open after each turn of the loop, until all were."""
    found = [0]
    while found[-1] < count:
        assert len(found) < 2 * count, found
        await asyncio.sleep(0)
        found.append(len(acceptor.open))
    return found


async def test_all_that_wait_come_in_in_a_few_turns(listening):
    clients = waiting(listening, 100)
    async with accepting(listening) as acceptor:
        assert len(await turns(acceptor, 100)) < 10
        for each in clients:
            await asyncio.get_running_loop().sock_sendall(each, get())
            assert await asyncio.get_running_loop().sock_recv(each, 100) == ANSWER
            each.close()
        await soon(lambda: not acceptor.open)


async def test_those_that_are_open_have_their_turn_between_many_that_come(listening, monkeypatch):
    monkeypatch.setattr(door, "_AT_ONCE", 5)
    clients = waiting(listening, 40)
    async with accepting(listening) as acceptor:
        found = await turns(acceptor, 40)
        assert max(b - a for a, b in pairwise(found)) <= 6
    leave(clients)


async def test_what_is_written_is_sent_at_once():
    """Without TCP_NODELAY a second piece would wait for 40 ms."""
    with tcp_socket(LOOPBACK) as sock:
        clients = waiting(sock, 3)
        async with accepting(sock) as acceptor:
            await turns(acceptor, 3)
            for each in acceptor.open:
                own = each.transport.get_extra_info("socket")
                assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert not own.get_inheritable()
        leave(clients)


def shown(certs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs.server, certs.server_key)
    return context


async def test_handshakes_are_begun_a_few_at_a_time(certs):
    """A hundred in one turn would keep all others waiting for as many milliseconds."""
    sock = tcp_socket(LOOPBACK)
    clients = waiting(sock, 60)
    async with accepting(sock, shown(certs)) as acceptor:
        found = [0]
        while found[-1] < 50:
            assert len(found) < 10_000
            await asyncio.sleep(0)
            found.append(len(acceptor._door._entering))
        assert max(b - a for a, b in pairwise(found)) <= 16
    leave(clients)


@asynccontextmanager
async def secured(certs):
    files = ServerTls(certificate=str(certs.server), key=str(certs.server_key))
    async with proxied(OK, listen={"proxy_tls": (LOOPBACK,), "tls": files}) as (sidecar, _):
        yield sidecar.proxy_tls


async def test_many_handshakes_at_once(certs):
    async with secured(certs) as where:
        tls = certs.client_context()
        answers = await asyncio.gather(*(ask(where, get(), tls=tls) for _ in range(40)))
    assert {each.status for each in answers} == {200}


async def test_who_does_not_get_through_its_handshake_is_no_fault_of_ours(certs, caplog):
    caplog.set_level(logging.WARNING)
    faults = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: faults.append(context))
    async with secured(certs) as where, AsyncExitStack() as stack:
        address = where.host, where.port
        for number in range(12):
            client = stack.enter_context(socket.create_connection(address))
            if number % 4 == 0:
                client.sendall(get())
            elif number % 4 == 1:
                client.close()
            elif number % 4 == 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
        distrusting = ssl.create_default_context()
        for _ in range(3):
            with pytest.raises(ssl.SSLCertVerificationError):
                await ask(where, get(), tls=distrusting)
        assert (await ask(where, get(), tls=certs.client_context())).status == 200
    await asyncio.sleep(0.05)
    assert (faults, caplog.records) == ([], [])


async def test_the_end_does_not_wait_for_handshakes(certs):
    sock = tcp_socket(LOOPBACK)
    clients = waiting(sock, 5)
    async with accepting(sock, shown(certs)) as acceptor:
        await asyncio.sleep(0.05)
        async with asyncio.timeout(1):
            await acceptor.close()
    for each in clients[1:]:  # the first is uvloop's own
        with suppress(ConnectionError):
            assert await asyncio.get_running_loop().sock_recv(each, 10) == b""
    leave(clients)


class Exhausted(socket.socket):
    """Accepts nobody for a while."""

    error = OSError(errno.EMFILE, "Too many open files")
    asked = 0
    refusing = 1

    def accept(self):
        self.asked += 1
        if self.refusing > 0:
            self.refusing -= 1
            raise self.error
        return super().accept()


@pytest.fixture
def exhausted():
    sock = Exhausted()
    sock.bind(("127.0.0.1", 0))
    sock.listen(BACKLOG)
    return sock


def events(caplog):
    return [each.msg for each in caplog.records if each.name == "sidecar.event"]


async def test_without_descriptors_it_pauses_says_so_once_and_goes_on(
    exhausted, caplog, monkeypatch
):
    caplog.set_level(logging.INFO, "sidecar.event")
    monkeypatch.setattr(door, "_PAUSE", 0.05)
    exhausted.refusing = 4
    clients = waiting(exhausted, 20)
    async with accepting(exhausted) as acceptor:
        await soon(lambda: len(acceptor.open) == 20)
        assert exhausted.asked <= 40
        await soon(lambda: len(events(caplog)) == 2)
    assert events(caplog) == ["accept_failing", "accept_recovered"]
    assert caplog.records[0].fields == {"reason": "Too many open files"}
    leave(clients)


async def test_nobody_is_let_in_after_a_pause_that_the_end_has_overtaken(exhausted, monkeypatch):
    monkeypatch.setattr(door, "_PAUSE", 0.02)
    (client,) = waiting(exhausted, 1)
    async with accepting(exhausted):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.04)
    assert exhausted.asked == 1
    client.close()


async def test_one_that_has_left_before_keeps_no_other_waiting(exhausted, caplog):
    exhausted.error = ConnectionAbortedError(errno.ECONNABORTED, "Software caused it")
    exhausted.refusing = 3
    clients = waiting(exhausted, 5)
    async with accepting(exhausted) as acceptor:
        assert len(await turns(acceptor, 5)) < 10
    assert not caplog.records
    leave(clients)
