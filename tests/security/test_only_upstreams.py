"""Nothing but the configured upstreams is ever called, whatever requests and answers say.

Beside the upstream stands a trap: a server that nobody configured. Redirects are in
test_hostile_responses.py, values of every kind in tests/unit/core/test_prefetch_targets.py.
"""

import asyncio
import json
from contextlib import asynccontextmanager
from urllib.parse import unquote

import pytest

from tests.support.proxied import soon
from tests.support.raw import ask, call, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK, reply
from tests.support.upstream import Upstream

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
upstreams:
  api:
    url: {url}/base
    cache: {{ttl: 60s}}
    returned_urls: {{headers: [Location, Link], json: ["$.url", "$.rows[*].url"]}}
    routes:
      - name: list
        match: {{path: /list}}
        cache: {{prefetch: [{{target: "/p/{{$.id}}"}}, {{target: "/q?id=eq.{{$.id}}"}}]}}
  other: {{url: {url}/other}}
"""


@asynccontextmanager
async def world(answer, *headers):
    """A sidecar, its upstream, which says `answer`, and the trap."""

    def choose(request):
        said = answer(trap) if callable(answer) else answer
        listed = request.target.startswith((b"/base/list", b"/base/url"))
        kind = b"Content-Type: application/json"
        return reply(json.dumps(said).encode(), kind, *headers) if listed else OK

    async with (
        Upstream(OK) as trap,
        Upstream(choose=choose) as origin,
        running_sidecar(CONFIG.format(url=origin.url)) as sidecar,
    ):
        yield sidecar, origin, trap


HOSTILE = [
    *(
        "../../other/x",
        "..%2f..%2fother",
        "%2e%2e/%2e%2e/other",
        "a/b",
        "a\\b",
        "..",
        ".",
        "%2e%2e",
    ),
    *("a?b=c", "a#b", "a&b=c", "a;b", "a\r\nHost: evil", "a\nX: b", "a\0b", "a b", "a\tb"),
    *("http://{trap}/x", "//{trap}/x", "@{trap}", "x@{trap}/", "{trap}:80", "\\\\{trap}\\x"),
    *(
        "HTTP/1.1\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
        "a" * 300,
        "\u2025/\u2025",
        "a\u0000",
    ),
]


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_field_of_an_answer_makes_no_other_call_than_was_configured(value):
    def answer(trap):
        return {"id": value.replace("{trap}", f"127.0.0.1:{trap.port}")}

    async with world(answer) as (sidecar, origin, trap):
        assert (await ask(sidecar.proxy, get("/api/list"))).status == 200
        await asyncio.sleep(0.03)
        assert not trap.connections
        for request in origin.requests[1:]:
            path, _, query = request.target.decode().partition("?")
            assert path.startswith("/base/p/") or path == "/base/q"
            assert path.count("/") <= 3
            assert unquote(path).rpartition("/")[2] not in {"..", "."}
            assert query.startswith("id=eq.") == (path == "/base/q")
            assert not set(query) & set("&#;")
            assert [name for name, _ in request.headers] == [b"Host"]
            assert request.values(b"host") == [origin.host]


async def test_a_field_that_means_no_harm_is_fetched():
    async with world({"id": "a/b?c"}) as (sidecar, origin, _):
        await ask(sidecar.proxy, get("/api/list"))
        await soon(lambda: len(origin.requests) == 2)
        assert origin.requests[1].target == b"/base/q?id=eq.a%2Fb%3Fc"


RETURNED = [
    *("http://{trap}/x", "//{trap}/x", "http://{own}@{trap}/base/x", "http://{trap}/{own}/base"),
    *("http://{own}.evil.test/base/x", "http://{own}/base/../other/x", "http://{own}/base\\..\\x"),
    *("http://{own}/base/%2e%2e/other", "javascript:alert(1)", "http://{own}/base/x\r\nX: y"),
    *(
        "http://{own}/basement/x",
        "ftp://{own}/base/x",
        "http://[{own}]/base/x",
        "http://{own}:1/base",
    ),
]


@pytest.mark.parametrize("url", RETURNED)
async def test_a_returned_url_of_somebody_else_stays_as_it_is_and_is_not_called(url):
    def filled(trap):
        own = f"127.0.0.1:{origins[0].port}"
        return url.replace("{trap}", f"127.0.0.1:{trap.port}").replace("{own}", own)

    origins = []
    async with world(lambda trap: {"url": filled(trap), "rows": [{"url": filled(trap)}]}) as (
        sidecar,
        origin,
        trap,
    ):
        origins.append(origin)
        answer = await ask(sidecar.proxy, get("/api/url"))
        assert json.loads(answer.body) == {"url": filled(trap), "rows": [{"url": filled(trap)}]}
        assert not trap.connections
        assert len(origin.requests) == 1


@pytest.mark.parametrize(
    "fields",
    [
        *(
            ("Host: {trap}",),
            ("Host: a", "X-Forwarded-Host: {trap}"),
            ("Host: a", "Forwarded: host={trap}"),
        ),
        *(("Host: a", "X-Original-URL: http://{trap}/"), ("Host: a", "X-Rewrite-URL: //{trap}/")),
        *(("Host: a", "X-Sidecar-Upstream: {trap}"), ("Host: a", "Location: http://{trap}/")),
        *(("Host: a", "Referer: http://{trap}/"), ("Host: a", "Max-Forwards: 0")),
    ],
)
async def test_no_field_of_a_request_chooses_its_host(fields):
    async with world({}) as (sidecar, origin, trap):
        lines = [field.replace("{trap}", f"127.0.0.1:{trap.port}") for field in fields]
        data = "\r\n".join(["GET /api/x HTTP/1.1", *lines]).encode() + b"\r\n\r\n"
        assert (await ask(sidecar.proxy, data)).status == 200
        assert not trap.connections
        assert origin.requests[0].values(b"host") == [origin.host]


@pytest.mark.parametrize("target", ["http://{trap}/x", "//{trap}/x", "/{trap}/x", "/api@{trap}/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "CONNECT"])
async def test_no_target_chooses_its_host(target, method):
    async with world({}) as (sidecar, origin, trap):
        target = target.replace("{trap}", f"127.0.0.1:{trap.port}")
        answer = await ask(sidecar.proxy, call(method, target, host="a"))
        assert answer.status in {400, 404}
        assert not trap.connections
        assert not origin.connections
