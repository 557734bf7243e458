"""`sidecar explain`."""

import json

import pytest

from sidecar import cli

TEXT = """\
listen: {proxy: 127.0.0.1:8080}
upstreams:
  api:
    url: https://api.test/base/
    port: 8081
    hosts: [api.internal]
    timeouts: {total: 9s}
    routes:
      - {name: send, match: {methods: [POST], path: "/messages/**"}, timeouts: {connect: 1s}}
      - {name: read, match: {path: /messages/*}}
  gemini:
    preset: gemini
    url: https://gemini.test
    breaker: {enabled: false, hold: 1s}
  limited:
    url: https://limited.test
    breaker: {consecutive: 7}
    limit: {mode: adaptive}
    ledger: {max_body: 64KiB}
    dialect: {code: error, refused: [busy, 503]}
    tls: {server_name: canary.test}
    routes:
      - name: one
        match: {path: "/a/{name}"}
        pace: [{rate: 1/6s, name: burst}, {rate: 9/s}, {rate: 99/m}]
        breaker: {key: upstream+name, hold: 1s, consecutive: 9}
        cache: {ttl: 2m, fallback: {body: "[]"}}
stores: {secret: canary-of-the-store}
admin: {token: canary-of-the-listener}
"""


@pytest.fixture
def explain(tmp_path, capsys):
    (tmp_path / "sidecar.yaml").write_text(TEXT)

    def run(*arguments):
        code = cli.main(["explain", *arguments])
        return code, capsys.readouterr().out

    return run


def explained(explain, *arguments):
    code, text = explain(*arguments, "--json")
    assert code == 0
    return json.loads(text)


@pytest.mark.parametrize(
    ("url", "by"),
    [
        ("/api/messages/1", "prefix"),
        ("http://127.0.0.1:8080/api/messages/1", "prefix"),
        ("http://127.0.0.1:8081/messages/1", "port 8081"),
        ("http://API.internal/messages/1", "host"),
        ("http://api.internal:8080/messages/1", "host"),
    ],
)
def test_an_upstream_is_found_by_prefix_port_and_host(explain, url, by):
    found = explained(explain, url)
    assert (found["upstream"], found["by"], found["route"]) == ("api", by, "read")
    assert found["url"] == "https://api.test/base/messages/1"


def test_every_setting_has_a_value_and_an_origin(explain):
    settings = explained(explain, "POST", "/api/messages/1")["settings"]
    assert settings["timeouts.connect"] == ["1s", "sidecar.yaml:9:90"]
    assert settings["timeouts.total"] == ["9s", "sidecar.yaml:7:23"]
    assert settings["timeouts.first_byte"] == ["10s", "default"]
    assert settings["timeouts.total_covers_body"] == ["false", "default"]
    gemini = explained(explain, "/gemini/v1/models")["settings"]
    assert gemini["timeouts.total"] == ["15s", "preset gemini"]


def test_settings_are_those_that_the_layers_go_by(explain):
    """A route's breaker has of its own only who shares it and how long calls wait for it."""
    settings = explained(explain, "/limited/a/1")["settings"]
    was_set = {
        "breaker.consecutive": "7",
        "breaker.key": "upstream+name",
        "breaker.hold": "1s",
        "limit.mode": "adaptive",
        "ledger.max_body": "64KiB",
        "pace.burst.rate": "10/m",
        "pace.upstream#2.rate": "9/s",
        "pace.upstream#3.rate": "99/m",
        "dialect.refused": "busy, 503",
        "cache.ttl": "2m",
        "cache.fallback.body": "[]",
    }
    by_default = {
        "breaker.hold_unsafe": "2s",  # twice `hold`
        "hedge.quantile": "0.95",
        "pace.burst.backoff.cap": "64s",
        "retry.budget.ratio": "0.1",
        "retry.max_body": "1MiB",
    }
    values = {name: value for name, (value, _) in settings.items()}
    assert {**values, **was_set, **by_default} == values
    assert {settings[name][1].partition(":")[0] for name in was_set} == {"sidecar.yaml"}
    assert {settings[name][1] for name in by_default} == {"default"}
    assert settings["breaker.consecutive"][1] == "sidecar.yaml:17:28"  # the upstream's, not 9
    elsewhere = explained(explain, "/limited/b")["settings"]
    assert elsewhere["pace"] == ["none", "default"]
    assert elsewhere["breaker.hold"] == ["4s", "default"]


