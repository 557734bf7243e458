"""The admin listener on a port of its own: who may ask, what every answer has, and how it ends."""

import asyncio
import os
import subprocess
import sys

import aiohttp
import pytest

from sidecar.config import Address, Config, Listen
from sidecar.config.admin import Admin
from sidecar.exchange import SAFE_METHODS
from tests.support.admin_served import BREAKERS, WRITE, Served
from tests.support.builders import upstream
from tests.support.certificates import make
from tests.support.sidecar import running_sidecar

ANY = Address("127.0.0.1", 0)
TOKEN = "0123456789abcdef"  # not a secret


async def test_the_index_names_every_endpoint(served):
    status, rows = await served.call("GET", "/admin")
    assert status == 200
    assert {(row["method"], row["path"]) for row in rows} >= {
        ("GET", BREAKERS),
        ("POST", f"{BREAKERS}/NAME/open|close|observe"),
        ("POST", "/admin/drills"),
        ("DELETE", "/admin/drills/ID"),
    }


async def test_every_answer_has_the_strict_headers_and_none_names_the_server(served):
    for path, status in [("/admin", 200), ("/nowhere", 404), ("/admin/broken", 500)]:
        async with served.http.get(path) as answer:
            assert answer.status == status
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Server"] == "sidecar"
            assert "secret" not in await answer.text()
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_body_that_never_comes_is_not_waited_for(served, monkeypatch):
    monkeypatch.setattr("sidecar.admin.asked._PATIENCE", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(
        f"POST {BREAKERS}/api/open HTTP/1.1\r\nHost: localhost\r\n"
        "X-Sidecar-Admin: 1\r\nContent-Length: 10\r\n\r\n".encode()
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({**WRITE, "Host": "evil.test"}, 403),
        ({**WRITE, "Origin": "https://evil.test"}, 403),
        ({**WRITE, "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_a_browser_that_is_made_to_write_is_refused_and_audited(
    served, audit, headers, status
):
    found, _ = await served.call("POST", f"{BREAKERS}/api/open", headers=headers)
    assert found == status
    assert [line["status"] for line in audit()] == [status]
    async with served.http.options(f"{BREAKERS}/api/open", headers=headers) as preflight:
        assert preflight.status == 403
        assert not [name for name in preflight.headers if name.startswith("Access-Control")]


async def test_a_foreign_name_reads_nothing_either(served):
    found, _ = await served.call("GET", "/admin", headers={"Host": "evil.test"})
    assert found == 403


async def test_with_a_token_everything_needs_it():
    async with Served(admin=Admin(token=TOKEN)) as made:
        async with made.http.get("/admin") as answer:
            assert (answer.status, answer.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
        shown = {**WRITE, "Authorization": f"Bearer {TOKEN}"}
        assert (await made.call("POST", f"{BREAKERS}/api/open", headers=shown))[0] == 200


async def test_head_is_answered_and_what_reads_needs_no_header(served):
    assert "HEAD" in SAFE_METHODS
    async with served.http.head(BREAKERS) as answer:
        assert answer.status == 200


async def test_it_stops_at_once_whatever_its_clients_do(served):
    half = await asyncio.open_connection("127.0.0.1", served.port)
    half[1].write(b"GET /admin HTTP/1.1\r\nHost: a\r\n")
    async with asyncio.timeout(3):
        await served.runner.cleanup()
    half[1].close()
    await half[1].wait_closed()


STARTED = """
import asyncio, gc, ssl, sys
from sidecar.app import Sidecar
from sidecar.loader import loads

async def main():
    listen = f"proxy: 127.0.0.1:0, ops: 127.0.0.1:0, admin: {sys.argv[1]}"
    text = f"listen: {{{listen}}}\\nupstreams: {{api: {{url: 'http://127.0.0.1:1'}}}}"
    sidecar = Sidecar(loads(text).config)
    await sidecar.start()
    await sidecar.close()

asyncio.run(main())
contexts = [each for each in gc.get_objects() if isinstance(each, ssl.SSLContext)]
known = sum(each.cert_store_stats()["x509_ca"] for each in contexts)
print("aiohttp" in sys.modules, len(contexts) > 0, known)
"""


def started(admin, **environment):
    """Whether aiohttp was loaded, whether there are contexts, and the authorities in them."""
    done = subprocess.run(
        [sys.executable, "-c", STARTED, admin],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stdout.split()


def test_a_sidecar_without_an_admin_listener_does_without_the_library_that_serves_it():
    assert started("null")[0] == "False"


def test_the_library_that_serves_operators_reads_no_authorities_for_its_own_client(tmp_path):
    authority = str(make(tmp_path).ca)
    assert started("127.0.0.1:0", SSL_CERT_FILE=authority) == ["True", "True", "0"]


async def test_hints_name_the_port_that_was_taken_where_any_would_do():
    config = Config(
        upstreams={"api": upstream("http://127.0.0.1:1")},
        listen=Listen(proxy=(ANY,), ops=ANY, admin=ANY),
    )
    async with running_sidecar(config) as running, aiohttp.ClientSession() as http:
        async with http.get(f"http://{running.bound['admin']}/admin/hints") as answer:
            (hint,) = await answer.json()
        assert hint["bases"][0]["url"] == f"{running.proxy_url}/api"
