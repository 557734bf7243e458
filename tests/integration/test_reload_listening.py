"""Listeners, certificates, secrets and the admin listener over a reload."""

import asyncio
import ssl

import aiohttp
import pytest

from sidecar.config import Address
from sidecar.core.drills import Order
from tests.support.certificates import make
from tests.support.ports import free_port
from tests.support.proxied import soon
from tests.support.raw import ask, connected, get
from tests.support.reloaded import HEAD, from_file
from tests.support.steps import OK, body, message, send, wait
from tests.support.upstream import Upstream

OWN = {"X-Sidecar-Admin": "1"}
BAD = "upstreams:\n  api:\n    url: http://x.test\n    timeout: 5s\n"


def written(url, more="", head=HEAD, name="api"):
    return f"{head}upstreams:\n  {name}:\n    url: {url}\n    retry: {{attempts: 1}}\n{more}"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sidecar.yaml"


async def test_listeners_come_and_go_and_the_others_keep_their_sockets(file):
    first, second = free_port(), free_port()
    async with (
        Upstream(OK) as origin,
        from_file(file, written(origin.url, f"    port: {first}\n")) as subject,
    ):
        own = subject.running.port("api")
        async with connected(subject.running.proxy) as client:
            await client.send(get())
            assert (await client.response()).status == 200
            await subject.reload(written(origin.url, f"    port: {second}\n"))
            await client.send(get())  # on the same connection
            assert (await client.response()).status == 200
        assert (await ask(subject.running.port("api"), get("/x"))).status == 200
        with pytest.raises(ConnectionRefusedError):
            await ask(own, get("/x"))


async def test_the_port_of_an_upstream_that_is_called_otherwise_now_is_not_closed(file):
    port = free_port()
    async with (
        Upstream(OK) as origin,
        from_file(file, written(origin.url, f"    port: {port}\n")) as subject,
    ):
        async with connected(subject.running.port("api")) as client:
            await subject.reload(written(origin.url, f"    port: {port}\n", name="other"))
            await client.send(get("/x"))
            assert (await client.response()).status == 200
        assert "upstream:api" not in subject.running.bound
        assert subject.running.port("other").port == port


async def test_an_answer_under_way_on_a_port_that_goes_ends_whole(file):
    slow = (body, wait(0.3), send(message(b"late")))
    port = free_port()
    async with (
        Upstream(slow) as origin,
        from_file(file, written(origin.url, f"    port: {port}\n")) as subject,
    ):
        asked = asyncio.ensure_future(ask(subject.running.port("api"), get("/x")))
        await soon(lambda: len(origin.requests) == 1)
        await subject.reload(written(origin.url))
        assert (await asked).body == b"late"
        await soon(lambda: not subject.sidecar._servers._leaving)


async def test_a_certificate_is_renewed_without_a_new_socket(file, tmp_path):
    for each in ("one", "two"):
        (tmp_path / each).mkdir()
    certificates, others = make(tmp_path / "one"), make(tmp_path / "two")
    names = ("server.pem", "server.key")
    for name, source in zip(names, (certificates.server, certificates.server_key), strict=True):
        (tmp_path / name).write_bytes(source.read_bytes())
    tls = f"{{certificate: {tmp_path / names[0]}, key: {tmp_path / names[1]}}}"
    listen = HEAD.replace(
        'proxy: "127.0.0.1:0"', f'proxy: "127.0.0.1:0", proxy_tls: "127.0.0.1:0", tls: {tls}'
    )
    async with Upstream(OK) as origin, from_file(file, written(origin.url, head=listen)) as subject:
        where = subject.running.proxy_tls
        trusted, other = certificates.client_context(), others.client_context()
        assert (await ask(where, get(), tls=trusted)).status == 200
        (tmp_path / names[0]).write_bytes(others.server.read_bytes())
        outcome = await subject.reload()  # certificate and key do not fit
        assert not outcome.ok
        assert (await ask(where, get(), tls=trusted)).status == 200
        (tmp_path / names[1]).write_bytes(others.server_key.read_bytes())
        outcome = await subject.reload()
        assert outcome.changes == ("~ listen.tls: the files have changed",)
        assert subject.running.proxy_tls == where
        assert (await ask(where, get(), tls=other)).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask(where, get(), tls=trusted)


async def test_a_secret_that_only_its_file_changed_is_taken(file, tmp_path):
    (tmp_path / "key").write_text("first-key\n")
    more = "    credentials: {header: x-key, value: '${file:key}'}\n"
    async with Upstream(OK) as origin, from_file(file, written(origin.url, more)) as subject:
        await ask(subject.running.proxy, get())
        (tmp_path / "key").write_text("second-key\n")
        outcome = await subject.reload()
        assert outcome.changes == ("~ upstreams.api.credentials.value: *** → ***",)
        await ask(subject.running.proxy, get())
        keys = [dict(each.headers)[b"x-key"] for each in origin.requests]
        assert keys == [b"first-key", b"second-key"]


