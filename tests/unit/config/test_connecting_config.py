"""Which names a server can be asked for by, in TLS."""

import pytest
from pydantic_core import PydanticCustomError

from sidecar.config.connecting import server_name


@pytest.mark.parametrize(
    "name", ["api.example.com", "bücher.example", "localhost", "a" * 63 + ".b"]
)
def test_a_name_that_can_be_asked_for_is_taken_as_it_is(name):
    assert server_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".a.b", "a..b", "a" * 64, "https://a.b", "a.b:443", "a b", "u@a.b", None, 7]
)
def test_a_name_that_would_fail_each_connection_is_refused(name):
    with pytest.raises(PydanticCustomError, match="name of a server"):
        server_name(name)
