"""A page that somebody has open in a browser on this machine: it can call loopback addresses.

By a form or an image (CSRF), under a name that it points here (DNS rebinding), by a WebSocket,
which may cross sites, or in a frame. The rules of the admin listener one by one are in
tests/unit/admin/test_guard.py and tests/integration/test_admin.py; what the page of the dashboard
shows of hostile names is in tests/browser/test_hostile.py.
"""

import ast
import inspect
import re
from pathlib import Path

import pytest

from sidecar.admin import guard
from sidecar.config import Address, Credentials
from sidecar.config.admin import Admin
from sidecar.config.secret import Secret
from tests.support.builders import LOOPBACK, config, upstream
from tests.support.proxied import proxied
from tests.support.raw import ask, call, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK
from tests.support.upstream import Upstream

KEYS = Credentials(header="x-goog-api-key", value=Secret("held"))
PAGES = {
    "form of another site": ("Origin: https://evil.test", "Sec-Fetch-Site: cross-site"),
    "script of another site": ("Origin: https://evil.test",),
    "page without an origin": ("Origin: null",),
    "image of another site": ("Sec-Fetch-Site: cross-site",),
    "another port of this machine": ("Origin: http://localhost:3000", "Sec-Fetch-Site: same-site"),
}
REBOUND = ["evil.example", "evil.example:8080", "127.0.0.1.nip.io", "localhost.evil.example"]
APPLICATIONS = {
    "an SDK": (),
    "Node": ("Sec-Fetch-Mode: cors", "Accept-Language: *"),
    "somebody who types": ("Sec-Fetch-Site: none",),
}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("page", PAGES)
async def test_a_page_of_another_site_cannot_use_a_key_that_the_sidecar_holds(page, method):
    async with proxied(OK, credentials=KEYS) as (sidecar, origin):
        data = call(method, "/api/x", *PAGES[page], host="localhost:8080", content=b"{}")
        answer = await ask(sidecar.proxy, data)
        assert (answer.status, answer.error) == (403, "bad_request")
        assert not answer.values("access-control-allow-origin")
        assert not origin.connections


@pytest.mark.parametrize("host", REBOUND)
async def test_a_page_that_points_its_name_here_cannot_either(host):
    async with proxied(OK, credentials=KEYS) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get("/api/x", "Sec-Fetch-Site: same-origin", host=host))
        assert (answer.status, answer.error) == (403, "bad_request")
        assert not origin.connections


async def test_nor_can_its_websocket():
    switch = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    fields = (*switch, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Origin: https://evil.test")
    async with proxied(OK, credentials=KEYS) as (sidecar, origin):
        assert (await ask(sidecar.proxy, get("/api/x", *fields))).status == 403
        assert not origin.connections


@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "sidecar", "sidecar.shop.svc"])
async def test_an_application_can(application, host):
    async with proxied(OK, credentials=KEYS) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get("/api/x", *APPLICATIONS[application], host=host))
        assert answer.status == 200
        assert origin.requests[0].values(b"x-goog-api-key") == [b"held"]


async def test_a_name_of_the_configuration_is_a_name_of_the_sidecar():
    async with Upstream(OK) as origin:
        named = upstream(origin.url, credentials=KEYS, hosts=("keyed.example.com",))
        whole = config(upstreams={"api": named}, admin=Admin(hosts=("sidecar.example.com",)))
        async with running_sidecar(whole) as sidecar:
            for host, target in (("keyed.example.com", "/x"), ("Sidecar.Example.com:80", "/api/x")):
                assert (await ask(sidecar.proxy, get(target, host=host))).status == 200


async def test_what_the_application_brings_itself_may_be_used_by_whoever_has_it():
    """Without a key of the sidecar's, a page can do here what it could do at the provider."""
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get("/api/x", *PAGES["form of another site"]))
        assert answer.status == 200
        assert not origin.requests[0].values(b"x-goog-api-key")


# The admin and ops listeners.


@pytest.fixture
async def listening():
    async with Upstream(OK) as origin:
        whole = config(
            upstreams={"api": upstream(origin.url)},
            listen={"admin": LOOPBACK},
            admin=Admin(token="0123456789abcdef"),
        )
        async with running_sidecar(whole) as sidecar:
            yield sidecar


