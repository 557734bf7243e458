"""How each peer is configured: its doors, whom it trusts, and what would make it look slow."""

import json
from pathlib import Path

import pytest

from bench.proxy.contenders import PEERS
from bench.proxy.place import EVENTS, PLAIN, SLOW, TARGETS, TLS, Door, Place
from sidecar.loader import loads

PORTS = {PLAIN: 1001, SLOW: 1002, EVENTS: 1002, TLS: 1003}


def configured(name: str, folder: Path):
    place = Place(folder, 1000, PORTS, Path("/authority.pem"))
    contender = PEERS[name].configure(f"/programs/{name}", place)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return contender, "\n".join(path.read_text() for path in files)


@pytest.mark.parametrize("name", PEERS)
def test_everyone_has_a_door_to_every_upstream_but_varnish_which_has_no_tls(name, tmp_path):
    contender, text = configured(name, tmp_path)
    assert set(contender.doors) == set(TARGETS) - ({TLS} if name == "varnish" else set())
    assert f"/programs/{name}" in contender.command
    everything = " ".join([text, *contender.command])
    for target in contender.doors:
        assert str(PORTS[target]) in everything


@pytest.mark.parametrize("name", [name for name in PEERS if name != "varnish"])
def test_the_certificate_of_the_upstream_is_verified(name, tmp_path):
    contender, text = configured(name, tmp_path)
    assert "/authority.pem" in " ".join([text, *contender.command])


def test_a_peer_has_one_worker_and_its_connections_are_kept(tmp_path):
    for name, words in {
        "nginx": ("master_process off", "keepalive 256", "access_log off"),
        "haproxy": ("nbthread 1", "http-reuse always"),
        "envoy": ("--concurrency 1",),
        "varnish": ("thread_pools=1",),
        "caddy": ("GOMAXPROCS=1", "keepalive_idle_conns_per_host 1024"),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        contender, text = configured(name, folder)
        for word in words:
            assert word in text + " ".join(contender.command), name


def test_events_are_not_held_back(tmp_path):
    for name, word in {
        "nginx": "proxy_buffering off",
        "haproxy": "option http-no-delay",
        "caddy": "flush_interval -1",
        "mitmproxy": "text/event-stream",
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        assert word in configured(name, folder)[1]


def test_the_sidecar_is_as_shipped_but_for_addresses_and_the_log(tmp_path):
    configured("sidecar", tmp_path)
    config = loads((tmp_path / "sidecar.yaml").read_text(), env={}).config
    shipped = loads(
        'upstreams: { supabase: { preset: supabase, url: "https://a.test" } }', env={}
    ).config
    measured, usual = config.upstreams[PLAIN], shipped.upstreams[PLAIN]
    assert measured.limit == usual.limit
    assert measured.retry == usual.retry
    assert measured.breaker == usual.breaker
    assert measured.routes == usual.routes


def test_envoy_rewrites_the_prefix_of_each_target(tmp_path):
    configured("envoy", tmp_path)
    resources = json.loads((tmp_path / "envoy.json").read_text())["static_resources"]
    assert [each["name"] for each in resources["clusters"]] == list(TARGETS)


def test_a_door_takes_the_prefix_to_the_path():
    assert Door(80, "/tls").url("/a?b=c") == "http://127.0.0.1:80/tls/a?b=c"
