"""An upstream that answers before it has read the request, and hangs up on the rest of it."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sidecar.clock import SystemClock
from sidecar.config import ClientTls, Timeouts, Upstream
from sidecar.exchange import Request
from sidecar.transport.upstream import UpstreamTransport
from tests.support.builders import exchange
from tests.support.steps import message

TOO_LARGE = message(b"large", b"Connection: close", status=b"413 Content Too Large")


@contextmanager
def hanging_up(tls: ssl.SSLContext | None) -> Iterator[tuple[int, Callable[[], None]]]:
    """An upstream in a thread of its own: its port, and what waits until it has hung up."""

    def serve() -> None:
        line, _ = listener.accept()
        with tls.wrap_socket(line, server_side=True) if tls else line as near:
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(1)
            time.sleep(0.05)  # some of the body is there, unread: the end is a reset
            near.sendall(TOO_LARGE)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], thread.join
        thread.join()


class Upload:
    """A body whose second piece comes in the very turn of the loop in which the upstream ends."""

    length = 1_000_000
    rewindable = False

    def __init__(self, hung_up: Callable[[], None]) -> None:
        self.pieces = 0
        self.hung_up = hung_up

    def take(self) -> None:
        """Nothing is there at once."""

    async def read(self) -> bytes:
        """A piece."""
        self.pieces += 1
        if self.pieces == 2:
            self.hung_up()
        if self.pieces > 2:
            await asyncio.Event().wait()
        return b"x" * 100_000


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_an_early_answer_is_read_before_the_upload_meets_the_end(certs, secure):
    with hanging_up(certs.server_context() if secure else None) as (port, hung_up):
        url = f"{'https' if secure else 'http'}://localhost:{port}"
        tls = ClientTls(ca=str(certs.ca))
        subject = UpstreamTransport(Upstream(url, tls=tls), SystemClock())
        upload = Request("POST", "/", [(b"Content-Length", b"1000000")], Upload(hung_up))
        call = exchange(upload, deadline=SystemClock().now() + 5.0)
        answer = await subject.handler(Timeouts())(call)
        assert (answer.status, await answer.body.read()) == (413, b"large")
        answer.close()
        assert subject.pool.stats.open == 0
        subject.close()
