"""The file of a Unix socket: who takes it, and from when it is served."""

import asyncio

import pytest

from sidecar.config import Address
from sidecar.sockets import unix_socket
from tests.support.accepting import accepting
from tests.support.raw import connected, get


async def test_a_unix_socket_is_not_served_before_it_is_wanted(tmp_path):
    path = str(tmp_path / "s")
    with unix_socket(path), unix_socket(path) as sock:  # the second takes the path
        async with connected(Address(path=path)) as client:
            await client.send(get())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.reader.read(1), 0.05)
            async with accepting(sock):
                assert (await client.head()).startswith(b"HTTP/1.1 204")


@pytest.mark.parametrize("taken", ["file", "folder"])
def test_a_path_that_is_no_socket_is_not_taken(tmp_path, taken):
    path = tmp_path / "s"
    path.touch() if taken == "file" else path.mkdir()
    with pytest.raises(OSError, match="Address already in use"):
        unix_socket(str(path))
    assert path.exists()