TOKEN = "Authorization: Bearer 0123456789abcdef"


async def test_every_answer_of_the_admin_listener_is_kept_from_frames_scripts_and_other_sites(
    listening,
):
    admin: Address = listening.bound["admin"]
    for target in ("/", "/static/js/app.js", "/admin", "/admin/config", "/admin/nothing", "/x"):
        for fields in ((), (TOKEN,)):
            answer = await ask(admin, get(target, *fields, host=str(admin)))
            policy = answer.value("content-security-policy")
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert not re.search(r"unsafe|\*|https?:", policy)
            assert answer.value("x-content-type-options") == "nosniff"
            assert answer.value("cross-origin-resource-policy") == "same-origin"
            assert answer.value("cross-origin-opener-policy") == "same-origin"
            assert answer.value("referrer-policy") == "no-referrer"
            assert not answer.values("access-control-allow-origin")
            assert not answer.values("set-cookie")


async def test_every_write_is_refused_to_a_page_even_with_the_token(listening):
    import json

    admin: Address = listening.bound["admin"]
    index = await ask(admin, get("/admin", TOKEN, host=str(admin)))
    writes = [row for row in json.loads(index.body) if row["method"] not in {"GET", "HEAD"}]
    assert len(writes) >= 8
    for row in writes:
        path = row["path"].replace("{", "").replace("}", "")
        for fields in (
            (TOKEN, "Origin: https://evil.test", "X-Sidecar-Admin: 1"),
            (TOKEN, "Sec-Fetch-Site: cross-site", "X-Sidecar-Admin: 1"),
            (TOKEN,),
        ):
            answer = await ask(
                admin, call(row["method"], path, *fields, host=str(admin), content=b"")
            )
            assert answer.status == 403, row


@pytest.mark.parametrize("host", REBOUND)
async def test_a_page_that_points_its_name_here_reads_nothing_of_the_admin_listener(
    listening, host
):
    for target in ("/", "/admin", "/admin/config"):
        answer = await ask(listening.bound["admin"], get(target, TOKEN, host=host))
        assert answer.status == 403


async def test_the_admin_listener_speaks_no_other_protocol_and_answers_no_preflight(listening):
    admin: Address = listening.bound["admin"]
    switch = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    fields = (*switch, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", TOKEN)
    assert (await ask(admin, get("/admin", *fields, host=str(admin)))).status == 200
    asked = ("Origin: https://evil.test", "Access-Control-Request-Method: POST")
    for where in (admin, listening.bound["ops"]):
        answer = await ask(where, call("OPTIONS", "/admin", *asked, host=str(where)))
        assert answer.status >= 400
        assert not [
            name for name, _ in answer.headers if name.lower().startswith(b"access-control")
        ]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_changed_through_the_ops_listener(listening, method):
    for target in ("/health", "/health/ready", "/metrics", "/admin"):
        answer = await ask(listening.bound["ops"], call(method, target, content=b""))
        assert answer.status in {404, 405}


def test_a_token_is_compared_in_one_time():
    """By `compare_digest`, and nothing else looks at it."""
    tree = ast.parse(inspect.getsource(guard))
    compared = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and "token" in ast.unparse(node)
    ]
    assert set(compared) == {"self.token is None", "admin.token is None"}
    assert "hmac.compare_digest" in inspect.getsource(guard)


SCRIPTS = sorted((Path(guard.__file__).parent / "static" / "js").glob("*.js"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_of_the_dashboard_writes_markup(script):
    """Names and messages of others become text (tests/browser/test_hostile.py shows it)."""
    text = script.read_text()
    for means in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert means not in text
    assert not re.search(r"new Function|setTimeout\(\s*[\"'`]|javascript:", text)


def test_the_page_of_the_dashboard_has_no_script_or_style_of_its_own():
    text = (Path(guard.__file__).parent / "static" / "index.html").read_text()
    assert not re.search(r"\son\w+=|style=|<style|javascript:|https?://(?!www\.w3\.org)", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
