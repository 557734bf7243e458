"""Values that are fine one by one and not together."""

import pytest

from sidecar.loader import ConfigErrors, loads

API = "upstreams: {a: {url: 'https://x'}}\n"
TLS = "tls: {certificate: c, key: k}"


def problems(text):
    try:
        return [str(problem) for problem in loads(text, name="f", env={}).warnings]
    except ConfigErrors as errors:
        return [str(problem) for problem in errors.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (API + "listen: {proxy_tls: 127.0.0.1:1}", "listen.proxy_tls: needs listen.tls"),
        (
            "upstreams: {a: {url: 'http://x', tls_port: 1}}",
            "upstreams.a.tls_port: needs listen.tls",
        ),
        (API + "listen: {proxy: 127.0.0.1:9090}", "f:2:17: error: listen.proxy: port 9090 is"),
        (API + "listen: {ops: 127.0.0.1:8080}", "f:2:15: error: listen.ops: port 8080 is already"),
        (
            API + "listen: {proxy: ['h:1', 'h:1']}",
            "f:2:25: error: listen.proxy[1]: port 1 is already",
        ),
        (API + "listen: {proxy: 0.0.0.0:1, ops: 127.0.0.1:1}", "port 1 is already used"),
        (API + "listen: {proxy: unix:/s, ops: unix:/s}", "socket is already used by listen.ops"),
        (
            "upstreams: {a: {url: 'http://x', port: 1}, b: {url: 'http://y', port: 1}}",
            "upstreams.b.port: port 1 is already used by upstreams.a.port",
        ),
        ("upstreams: {a: {url: 'http://x', port: 8080}}", "already used by listen.proxy"),
        (
            "upstreams: {a: {url: 'http://x', hosts: [h]}, b: {url: 'http://y', hosts: [H]}}",
            "upstreams.b.hosts[0]: this host already selects the upstream a (f:1:42)",
        ),
        (
            "upstreams: {a: {url: 'http://x', hosts: [h]}, b: {url: 'http://y', hosts: [h.]}}",
            "upstreams.b.hosts[0]: this host already selects the upstream a (f:1:42)",
        ),
        (
            "upstreams: {a: {url: 'http://x', routes: [{name: r, match: {path: /a}}, {name: r}]}}",
            "upstreams.a.routes[1].name: duplicate name, first used at line 1",
        ),
        (
            "upstreams: {a: {url: 'http://x', routes: [{name: default}]}}",
            "reserved for what no route",
        ),
        ("upstreams: {a: {url: 'https://x', tls: {key: k}}}", "tls.key: a key without certificate"),
        (
            "upstreams: {a: {url: 'https://x', tls: {certificate: null, key: k}}}",
            "tls.key: a key without certificate",
        ),
        (
            "upstreams: {_sidecar: {url: 'https://x'}}",
            "f:1:13: error: upstreams._sidecar: this name",
        ),
        (
            "upstreams: {a: {url: 'http://x', tls: {ca: c}}}",
            "warning: upstreams.a.tls: has no effect",
        ),
        (
            "upstreams: {a: {url: 'http://x', routes: [{name: r}, {name: s}]}}",
            "warning: upstreams.a.routes[1]: is never used",
        ),
        (
            API + "stores: {shared: {kind: sqlite, path: ./x},\n  spool: {path: x, kind: sqlite}}",
            "f:3:17: warning: stores.spool.path: the file of stores.shared, too",
        ),
        (
            API + "stores: {shared: {kind: sqlite, path: sidecar-spool.db}, spool: {kind: sqlite}}",
            "f:2:39: warning: stores.spool.path: the file of stores.shared, too",
        ),
        (
            "upstreams: {g: {preset: gemini, url: 'https://x', routes: [{name: sream}]}}",
            "(did you mean 'stream'?)",
        ),
        (
            "upstreams: {g: {preset: gemini, url: 'https://x', routes: [{name: sream}]}}",
            "f:1:60: warning: upstreams.g.routes[0]: matches everything",
        ),
        (
            "upstreams: {g: {preset: gemini, url: 'https://x', routes: [{name: all}]}}",
            "no route of the preset after it is used",
        ),
    ],
)
def test_a_disagreement_is_found_at_its_place(text, expected):
    (line,) = problems(text)
    assert expected in line


@pytest.mark.parametrize(
    ("upstream", "twice"),
    [
        ("preset: supabase, url: 'https://p.supabase.co/rest/v1'", True),
        ("preset: supabase, url: 'https://p.supabase.co/rest/v1/'", True),
        ("preset: whatsapp, url: 'https://graph.facebook.com/v23.0'", True),
        ("preset: gemini, url: 'https://x/v1beta'", True),
        ("url: 'https://x/api', routes: [{name: r, match: {path: /api/users}}]", True),
        ("preset: supabase, url: 'https://x/supabase'", False),
        ("preset: whatsapp, url: 'https://x/graph'", False),
        ("preset: whatsapp-media, url: 'https://x/v1'", False),
        ("url: 'https://x/api', routes: [{name: r, match: {path: '/**'}}]", False),
        ("url: 'https://x/api', routes: [{name: r, match: {path: '/{a}/api'}}]", False),
        ("url: 'https://x', routes: [{name: r, match: {path: /api}}]", False),
    ],
)
def test_a_base_path_that_calls_would_have_twice_is_said(upstream, twice):
    said = problems(f"upstreams: {{a: {{{upstream}}}}}")
    assert [line for line in said if "warning: upstreams.a.url: ends as paths" in line] == said
    assert len(said) == twice


@pytest.mark.parametrize(
    "text",
    [
        API + f"listen: {{proxy_tls: 127.0.0.1:1, {TLS}}}",
        f"listen: {{{TLS}}}\nupstreams: {{a: {{url: 'http://x', port: 1, tls_port: 2}}}}",
        API + "listen: {proxy: 127.0.0.1:0, ops: 127.0.0.1:0}",
        API + "listen: {proxy: 127.0.0.1:1, ops: 127.0.0.2:1}",
        API + "listen: {proxy: unix:/p, ops: unix:/o}",
        API + "stores: {shared: {kind: sqlite}, spool: {kind: sqlite}}",
        API + "stores: {shared: {kind: sqlite, path: x.db}, spool: {kind: redis}}",
        "upstreams: {a: {url: 'https://x', tls: {certificate: c, key: k}}}",
        "upstreams: {a: {url: 'http://x', routes: [{name: r}]}, b: {url: 'http://x'}}",
    ],
)
def test_what_agrees_is_accepted(text):
    assert problems(text) == []