async def asked_by_http(subject, path="/admin/reload", **headers):
    url = f"http://{subject.running.bound['admin']}{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, headers={**OWN, **headers}) as answer,
    ):
        return answer.status, await answer.json()


async def test_the_admin_endpoint_reloads_and_says_what_is_new_or_wrong(file):
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        file.write_text(written(origin.url, "    timeouts: {total: 9s}\n"))
        status, said = await asked_by_http(subject)
        assert (status, said["ok"]) == (200, True)
        assert said["changes"][0].startswith("~ upstreams.api.timeouts.total: ")
        file.write_text(BAD)
        status, said = await asked_by_http(subject)
        assert (status, said["ok"]) == (422, False)
        assert ":4:5: error: " in said["errors"][0]
        assert subject.sidecar.reloading.last.as_dict()["error"] == "\n".join(said["errors"])


async def test_endpoints_speak_of_the_configuration_in_force(file):
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        await subject.reload(written(origin.url, name="other"))
        path = "/admin/circuit-breakers/other/open"
        assert (await asked_by_http(subject, path))[0] == 200
        assert (await ask(subject.running.proxy, get("/other/x"))).error == "breaker_open"


async def test_the_token_of_the_admin_listener_can_be_changed(file):
    admin = "admin: {token: %s-token-of-admins}\n"
    async with (
        Upstream(OK) as origin,
        from_file(file, written(origin.url) + admin % "first") as subject,
    ):
        await subject.reload(written(origin.url) + admin % "second")
        old = {"Authorization": "Bearer first-token-of-admins"}
        new = {"Authorization": "Bearer second-token-of-admins"}
        assert (await asked_by_http(subject, **old))[0] == 401
        assert (await asked_by_http(subject, **new))[0] == 200


async def test_drills_can_be_allowed_and_those_of_the_file_begin_and_end(file):
    drill = "drills: {allowed: true, active: [%s]}\n"
    one = "{fault: http_503, upstream: api}"
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        for active, status in ((one, 503), ("", 200), (one, 503)):
            await subject.reload(written(origin.url) + drill % active)
            assert (await ask(subject.running.proxy, get())).status == status
        await subject.reload(written(origin.url))
        assert (await ask(subject.running.proxy, get())).status == 200


async def test_drills_that_find_no_room_are_left_out_and_the_reload_is_taken(file, caplog):
    drills = "drills: {allowed: true, active: [%s]}\n"
    full = ", ".join(["{fault: http_503, upstream: api, percent: 1}"] * 32)
    others = full.replace("http_503", "http_502")
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        for active in (full, others, ""):  # what goes makes room for what comes
            outcome = await subject.reload(written(origin.url) + drills % active)
            assert outcome.ok, outcome.errors
        drilling = subject.sidecar._parts.drills.drilling
        for _ in range(32):
            drilling.start(Order("http_503", "api", percent=0.1))
        one = drills % "{fault: http_502, upstream: api}"
        free = free_port()
        outcome = await subject.reload(written(origin.url, f"    port: {free}\n") + one)
        assert outcome.ok, outcome.errors
        assert "32 drills are under way" in str([vars(each) for each in caplog.records])
        assert (await ask(subject.running.port("api"), get())).status in (200, 503)


async def test_a_unix_socket_stays_and_is_not_taken_from_itself(file, tmp_path):
    path = tmp_path / "s"
    (tmp_path / "one").mkdir()
    made = make(tmp_path / "one")
    tls = f"tls: {{certificate: {made.server}, key: {made.server_key}}}"
    plain = HEAD.replace('proxy: "127.0.0.1:0"', f"proxy: unix:{path}, {tls}")
    secure = HEAD.replace('"127.0.0.1:0"', f'"127.0.0.1:0", proxy_tls: unix:{path}, {tls}', 1)
    where = Address(path=str(path))
    async with Upstream(OK) as origin, from_file(file, written(origin.url, head=plain)) as subject:
        assert (
            (await subject.reload(written(origin.url, head=secure)))
            .errors[0]
            .startswith(f"error: cannot listen on unix:{path}")
        )
        assert (await ask(where, get())).status == 200
        assert (await subject.reload(written(origin.url))).ok
        await soon(lambda: not path.exists())
        assert (await subject.reload(written(origin.url, head=plain))).ok
        assert (await ask(where, get())).status == 200
