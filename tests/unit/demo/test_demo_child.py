"""The configuration that the demonstration gives to the sidecar."""

from sidecar.config import Address
from sidecar.demo.child import configuration
from sidecar.demo.targets import PROVIDERS
from sidecar.demo.world import TIMEOUTS
from sidecar.loader import loads

URLS = {provider: f"http://127.0.0.1:{port}" for port, provider in enumerate(PROVIDERS, 4001)}


def test_the_configuration_is_valid_and_names_every_provider():
    config = loads(
        configuration(URLS, proxy=8080, ops=9090, admin=9901, timeouts=TIMEOUTS), env={}
    ).config

    assert {name: upstream.url for name, upstream in config.upstreams.items()} == URLS
    assert config.listen.proxy == (Address(host="127.0.0.1", port=8080),)
    assert config.listen.ops == Address(host="127.0.0.1", port=9090)
    assert config.listen.admin == Address(host="127.0.0.1", port=9901)
    assert config.drills.allowed


def test_the_timeouts_of_the_demonstration_override_those_of_the_presets():
    config = loads(configuration(URLS, proxy=1, ops=2, admin=3, timeouts=TIMEOUTS), env={}).config

    for name, upstream in config.upstreams.items():
        assert upstream.preset
        assert upstream.timeouts.first_byte == TIMEOUTS[name]["first_byte"]
    generate = next(r for r in config.upstreams["gemini"].routes if r.name == "generate")
    assert generate.timeouts.first_byte == TIMEOUTS["gemini"]["first_byte"]
