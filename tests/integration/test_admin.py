"""The admin listener on a port of its own, with real breakers and drills behind it."""

import asyncio
import logging

import aiohttp
import pytest
from aiohttp import web

from sidecar.admin import (
    Answer,
    Endpoint,
    breaker_endpoints,
    drill_endpoints,
    make_admin_app,
)
from sidecar.clock import SystemClock
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.config.breaker import Breaker
from sidecar.core.breaker.registry import Breakers, BreakerSet
from sidecar.drilling import Drilling
from sidecar.exchange import SAFE_METHODS
from sidecar.faults import FAULTS
from sidecar.side_listener import make_runner
from sidecar.telemetry.drill_stats import DrillStats

BREAKERS = "/admin/circuit-breakers"
WRITE = {"X-Sidecar-Admin": "1"}
ROUTES = {"gemini": ["default", "generate"], "api": ["default"]}
TOKEN = "0123456789abcdef"  # not a secret


class Served:
    """What is behind the listener, and where it is."""

    def __init__(self, *, drills=True, admin=None):
        clock = SystemClock()
        sets = {
            name: BreakerSet(name, Breaker(), lambda: 0.5, now=clock.now())
            for name in ("gemini", "api")
        }
        sets["gemini"].at("gemini/flash", clock.now())
        self.breakers = Breakers(sets)
        self.drilling = Drilling(clock, DrillStats()) if drills else None

        async def broken(_):
            raise RuntimeError("secret detail")

        async def echo(_):
            return Answer({"fine": True})

        app = make_admin_app(
            admin or Admin(),
            DEFAULT_ADMIN,
            [
                *breaker_endpoints(self.breakers, clock),
                *drill_endpoints(self.drilling, ROUTES),
                Endpoint("GET", "/admin/broken", "fails", broken),
                Endpoint("GET", "/admin/echo", "answers", echo),
            ],
        )
        self.runner = make_runner(app)

    async def __aenter__(self):
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.port = self.runner.addresses[0][1]
        self.http = aiohttp.ClientSession(f"http://127.0.0.1:{self.port}")
        return self

    async def __aexit__(self, *_):
        await self.http.close()
        if self.drilling:
            self.drilling.close()
        await self.runner.cleanup()

    async def call(self, method, path, *, headers=WRITE, **more):
        async with self.http.request(method, path, headers=headers, **more) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def served():
    async with Served() as made:
        yield made


@pytest.fixture
def audit(caplog):
    caplog.set_level(logging.INFO, "sidecar.event")
    return lambda: [record.fields for record in caplog.records if record.msg == "admin"]


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


async def test_breakers_are_listed_as_json_and_as_text(served):
    status, rows = await served.call("GET", BREAKERS)
    assert status == 200
    names = [row["name"] for row in rows]
    assert names == ["gemini/gemini", "gemini/gemini/flash", "api/api"]
    async with served.http.get(BREAKERS, headers={"User-Agent": "curl/8.5.0"}) as answer:
        lines = (await answer.text()).splitlines()
    assert lines[0].startswith("NAME ")
    assert lines[1].split()[:2] == ["gemini/gemini", "closed"]


@pytest.mark.parametrize("name", ["gemini/gemini/flash", "gemini%2Fgemini%2Fflash"])
async def test_one_breaker_is_found_by_its_name_with_slashes(served, name):
    from yarl import URL

    url = URL(f"{BREAKERS}/{name}", encoded=True)
    status, shown = await served.call("GET", url)
    assert (status, shown["name"]) == (200, "gemini/gemini/flash")
    status, shown = await served.call("POST", URL(f"{BREAKERS}/{name}/open", encoded=True))
    assert (status, shown["state"]) == (200, "forced_open")


@pytest.mark.parametrize(
    ("action", "state"),
    [("open", "forced_open"), ("close", "forced_closed"), ("observe", "observed")],
)
async def test_a_breaker_is_forced_for_a_while_and_reset(served, audit, action, state):
    path = f"{BREAKERS}/api"
    status, shown = await served.call(
        "POST", f"{path}/{action}?for=5m", json={"reason": "an outage", "by": "ann"}
    )
    assert (status, shown["state"], shown["forced"]["reason"]) == (200, state, "an outage")
    assert 299 < shown["forced"]["seconds_left"] <= 300
    status, shown = await served.call("POST", f"{path}/reset")
    assert (status, shown["state"], shown["forced"]) == (200, "closed", None)
    first, second = audit()
    assert first == {
        "client": "127.0.0.1",
        "method": "POST",
        "path": f"{path}/{action}",
        "status": 200,
        "given_reason": "an outage",
        "given_by": "ann",
        "given_for": "5m",
    }
    assert second["path"] == f"{path}/reset"


