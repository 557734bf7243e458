"""Warnings about what defeats a configuration without anybody noticing."""

import json

import pytest

from sidecar import cli
from sidecar.commands.surroundings import exempt, surroundings, variable
from sidecar.loader import loads

API = "upstreams: {a: {url: 'https://api.test'}}\n"
PROXY = "http://user:canary@proxy.test:3128"


def warned(text=API, **environment):
    found = loads(text, name="f", env={})
    problems = surroundings(found, environment)
    assert all(problem.severity == "warning" for problem in problems)
    assert "canary" not in "".join(map(str, problems))
    return [str(problem) for problem in problems]


def test_nothing_is_said_where_nothing_is_wrong():
    assert warned() == []
    assert warned(NO_PROXY="x") == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_would_take_calls_for_the_sidecar_is_named_with_the_remedy(name):
    line = warned(**{name: PROXY})[0]
    assert line.startswith(f"env {name}: warning: is set, and NO_PROXY leaves out the sidecar")
    assert line.endswith("set NO_PROXY=127.0.0.1,localhost")


@pytest.mark.parametrize(
    ("listen", "no_proxy", "missing"),
    [
        ("127.0.0.1:1", "127.0.0.1,localhost", None),
        ("127.0.0.1:1", " LOCALHOST , 127.0.0.1 ", None),
        ("127.0.0.1:1", "*", None),
        ("127.0.0.1:1", "localhost", "127.0.0.1"),
        ("127.0.0.1:1", "127.0.0.1", "localhost"),
        ("127.0.0.1:1", "127.0.0.0/8,localhost", "127.0.0.1"),
        ("0.0.0.0:1", "", "127.0.0.1,localhost"),
        ("'[::1]:1'", "127.0.0.1", "::1,localhost"),
        ("sidecar.internal:1", ".internal", None),
        ("sidecar.internal:1", "internal", None),
        ("sidecar.internal:1", "ternal", "sidecar.internal"),
        ("unix:/s", "", None),
    ],
)
def test_no_proxy_must_name_what_clients_call(listen, no_proxy, missing):
    text = API + f"listen: {{proxy: {listen}}}\n"
    lines = warned(text, http_proxy=PROXY, no_proxy=no_proxy)
    said = [line.rpartition("set NO_PROXY=")[2] for line in lines if "leaves out" in line]
    assert said == ([missing] if missing else [])


def test_a_proxy_for_https_matters_where_the_sidecar_speaks_tls():
    tls = "listen: {tls: {certificate: c, key: k}, proxy_tls: '127.0.0.1:8443'}\n"
    covered = {"HTTPS_PROXY": PROXY, "NO_PROXY": "api.test"}
    assert warned(API, **covered) == []
    (line,) = warned(API + tls, **covered)
    assert line.startswith("env HTTPS_PROXY: warning: is set, and NO_PROXY leaves out")
    own = "upstreams: {a: {url: 'https://api.test', tls_port: 8444}}\n"
    (line,) = warned(own + "listen: {tls: {certificate: c, key: k}}\n", **covered)
    assert "127.0.0.1" in line


def test_upstreams_that_would_need_a_proxy_are_called_without_and_that_is_said():
    text = """\
upstreams:
  one: {url: https://one.test}
  two: {url: https://two.test}
  plain: {url: http://plain.test}
  covered: {url: https://sub.covered.test}
  near: {url: http://127.0.0.1:9}
"""
    (line,) = warned(text, HTTPS_PROXY=PROXY, NO_PROXY="covered.test")
    assert line.startswith("env HTTPS_PROXY: warning: is not used by the sidecar: ")
    assert "it calls one, two without a proxy" in line


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://127.0.0.1:8080", "listen.proxy"),
        ("http://localhost:8080/a", "listen.proxy"),
        ("http://127.0.0.1:9090", "listen.ops"),
        ("http://127.0.0.1:8081", "upstreams.b.port"),
        ("http://127.0.0.2:8080", None),
        ("http://127.0.0.1:8090", None),
        ("http://api.test:8080", None),
    ],
)
def test_a_url_that_leads_to_the_sidecar_itself_is_found_at_its_place(url, place):
    text = f"upstreams:\n  a: {{url: '{url}'}}\n  b: {{url: 'https://b.test', port: 8081}}\n"
    expected = f"f:2:12: warning: upstreams.a.url: leads to the sidecar itself ({place}): "
    assert warned(text) == ([f"{expected}calls would go in circles"] if place else [])


@pytest.mark.parametrize("url", ["http://10.9.9.9:1", "http://127.0.0.3:1", "http://localhost:1"])
def test_a_listener_on_every_address_is_reached_by_all_of_loopback(url):
    text = f"listen: {{proxy: 0.0.0.0:1}}\nupstreams: {{a: {{url: '{url}'}}}}\n"
    assert bool(warned(text)) is ("10.9" not in url)


@pytest.mark.parametrize("proxy", [PROXY, "proxy.test:3128"])
def test_a_proxy_is_no_upstream(proxy):
    text = "upstreams: {a: {url: 'http://proxy.test:3128'}}\n"
    line = warned(text, HTTPS_PROXY=proxy)[-1]
    assert line.startswith("f:1:22: warning: upstreams.a.url: is a proxy of this environment")


@pytest.mark.parametrize("proxy", ["http://[::1", "socks5h://x:99999", "://", "\u2028"])
def test_a_proxy_that_is_no_url_is_no_reason_to_fail(proxy):
    assert len(warned(http_proxy=proxy)) == 1


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, None),
        ({"HTTP_PROXY": "x"}, "HTTP_PROXY"),
        ({"HTTP_PROXY": "x", "http_proxy": "y"}, "http_proxy"),
        ({"HTTP_PROXY": "x", "http_proxy": ""}, None),
        ({"ALL_PROXY": "x", "http_proxy": ""}, "ALL_PROXY"),
    ],
)
def test_variables_are_read_as_clients_read_them(environment, name):
    assert variable(environment, "http_proxy", "all_proxy") == name


def test_an_empty_entry_exempts_nothing():
    assert not exempt({"NO_PROXY": ",, ,"}, "127.0.0.1")


def test_check_warns_and_still_finds_the_file_fine(tmp_path, monkeypatch, capsys):
    (tmp_path / "sidecar.yaml").write_text("upstreams: {a: {url: 'http://127.0.0.1:8080'}}\n")
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy")
    assert cli.main(["check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].endswith("ok: 1 upstream, 0 routes, 2 warnings")
    assert "canary" not in "".join(lines)
    assert cli.main(["check", "--json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)
    assert [problem["severity"] for problem in verdict["problems"]] == ["warning", "warning"]
    assert cli.main(["check", "--format", "github"]) == 0
    assert "::warning::env HTTP_PROXY: is set" in capsys.readouterr().out


def test_run_says_it_once_and_starts(tmp_path, monkeypatch, capsys):
    from sidecar import process

    (tmp_path / "sidecar.yaml").write_text("upstreams: {a: {url: 'http://127.0.0.1:8080'}}\n")
    monkeypatch.setattr(process, "run", lambda *_: 0)
    assert cli.main(["run"]) == 0
    assert capsys.readouterr().err.count("leads to the sidecar itself") == 1
