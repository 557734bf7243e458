"""The summary line of a running sidecar says what its admin listener says."""

import asyncio
import logging

import aiohttp

from sidecar.clock import SystemClock
from sidecar.parts.summary_lines import SummaryLines
from tests.support.builders import LOOPBACK
from tests.support.proxied import proxied
from tests.support.raw import ask, get
from tests.support.steps import OK, reply

FAULTY = reply(b"fault", status=b"500 Oops")


async def test_a_line_has_the_figures_of_the_summary(caplog):
    caplog.set_level(logging.INFO, "sidecar.event")
    async with proxied(OK, OK, FAULTY, listen={"admin": LOOPBACK}) as (sidecar, _):
        for _ in range(3):
            await ask(sidecar.proxy, get("/api/x?secret=C4nary"))
        url = f"http://{sidecar.bound['admin']}/admin/summary"

        async def summary(window):
            async with aiohttp.request("GET", url, params={"window": window}) as answer:
                return await answer.json()

        async with asyncio.timeout(10):  # a reading is as good as a new one for half a second
            while (await summary("1m"))["total"]["calls"] < 3:
                await asyncio.sleep(0.1)
        await SummaryLines(summary, "1m", SystemClock()).write()
    (line,) = [each.fields for each in caplog.records if each.msg == "summary"]
    assert (line["upstream"], line["calls"]) == ("api", 3)
    assert line["errors_percent"] == 33.33
    assert 0 < line["p95"] < 5
    assert "C4nary" not in repr(line)
