"""Whatever is asked of the admin listener is answered in its own words; none of it is a fault."""

import asyncio
import json
import logging
from unittest.mock import AsyncMock, Mock

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from sidecar.admin.app import make_admin_app
from sidecar.admin.queue import queue_endpoints
from sidecar.app import Sidecar
from sidecar.config import Address
from sidecar.config.admin import Admin
from sidecar.loader import loads
from tests.fuzz.budget import few

CONFIG = """
log: {level: error}
drills: {allowed: true}
advise: {enabled: true}
upstreams:
  api: {url: "http://x.test", cache: {ttl: 9s, tags: [t]}, breaker: {key: upstream}}
"""
FINE = {200, 202, 400, 401, 403, 404, 405, 408, 409, 413, 503}
NAMES = st.sampled_from(
    ["after", "limit", "upstream", "route", "status", "slow", "state", "all", "prefix", "tag",
     "url", "soft", "dry_run", "for", "to", "key", "level", "rate", "reason", "by", "body", "note",
     "authorization", "expires", "fault", "part", "name", "format", "since", "window", "x\n", ""]
)  # fmt: skip
VALUES = (
    st.sampled_from(
        ["", "api", "default", "true", "1", "-1", "9" * 40, "1e9", "10s", "99d", "5xx", "error",
         "open", "closed", "json", "text", "t", "/x", "table:", "debug", "NaN", "\u0661", "failed,",
         "80/s", "{}", "'\"<script>"]
    )
    | st.text(max_size=12)
)  # fmt: skip
BODIES = (
    st.none()
    | st.dictionaries(
        NAMES,
        VALUES | st.integers() | st.booleans() | st.floats() | st.lists(st.none(), max_size=2),
    ).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=30)
    | st.sampled_from([b"[" * 5000, b"x" * 20_000, b'{"a":1,"a":2}', b"null", b"\xff\xfe"])
)


@pytest.fixture(scope="module")
def admin():
    """The endpoints of a sidecar that was not started, on a loop of this module's own."""
    loop = asyncio.new_event_loop()
    faults = []
    handler = logging.Handler()
    handler.emit = faults.append

    async def begin():
        queue = AsyncMock()
        queue.replay_slowly = Mock(return_value=True)
        queue.rows.return_value, queue.show.return_value = [], {"state": "failed"}
        queue.snapshot.return_value = {"deliveries": {}}
        for name in ("replay", "replay_all", "discard", "discard_all"):
            getattr(queue, name).return_value = 1
        sidecar = Sidecar(loads(CONFIG, env={}).config)
        sidecar.bound = {"proxy": [Address("127.0.0.1", 1)], "proxy_tls": []}
        endpoints = (*sidecar._admin._endpoints, *queue_endpoints(queue))
        app = make_admin_app(Admin(), Address("127.0.0.1", 1), endpoints)
        client = TestClient(TestServer(app))
        await client.start_server()
        return client, endpoints

    client, endpoints = loop.run_until_complete(begin())
    logger = logging.getLogger("sidecar.admin")
    logger.addHandler(handler)
    places = sorted({(each.method, (each.shown or each.path)) for each in endpoints})
    yield loop, client, [each for each in places if "reload" not in each[1]], faults
    logger.removeHandler(handler)
    loop.run_until_complete(client.close())
    loop.close()


def test_every_parameter_is_taken_or_refused(admin):
    loop, client, places, faults = admin
    assert len(places) > 20

    async def ask(place, query, data):
        method, path = place
        path = path.replace("ID", "0" * 36).replace("{name}", "api")
        headers = {"X-Sidecar-Admin": "1"}
        async with client.request(method, path, params=query, data=data, headers=headers) as answer:
            return answer.status, answer.content_type, await answer.read()

    @few(150)
    @given(
        st.sampled_from(places),
        st.lists(st.tuples(NAMES, VALUES), max_size=3),
        BODIES,
    )
    def play(place, query, data):
        if place[0] == "GET":
            data = None
        status, kind, body = loop.run_until_complete(ask(place, query, data))
        assert status in FINE, (status, body)
        assert kind in ("application/json", "text/plain", "text/html", "application/yaml"), kind
        if kind == "application/json":
            json.loads(body)
        assert b"Traceback" not in body
        assert not [each for each in faults if each.levelno >= logging.ERROR], faults

    play()
