"""`SIDECAR__…` variables."""

import pytest

from sidecar.loader import ConfigErrors, loads

TEXT = """\
upstreams:
  my-api:
    url: http://x
    timeouts: {total: 7s}
    routes: [{name: get-user, match: {path: /user}}]
"""


def load(**variables):
    return loads(TEXT, name="f", env={f"SIDECAR__{key}": text for key, text in variables.items()})


def error(**variables):
    with pytest.raises(ConfigErrors) as caught:
        load(**variables)
    return str(caught.value)


def test_an_override_wins_and_is_named_as_the_origin():
    found = load(UPSTREAMS__MY_API__URL="https://y", LISTEN__OPS="127.0.0.1:1")
    assert found.config.upstreams["my-api"].url == "https://y"
    assert found.config.listen.ops.port == 1
    origin = found.origins["upstreams", "my-api", "url"]
    assert str(origin) == "env SIDECAR__UPSTREAMS__MY_API__URL"


def test_names_keep_their_underscores():
    found = load(UPSTREAMS__MY_API__POOL__MAX_CONNECTIONS="7", DRAIN_TIMEOUT="1s")
    assert found.config.upstreams["my-api"].pool.max_connections == 7
    assert found.config.drain_timeout == 1.0


def test_a_preset_may_be_chosen():
    found = load(UPSTREAMS__MY_API__PRESET="gemini")
    assert found.config.upstreams["my-api"].errors == "gemini"
    assert found.config.upstreams["my-api"].timeouts.total == 7.0


def test_a_list_is_separated_by_commas():
    found = load(UPSTREAMS__MY_API__HOSTS="a.test, b.test", LISTEN__PROXY="h:1,h:2")
    assert found.config.upstreams["my-api"].hosts == ("a.test", "b.test")
    assert [address.port for address in found.config.listen.proxy] == [1, 2]


def test_a_route_is_found_by_its_name():
    found = load(UPSTREAMS__MY_API__ROUTES__GET_USER__TIMEOUTS__TOTAL="1s")
    assert found.config.upstreams["my-api"].routes[0].timeouts.total == 1.0
    assert found.config.upstreams["my-api"].timeouts.total == 7.0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LISTN__OPS", "listn: unknown key (did you mean 'listen'?)"),
        ("UPSTREAMS__MY_API__ULR", "upstreams.my-api.ulr: unknown key (did you mean 'url'?)"),
        (
            "UPSTREAMS__MY_APY__URL",
            "there is no such name under upstreams (did you mean 'my-api'?)",
        ),
        ("UPSTREAMS__MY_API__ROUTES__X__ERRORS", "no such name under upstreams.my-api.routes"),
        ("UPSTREAMS__MY_API__ROUTES", "upstreams.my-api.routes: is no single setting"),
        ("UPSTREAMS__MY_API__TIMEOUTS", "upstreams.my-api.timeouts: is no single setting"),
        ("UPSTREAMS__MY_API", "upstreams: is no single setting"),
        ("UPSTREAMS", "upstreams: is no single setting"),
        ("UPSTREAMS__MY_API__URL__X", "upstreams.my-api.url: is a single setting and has no keys"),
        ("LOG__LEVEL__X", "is no single setting"),
        ("", "unknown key"),
        ("__", "unknown key"),
        ("UPSTREAMS__MY_API__PORT", "upstreams.my-api.port: expected a whole number"),
        ("LOOP", "loop: expected one of auto, asyncio, uvloop"),
    ],
)
def test_a_variable_that_sets_nothing_is_an_error_that_names_it(name, text):
    line = error(**{name: "canary"})
    assert line.startswith(f"env SIDECAR__{name}: error: ")
    assert text in line
    assert "canary" not in line


def test_settings_of_the_commands_are_left_alone():
    assert loads(TEXT, env={"SIDECAR_CONFIG": "x", "SIDECAR_OPS": "y"}).warnings == ()
