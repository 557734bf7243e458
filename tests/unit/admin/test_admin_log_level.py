"""The log level through the admin listener, on real loggers."""

import asyncio
import io
import json
import logging

import aiohttp
import pytest
from aiohttp import web

from sidecar import config
from sidecar.admin import make_admin_app
from sidecar.admin.log_level import log_level_endpoints
from sidecar.clock import SystemClock
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.side_listener import make_runner
from sidecar.telemetry import logs
from sidecar.telemetry.log_level import LogLevels
from sidecar.telemetry.record import Record
from sidecar.trail import Tried
from tests.support.proxied import soon

PATH = "/admin/log-level"
WRITE = {"X-Sidecar-Admin": "1"}


@pytest.fixture
def stream():
    root, ours = logging.getLogger(), logging.getLogger("sidecar")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    logs.setup(config.Log(level="error"), made := io.StringIO())
    yield made
    for handler in [each for each in root.handlers if each not in handlers]:
        handler.writer.close()
        root.removeHandler(handler)
    logs.force_level(None)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
async def call(stream):
    levels = LogLevels("error", SystemClock())
    app = make_admin_app(Admin(), DEFAULT_ADMIN, log_level_endpoints(levels))
    runner = make_runner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:

        async def ask(method, query="", *, headers=WRITE):
            async with session.request(method, PATH + query, headers=headers) as answer:
                return answer.status, await answer.json()

        yield ask
    levels.reset()
    await runner.cleanup()


def record(**changes):
    values = {"id": "a1", "upstream": "u", "route": "r", "method": "GET", "target": "/x?k=v"}
    return Record(**{**values, "status": 200, **changes})


def events(stream):
    logs.flush()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_it_is_forced_for_a_while_and_goes_back_by_itself(call, stream):
    sink = logs.exchange_sink(config.Log(level="error"))
    sink(record(id="before"))
    status, shown = await call("POST", "?level=info&for=200ms&reason=look")
    assert (status, shown["level"], shown["configured"]) == (200, "info", "error")
    assert 0 < shown["seconds_left"] <= 0.2
    sink(record(id="during"))
    logs.event("something")
    await soon(lambda: not logging.getLogger("sidecar").isEnabledFor(logging.INFO))
    sink(record(id="after"))
    logs.event("something_later")
    _, shown = await call("GET")
    assert (shown["level"], shown["seconds_left"], shown["until"]) == ("error", None, None)
    seen = events(stream)
    assert [each["id"] for each in seen if each["event"] == "exchange"] == ["during"]
    assert [each["event"] for each in seen] == ["admin", "exchange", "something", "log_level"]


async def test_debug_has_a_line_for_each_attempt(call, stream):
    await call("POST", "?level=debug")
    trail = [Tried(1, 10.0, 10.5, status=503), Tried(2, 11.0, error="dns_error", dial=0.2)]
    logs.exchange_sink(config.Log())(record(started=10.0, trail=trail))
    attempts = [each for each in events(stream) if each["event"] == "attempt"]
    assert [(each["number"], each["began"], each["ended"]) for each in attempts] == [
        (1, 0.0, 0.5),
        (2, 1.0, None),
    ]
    assert [each["status"] or each["error"] for each in attempts] == [503, "dns_error"]


async def test_it_can_be_ended_before_its_time(call):
    await call("POST", "?level=debug")
    status, shown = await call("POST", "?level=configured")
    assert (status, shown["level"], shown["seconds_left"]) == (200, "error", None)


async def test_a_second_one_takes_the_place_of_the_first(call):
    await call("POST", "?level=debug&for=50ms")
    await call("POST", "?level=warning&for=10m")
    await asyncio.sleep(0.1)
    _, shown = await call("GET")
    assert shown["level"] == "warning"


@pytest.mark.parametrize("query", ["", "?level=verbose", "?level=debug&for=2d", "?levle=debug"])
async def test_what_is_no_level_or_no_time_is_refused(call, query):
    status, shown = await call("POST", query)
    assert status == 400
    assert shown["error"]


async def test_a_level_that_hides_everything_does_not_hide_who_set_it(call, stream):
    await call("POST", "?level=error&by=mallory&reason=quiet")
    await call("POST", "?level=error", headers={})
    shown = [each for each in events(stream) if each["event"] == "admin"]
    assert [(each["status"], each["path"]) for each in shown] == [(200, PATH), (403, PATH)]
    assert shown[0]["given_by"] == "mallory"