async def test_without_a_time_it_is_ten_minutes(served):
    _, shown = await served.call("POST", f"{BREAKERS}/api/open")
    assert 599 < shown["forced"]["seconds_left"] <= 600


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/apl/open", None, 404, "there is no such breaker (did you mean 'api'?)"),
        ("/api/open?for=25h", None, 400, "for: longer than 24 hours"),
        ("/api/open?for=10", None, 400, "for: expected a duration"),
        ("/api/open?for=1m&for=2m", None, 400, '"for" is there twice'),
        ("/api/open?fro=1m", None, 400, "did you mean 'for'?"),
        ("/api/reset?for=1m", None, 400, "there is no parameter"),
        ("/api/open", b"[1]", 400, "not a JSON object"),
        ("/api/open", b'{"for": {}}', 400, "not a JSON object of plain values"),
        ("/api/open", b"{", 400, "not JSON"),
        ("/api/open", b"[" * 16000, 400, "not JSON"),
        ("/api/open", b" " * 20000, 413, "too large"),
        ("/api/explode", None, 405, "method not allowed"),
    ],
)
async def test_what_makes_no_sense_changes_nothing_and_says_why(
    served, audit, path, body, status, said
):
    found, answer = await served.call("POST", BREAKERS + path, data=body)
    assert (found, said in answer["error"]) == (status, True), answer
    _, row = await served.call("GET", f"{BREAKERS}/api")
    assert (row["state"], row["forced"]) == ("closed", None)
    (line,) = audit()
    assert line["status"] == status


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


async def test_the_catalogue_names_every_fault(served):
    status, shown = await served.call("GET", "/admin/drills")
    assert (status, shown["allowed"], shown["active"]) == (200, True, [])
    assert [row["fault"] for row in shown["faults"]] == list(FAULTS)


async def test_a_drill_is_begun_shown_and_ended(served, audit):
    order = {
        "fault": "latency",
        "upstream": "gemini",
        "route": "generate",
        "percent": 20,
        "for": "5m",
        "delay": "250ms",
        "reason": "game day",
    }
    status, drill = await served.call("POST", "/admin/drills", json=order)
    assert (status, drill["percent"], drill["delay"], drill["id"]) == (201, 20.0, 0.25, "d1")
    _, shown = await served.call("GET", "/admin/drills")
    assert [each["id"] for each in shown["active"]] == ["d1"]
    assert await served.call("DELETE", "/admin/drills/d1") == (200, {"stopped": "d1"})
    assert (await served.call("DELETE", "/admin/drills/d1"))[0] == 404
    assert [(line["method"], line["status"]) for line in audit()] == [
        ("POST", 201),
        ("DELETE", 200),
        ("DELETE", 404),
    ]
    assert audit()[0]["given_fault"] == "latency"


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"fault": "hnag"}, 404, "no such fault (did you mean 'hang'?)"),
        ({"fault": ""}, 400, "fault"),
        ({"upstream": "gemni"}, 404, "no such upstream (did you mean 'gemini'?)"),
        ({"route": "generat"}, 404, "no such route (did you mean 'generate'?)"),
        ({"percent": 0}, 400, "percent: "),
        ({"percent": "x"}, 400, "percent: "),
        ({"for": "2d"}, 400, "for: longer than 24 hours"),
        ({"delay": "0s"}, 400, "delay: zero is not a timeout"),
        ({"lasts": "1m"}, 400, "there is no parameter"),
    ],
)
async def test_a_drill_that_makes_no_sense_is_refused(served, change, status, said):
    order = {"fault": "hang", "upstream": "gemini", **change}
    found, answer = await served.call("POST", "/admin/drills", json=order)
    assert (found, said in answer["error"]) == (status, True), answer
    assert served.drilling.snapshot() == []


async def test_there_are_only_so_many_drills(served):
    order = {"fault": "hang", "upstream": "gemini"}
    answers = [await served.call("POST", "/admin/drills", params=order) for _ in range(33)]
    assert [status for status, _ in answers] == [201] * 32 + [409]


async def test_where_drills_are_not_allowed_none_begins():
    async with Served(drills=False) as made:
        order = {"fault": "hang", "upstream": "gemini"}
        status, answer = await made.call("POST", "/admin/drills", json=order)
        assert (status, "drills: {allowed: true}" in answer["error"]) == (403, True)
        assert (await made.call("GET", "/admin/drills"))[1]["allowed"] is False
        assert (await made.call("DELETE", "/admin/drills/d1"))[0] == 403


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
