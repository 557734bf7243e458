"""What is accepted although it does nothing is said; what would do harm is refused."""

import pytest

from sidecar.loader import ConfigErrors, loads


def problems(settings, rest=""):
    text = f"upstreams: {{a: {{url: 'https://x', {settings}}}{rest}}}"
    try:
        return [str(problem) for problem in loads(text, name="f", env={}).warnings]
    except ConfigErrors as errors:
        return [str(problem) for problem in errors.problems]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            "media: {downloads: aa}",
            "media.downloads: there is no such upstream (did you mean 'a'?)",
        ),
        ("credentials: {header: x-k, values: []}", "credentials.values: holds no key"),
        ("credentials: {header: x-k, values: ' '}", "credentials.values: holds no key"),
        ("ledger: {header: ApiKey}", "ledger.header: this field holds a credential"),
    ],
)
def test_what_would_do_harm_is_refused_at_its_place(settings, expected):
    (line,) = problems(settings)
    assert line.startswith("f:1:")
    assert "error: upstreams.a." + expected in line


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ("routes: [{name: r, match: {methods: [POST]}, cache: {ttl: 1m}}]", "routes[0].cache.ttl"),
        ("cache: {ttl: 1m, when: {$.a: 1}}", "cache.when"),
        ("cache: {stale_if_error: 1m}", "cache.stale_if_error"),
        ("cache: {prefetch: [{target: /x}]}", "cache.prefetch"),
        ("cache: {mode: rfc9111, ttl: 1m}", "cache.ttl"),
        ("cache: {mode: rfc9111, negative: {404: 1m}}", "cache.negative"),
        ("cache: {mode: rfc9111, headers: [a]}", "cache.headers"),
        ("cache: {negative: {429: 1s}}", "cache.negative.429"),
        ("cache: {negative: {503: 1s}}", "cache.negative.503"),
        ("cache: {shared: true, negative: {401: 1s}}", "cache.negative.401"),
        ("routes: [{name: r, invalidates: [foo]}]", "routes[0].invalidates[0]"),
        ("routes: [{name: r, breaker: {window: 1s}}]", "routes[0].breaker.window"),
        ("limit: {mode: adaptive, min: 9, inflight: 5}", "limit.min"),
        ("timeouts: {total: 1s, connect: 5s}", "timeouts.total"),
        ("breaker: {key: upstream+modl}", "breaker.key"),
        (
            "breaker: {key: modl}, routes: [{name: r, match: {path: '/{model}'}}]",
            "breaker.key",
        ),
        ("pace: [{name: p, key: id+$.to, rate: 1/s}]", "pace[0].key"),
        (
            "routes: [{name: r, match: {path: '/{a}'}, breaker: {key: b}}]",
            "routes[0].breaker.key",
        ),
    ],
)
def test_a_setting_without_effect_is_said_at_its_place(settings, path):
    (line,) = problems(settings)
    assert f"warning: upstreams.a.{path}: " in line


@pytest.mark.parametrize(
    "settings",
    [
        "cache: {ttl: 1m}, routes: [{name: r, match: {methods: [POST]}}]",
        "cache: {ttl: 1m}, routes: [{name: r, cache: {mode: rfc9111}}]",
        "routes: [{name: r, match: {methods: [POST]}, cache: {ttl: 1m, post: true}}]",
        "cache: {when: {$.a: 1}}, routes: [{name: r, cache: {ttl: 1m, post: true}}]",
        "cache: {prefetch: [{target: /x}]}, routes: [{name: r, cache: {ttl: 1m}}]",
        "cache: {negative: {401: 1s}, tags: [foo]}, routes: [{name: r, invalidates: [foo, table]}]",
        "breaker: {window: 1s}, routes: [{name: r, breaker: {hold: 1s, key: route}}]",
        "limit: {mode: adaptive, inflight: 2}, timeouts: {total: 1s}",
        "media: {downloads: a}, ledger: {header: X-Key}",
        "breaker: {key: upstream+model}, routes: [{name: r, match: {path: '/{model}:x'}}]",
        "breaker: {key: upstream+model}, routes: [{name: r, match: {path: /chat/completions}}]",
        "pace: [{name: p, key: a + b, rate: 1/s}], routes: [{name: r, match: {path: '/{b}{a}'}}]",
        "breaker: {key: header:x-a+route}, pace: [{name: p, key: $.a.to, rate: 1/s}]",
        "credentials: {header: x-k, query: key, move_query_key: true}",
    ],
)
def test_what_has_an_effect_somewhere_is_accepted(settings):
    assert problems(settings) == []


def queued(queue, methods="[]"):
    text = f"""
stores: {{spool: {{kind: sqlite}}}}
upstreams:
  a:
    url: https://x
    routes: [{{name: r, match: {{path: '/{{id}}/x', methods: {methods}}}, queue: {queue}}}]
"""
    return [str(problem) for problem in loads(text, name="f", env={}).warnings]


def test_an_order_by_a_part_that_no_call_has_is_said():
    (line,) = queued("{mode: always, order: ids+$.to}")
    assert "warning: upstreams.a.routes[0].queue.order: no path" in line
    assert "did you mean 'id'?" in line
    assert queued("{mode: always, order: id+$.to}") == []


def test_a_queue_for_reads_only_is_said():
    (line,) = queued("{mode: always}", "[GET]")
    assert "warning: upstreams.a.routes[0].queue.mode: has no effect: GET, HEAD" in line
    assert queued("{mode: always}", "[GET, POST]") == []
