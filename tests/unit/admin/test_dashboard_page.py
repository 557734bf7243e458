import re

import aiohttp
import pytest
from aiohttp import web

from sidecar.admin.dashboard import add_dashboard, assets
from sidecar.admin.hints import hint_endpoints
from sidecar.admin.rendering import strict_headers
from sidecar.loader import loads
from sidecar.side_listener import make_runner


@pytest.fixture
async def http():
    app = web.Application()
    add_dashboard(app)
    app.on_response_prepare.append(strict_headers)
    runner = make_runner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
        yield session
    await runner.cleanup()


async def test_the_page_and_all_that_it_names_are_served(http):
    async with http.get("/") as answer:
        page = await answer.text()
        assert answer.content_type == "text/html"
    named = re.findall(r'(?:href|src)="(static/[^"]+)"', page)
    assert len(named) >= 7
    for path in named:
        async with http.get(f"/{path}") as answer:
            assert answer.status == 200


async def test_every_import_leads_to_a_file_that_is_served():
    for path, asset in assets().items():
        if path.endswith((".js", ".mjs")):
            for name in re.findall(rb'from\s?"([^"]+)"', asset.body):
                folder = path.rpartition("/")[0]
                parts = f"{folder}/{name.decode()}".replace("/./", "/")
                assert re.sub(r"/[^/]+/\.\./", "/", parts) in assets(), (path, name)


async def test_nothing_is_run_but_what_is_served_and_nothing_is_sniffed(http):
    async with http.get("/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; ")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_did_not_change_is_not_sent_again(http):
    async with http.get("/static/js/main.js") as answer:
        tag, body = answer.headers["ETag"], await answer.read()
        assert answer.headers["Cache-Control"] == "no-cache"
    assert body.startswith(b"// ")
    for given, status in ((tag, 304), (f'"old", W/{tag}', 304), ('"old"', 200)):
        async with http.get("/static/js/main.js", headers={"If-None-Match": given}) as answer:
            assert answer.status == status


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/vendor/vendor.json",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/index.html",
    ],
)
async def test_nothing_else_of_the_package_is_served(http, path):
    async with http.get(path) as answer:
        assert answer.status == 404


async def test_a_head_says_what_a_get_would(http):
    async with http.head("/") as answer:
        assert (answer.status, int(answer.headers["Content-Length"])) == (
            200,
            len(assets()["/"].body),
        )


async def test_hints_are_those_of_the_configuration():
    config = loads(
        "upstreams: {gemini: {preset: gemini, url: https://generativelanguage.googleapis.com}}",
        env={},
    ).config
    (endpoint,) = hint_endpoints(lambda: config)
    (hint,) = (await endpoint.handle(None)).value
    assert hint["bases"][0]["url"].endswith("/gemini")
    assert "google-genai (Python)" in [client["name"] for client in hint["clients"]]
