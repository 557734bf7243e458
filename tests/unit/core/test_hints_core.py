"""What an application is told about each upstream."""

import pytest

from sidecar.core.clients import CLIENTS, PLAIN
from sidecar.core.hints import hints
from sidecar.loader import loads
from sidecar.loader.presets import names

TLS = "tls: {certificate: c, key: k}"


def bases(listen, upstream="url: 'https://api.test'"):
    text = f"listen: {{{listen}}}\nupstreams: {{a: {{{upstream}}}}}\n"
    (hint,) = hints(loads(text, env={}).config)
    return [f"{base.how} {base.url}" for base in hint.bases]


@pytest.mark.parametrize(
    ("listen", "upstream", "expected"),
    [
        ("", "", ["prefix http://127.0.0.1:8080/a"]),
        ("proxy: 127.0.0.1:80", "", ["prefix http://127.0.0.1/a"]),
        ("proxy: 0.0.0.0:1", "port: 2", ["prefix http://127.0.0.1:1/a", "port http://127.0.0.1:2"]),
        ("proxy: '[::1]:1'", "port: 2", ["prefix http://[::1]:1/a", "port http://[::1]:2"]),
        ("proxy: unix:/s", "", []),
        ("proxy: unix:/s", "port: 2", ["port http://127.0.0.1:2"]),
        (
            f"proxy: 127.0.0.1:1, proxy_tls: 127.0.0.1:443, {TLS}",
            "tls_port: 3, hosts: [a.test]",
            [
                "prefix http://127.0.0.1:1/a",
                "port https://127.0.0.1:3",
                "prefix https://127.0.0.1/a",
                "host http://a.test:1",
                "host https://a.test",
            ],
        ),
    ],
)
def test_base_urls_are_those_that_the_listeners_serve(listen, upstream, expected):
    assert bases(listen, f"url: 'https://api.test', {upstream}") == expected


def test_a_preset_has_the_clients_of_its_provider_and_the_lines_have_the_base():
    text = """\
upstreams:
  db: {preset: supabase, url: "https://abcdefgh.supabase.co"}
  ai: {preset: gemini, url: "https://generativelanguage.googleapis.com"}
  other: {url: "https://api.test"}
"""
    found = {hint.upstream: hint for hint in hints(loads(text, env={}).config)}
    names = {name: [client.name for client in hint.clients] for name, hint in found.items()}
    plain = PLAIN[0].name
    assert names == {
        "db": ["supabase-py", "supabase-js", plain],
        "ai": [
            "google-genai (Python)",
            "@google/genai",
            "openai (Python)",
            "openai (JavaScript)",
            plain,
        ],
        "other": [plain],
    }
    javascript = found["db"].clients[1]
    assert "http://127.0.0.1:8080/db" in javascript.lines
    assert "sb-abcdefgh-auth-token" in javascript.lines
    assert "http://127.0.0.1:8080/ai" in found["ai"].clients[0].notes[0]


def test_presets_that_clients_are_known_for_exist():
    assert {preset for preset in CLIENTS if preset} <= set(names())


@pytest.mark.parametrize(
    "client",
    [*PLAIN, *(each for known in CLIENTS.values() for each in known)],
    ids=lambda c: c.name,
)
def test_notes_are_short_sentences(client):
    assert client.lines.count("\n") < 6
    for note in client.notes:
        assert len(note) <= 90