def test_the_text_has_what_was_set_and_what_matters_and_nothing_that_is_off(explain):
    _, text = explain("/limited/a/1")
    shown = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
    assert {"breaker.consecutive", "breaker.hold", "pace.burst.rate", "dialect.refused"} <= {*shown}
    assert {"timeouts.idle", "retry.attempts", "limit.inflight", "ledger.honoured"} <= {*shown}
    assert "hedge.enabled" in shown
    assert not {"breaker.window", "hedge.quantile", "pace.burst.name", "retry.base"} & {*shown}
    _, text = explain("/gemini/v1/models")
    assert "breaker.enabled" in text
    assert "breaker.hold" not in text


def test_what_may_be_a_secret_is_not_among_the_settings(explain):
    for arguments in (["/limited/a/1"], ["/limited/a/1", "--json"]):
        _, text = explain(*arguments)
        assert "canary" not in text


def test_long_lines_are_cut_at_eighty_columns(explain, monkeypatch):
    monkeypatch.setenv("SIDECAR__UPSTREAMS__LIMITED__ROUTES__ONE__TIMEOUTS__FIRST_BYTE", "6s")
    _, text = explain("/limited/a/1")
    assert "SIDECAR__UPSTREAMS__LIMITED" in text
    assert max(map(len, text.splitlines())) == 80


@pytest.mark.parametrize(
    ("method", "path", "reasons"),
    [
        ("post", "/messages/1", ["matches", "matches too, but later", "matches too, but later"]),
        ("GET", "/messages/1", ["not for GET", "matches", "matches too, but later"]),
        ("GET", "/other", ["not for GET", "path differs", "matches"]),
        ("POST", "/other", ["path differs", "path differs", "matches"]),
    ],
)
def test_it_says_why_the_other_routes_lost(explain, method, path, reasons):
    found = explained(explain, method, f"/api{path}")
    assert [route["reason"] for route in found["routes"]] == reasons


def test_targets_stay_byte_exact_and_credentials_are_hidden(explain):
    found = explained(explain, "/api//a%2Cb/?x=&x=1&key=canary&access_token=canary#frag")
    assert found["url"] == "https://api.test/base//a%2Cb/?x=&x=1&key=*&access_token=*"


def test_the_text_fits_the_terminal(explain):
    code, text = explain("POST", "http://127.0.0.1:8080/api/messages/1")
    assert code == 0
    assert text.splitlines()[:3] == [
        "upstream  api (by prefix)",
        "route     send",
        "sent to   POST https://api.test/base/messages/1",
    ]
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["/nope/x"], 1, "404 no_upstream: no upstream is configured"),
        (["/_sidecar/x"], 1, "404 reserved_path: "),
        (["ftp://x/y"], 1, "400 absolute_form: "),
        (["/api/x", "GET"], 2, ""),
        ([], 2, ""),
    ],
)
def test_what_has_no_route_is_said(explain, arguments, code, text):
    found, output = explain(*arguments)
    assert found == code
    assert output.startswith(text)


def test_a_method_without_a_url_is_told_what_is_missing(explain, capsys):
    assert cli.main(["explain", "post"]) == 2
    assert "the URL is missing after post" in capsys.readouterr().err


def test_an_error_may_be_had_as_json(explain):
    code, text = explain("/nope", "--json")
    assert code == 1
    assert json.loads(text)["error"] == "no_upstream"
