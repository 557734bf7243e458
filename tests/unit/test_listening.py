"""One listening socket, and who else may want its address."""

from types import SimpleNamespace

from sidecar.config import Address, Limits
from sidecar.listening import Listening, Wanted


def at(path):
    wanted = Wanted("proxy", Address(path=str(path)), None, secure=False)
    return Listening(wanted, SimpleNamespace(serve=None, refuse=None), Limits())


async def test_the_path_of_a_unix_socket_is_left_to_who_has_taken_it_since(tmp_path):
    path = tmp_path / "proxy.sock"
    before, after = at(path), at(path)
    before.bind(None)
    after.bind(None)
    await before.close()
    assert path.is_socket()
    await after.close()
    assert not path.exists()
