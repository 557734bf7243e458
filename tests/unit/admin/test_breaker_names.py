"""Which breaker a name means, where it is only that of the upstream."""

import pytest

from sidecar.admin.breakers import breaker_endpoints
from sidecar.admin.endpoint import Refused
from tests.support.clock import FakeClock


class Control:
    """Breakers that have names and nothing else."""

    def __init__(self, names):
        self.names = names

    def snapshots(self, now, upstream=None):
        return [{"name": name} for name in self.names]


class Asked:
    def __init__(self, name):
        self.match_info = {"name": name}


async def shown(names, name):
    """What is shown for `name`."""
    endpoints = breaker_endpoints(Control(names), FakeClock())
    (show,) = [each for each in endpoints if (each.method, each.shown) == ("GET", SHOWN)]
    return (await show.handle(Asked(name))).value["name"]


SHOWN = "/admin/circuit-breakers/NAME"


@pytest.mark.parametrize(
    ("names", "name", "meant"),
    [
        (["a/a"], "a", "a/a"),
        (["a/a", "a/a+m"], "a", "a/a"),
        (["a/a+m", "b/b"], "a", "a/a+m"),
        (["a/a+m", "a/a+n"], "a/a+n", "a/a+n"),
    ],
)
async def test_the_upstreams_name_is_its_one_breaker(names, name, meant):
    assert await shown(names, name) == meant


async def test_of_several_breakers_one_must_be_named_and_some_are():
    names = [f"a/a+{number}" for number in range(7)]
    with pytest.raises(Refused, match=r"a has 7 breakers: a/a\+0, .*a/a\+4$"):
        await shown(names, "a")


async def test_a_name_that_is_none_gets_a_guess():
    with pytest.raises(Refused, match="did you mean 'gemini'"):
        await shown(["gemini/gemini"], "gemni")
