"""What `/admin/summary` and `/admin/exchanges` say of calls that went through a whole sidecar."""

import asyncio
import json
import re

import pytest

from sidecar.config import Retry
from sidecar.config.hedge import Hedge
from tests.support.builders import LOOPBACK
from tests.support.proxied import proxied, soon
from tests.support.raw import ask, call, get
from tests.support.steps import OK, body, close, reply, send, stall

DOWN = reply(b"down", status=b"503 Down")
ADMIN = {"admin": LOOPBACK}
QUICK = Retry(attempts=3, base=0.01, cap=0.02)
FRESH = 0.55
"""Seconds after which a reading of the metrics is made anew."""


async def said(sidecar, path):
    answer = await ask(sidecar.bound["admin"], get(path, host="localhost"))
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


async def exchanges(sidecar):
    return (await said(sidecar, "/admin/exchanges"))["exchanges"]


async def metrics(sidecar):
    answer = await ask(sidecar.bound["ops"], get("/metrics", host="localhost"))
    found = re.findall(r"^(\w+)\{(.*)\} (\S+)$", answer.body.decode(), re.MULTILINE)
    return [(name, labels, float(value)) for name, labels, value in found]


async def test_every_attempt_of_a_call_that_was_rescued_is_seen():
    async with proxied(DOWN, DOWN, OK, retry=QUICK, listen=ADMIN) as (sidecar, _):
        assert (await ask(sidecar.proxy, get("/api/x?apikey=secret"))).status == 200
        (each,) = await exchanges(sidecar)
        assert [(one["number"], one["status"]) for one in each["attempts"]] == [
            (1, 503),
            (2, 503),
            (3, 200),
        ]
        began = [one["began"] for one in each["attempts"]]
        ended = [one["ended"] for one in each["attempts"]]
        assert 0 <= began[0] < ended[0] <= began[1] < ended[1] <= began[2] < ended[2]
        assert (each["attempts_made"], each["target"]) == (3, "/x?apikey=*")
        assert each["waits"]["backoff"] > 0
        await asyncio.sleep(FRESH)
        shown = (await said(sidecar, "/admin/summary"))["upstreams"][0]
        assert shown["retries"] == {
            "repeated": 2,
            "rescued": 1,
            "wasted": 1,
            "amplification": 3.0,
        }


async def test_both_requests_of_a_hedge_are_in_one_trail():
    settings = {"hedge": Hedge(enabled=True, delay=0.02, min_samples=1), "listen": ADMIN}
    async with proxied((body, stall), OK, **settings) as (sidecar, _):
        assert (await ask(sidecar.proxy, get())).status == 200
        (each,) = await exchanges(sidecar)
        first, second = each["attempts"]
        assert (first["number"], first["status"], first["error"]) == (1, None, "cancelled")
        assert (second["number"], second["status"], second["error"]) == (2, 200, None)
        assert second["began"] < first["ended"]


async def test_a_body_that_breaks_is_told_at_its_attempt():
    half = (body, send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), close)
    async with proxied(half, listen=ADMIN) as (sidecar, _):
        await ask(sidecar.proxy, call("POST", "/api/x", content=b"x"))
        async with asyncio.timeout(5):
            while not (found := await exchanges(sidecar)):
                await asyncio.sleep(0.01)
        (each,) = found
        assert (each["status"], each["error"]) == (200, "truncated_body")
        assert each["attempts"][0]["error"] == "truncated_body"


async def test_a_summary_equals_the_metrics():
    async with proxied(*[OK, DOWN] * 5, retry=Retry(attempts=1), listen=ADMIN) as (sidecar, _):
        for _ in range(10):
            await ask(sidecar.proxy, get())
        await ask(sidecar.proxy, get("/nowhere/x"))
        await soon(lambda: sidecar.sidecar.metrics.inflight("api").count == 0)
        await asyncio.sleep(FRESH)
        summary = await said(sidecar, "/admin/summary?window=15m")
        (api,) = summary["upstreams"]
        exported = await metrics(sidecar)

        def total(name, *labels):
            return sum(
                value
                for known, with_labels, value in exported
                if known == name and all(label in with_labels for label in labels)
            )

        assert api["calls"] == total("sidecar_exchanges_total", 'upstream="api"') == 10
        assert summary["total"]["calls"] == total("sidecar_exchanges_total") == 11
        assert api["errors"]["count"] == total("sidecar_failures_total", 'upstream="api"') == 5
        assert api["errors"]["classes"]["http_5xx"] == 5
        assert summary["total"]["errors"]["classes"]["other"] == 1  # no such upstream
        assert api["bytes"]["down"] == total("sidecar_bytes_total", 'direction="down"', '"api"')
        assert api["rate"] == pytest.approx(10 / summary["window"], rel=0.01)
        assert api["latency"]["p99"] <= 1.0
        assert api["overhead"]["p50"] is not None


async def test_calls_under_way_are_counted_until_they_end():
    async with proxied((body, stall), listen=ADMIN) as (sidecar, _):
        calling = asyncio.ensure_future(ask(sidecar.proxy, get()))
        await soon(lambda: sidecar.sidecar.metrics.inflight("api").count == 1)
        (api,) = (await said(sidecar, "/admin/summary"))["upstreams"]
        assert (api["inflight"], api["pool"]["open"], api["calls"]) == (1, 1, 0)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        async with asyncio.timeout(5):
            while not (found := await exchanges(sidecar)):
                await asyncio.sleep(0.01)
        assert (found[0]["status"], found[0]["client_left"]) == (499, True)
