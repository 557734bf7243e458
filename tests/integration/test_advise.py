"""What a sidecar advises after a workload with known faults in it, planted on purpose."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest
import yaml
from aiohttp import web

from sidecar.commands.check import examine
from sidecar.demo.bucket import Bucket
from sidecar.demo.simulators import serve
from sidecar.demo.supabase import make_app
from sidecar.demo.supabase.caller import SERVICE_KEY
from sidecar.demo.workload import RateLimit
from tests.support.sidecar import running_sidecar

ALLOWED = 20
"""Calls of a function that are let through in a second."""
SLOW = 0.06
CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: "127.0.0.1:0"}}
log: {{level: error}}
upstreams:
  supabase:
    url: {url}
    preset: supabase
    retry: {{attempts: 1}}
"""


LIMIT = web.AppKey("limit", Bucket)
"""Of the function."""


@web.middleware
async def faulty(request, handler):
    """A filter without an index, and a function that is limited."""
    if request.path == "/rest/v1/messages" and "conversation_id" in request.query:
        await asyncio.sleep(SLOW)
    if request.path == "/functions/v1/limited":
        return _limited(request.app)
    return await handler(request)


def _limited(app):
    taken = app[LIMIT].take(asyncio.get_running_loop().time())
    return web.json_response({}, status=200 if taken else 429)


@asynccontextmanager
async def observed():
    """A client for the proxy, and one for the admin listener."""
    app = make_app()
    app[LIMIT] = Bucket(RateLimit(per_s=ALLOWED, burst=5))
    app.middlewares.insert(0, faulty)
    async with serve({"supabase": app}) as running:
        config = CONFIG.format(url=running["supabase"].url)
        async with running_sidecar(config) as sidecar:
            headers = {"apikey": SERVICE_KEY, "Authorization": f"Bearer {SERVICE_KEY}"}
            proxy = aiohttp.ClientSession(f"{sidecar.proxy_url}/", headers=headers)
            admin = aiohttp.ClientSession(f"http://{sidecar.bound['admin']}/")
            async with proxy, admin:
                yield proxy, admin


async def get(proxy, target, *, ok=True):
    async with proxy.get(f"supabase{target}") as answer:
        await answer.read()
        assert not ok or answer.status == 200, await answer.text()


async def work(proxy):
    """What an application does that has all of the faults."""
    for number in range(1, 31):
        await get(proxy, "/rest/v1/bot_configs?profile_id=eq.1")  # the same, again and again
        await get(
            proxy, f"/rest/v1/messages?conversation_id=eq.{number}&order=created_at.desc&limit=5"
        )
        if number % 2:
            page = f"/rest/v1/messages?order=created_at.desc&limit=5&offset={1000 + number}"
            await get(proxy, page)
    for account in range(1, 6):  # N+1
        await get(proxy, f"/rest/v1/conversations?account_id=eq.{account}&limit=8")
        for contact in range(8):
            await get(proxy, f"/rest/v1/contacts?id=eq.{1 + account * 8 + contact}")
        await asyncio.sleep(0.06)
    for _ in range(14):  # more than the function takes
        calls = [post(proxy, "/functions/v1/limited") for _ in range(12)]
        await asyncio.gather(*calls, asyncio.sleep(0.25))


async def post(proxy, target):
    async with proxy.post(f"supabase{target}", json={}) as answer:
        await answer.read()


@pytest.fixture(scope="module")
def found():
    async def run():
        async with observed() as (proxy, admin):
            await work(proxy)
            async with admin.get("admin/advice") as answer:
                return await answer.json()

    return asyncio.run(run())


def of_kind(found, kind):
    (each,) = [each for each in found["advice"] if each["kind"] == kind]
    return each


def test_each_planted_fault_is_found_and_nothing_else(found):
    kinds = sorted(each["kind"] for each in found["advice"])
    assert kinds == ["cache", "index", "n_plus_one", "pace", "paging"]


def test_the_slow_filter_gets_an_index_on_its_filter_and_its_order(found):
    advice = of_kind(found, "index")
    assert advice["sql"] == (
        'CREATE INDEX CONCURRENTLY IF NOT EXISTS "messages_conversation_id_created_at_idx" '
        'ON "public"."messages" ("conversation_id", "created_at" DESC);'
    )
    assert advice["evidence"]["calls"] == 30
    assert SLOW <= advice["evidence"]["p50_seconds"] < 5 * SLOW


def test_the_read_that_gets_the_same_answer_is_to_be_kept(found):
    advice = of_kind(found, "cache")
    assert "bot_configs" in advice["title"]
    assert advice["evidence"]["reads"] == 30
    assert advice["evidence"]["of_them_changed"] == 0
    (route,) = yaml.safe_load(advice["yaml"])["upstreams"]["supabase"]["routes"]
    assert route["match"] == {"methods": ["GET"], "path": "/rest/v1/bot_configs"}
    assert route["cache"]["tags"] == "table"


def test_calls_in_a_row_are_to_be_one(found):
    advice = of_kind(found, "n_plus_one")
    assert advice["evidence"]["rows_of_calls"] == 5
    assert advice["evidence"]["calls"] == 40
    assert advice["evidence"]["differs_in"] == "id"
    assert "conversations" in advice["evidence"]["after"]
    assert "/rest/v1/contacts?id=in.(ID,ID,…)" in advice["application"]


def test_the_limited_function_is_to_be_called_just_below_its_limit(found):
    advice = of_kind(found, "pace")
    (route,) = yaml.safe_load(advice["yaml"])["upstreams"]["supabase"]["routes"]
    (pace,) = route["pace"]
    assert route["name"] == "functions"
    assert pace["rate"].endswith("/s")
    assert 0.4 * ALLOWED <= int(pace["rate"].removesuffix("/s")) <= ALLOWED


def test_deep_pages_are_to_be_asked_for_by_key(found):
    advice = of_kind(found, "paging")
    assert advice["evidence"]["deepest_offset"] == 1029
    assert "or=(created_at.lt.LAST,and(created_at.eq.LAST,id.lt.LAST_ID))" in advice["application"]


def test_no_key_and_no_value_is_in_it(found):
    assert SERVICE_KEY not in json.dumps(found)


def merged(base, more):
    """The proposal written into the configuration, routes in front, as `check` says to do."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merged(base[key], value)
        elif isinstance(value, list) and isinstance(base.get(key), list):
            base[key] = value + [each for each in base[key] if each not in value]
        else:
            base[key] = value
    return base


def test_each_proposal_makes_a_configuration_that_passes_the_check(found, tmp_path):
    proposals = [each["yaml"] for each in found["advice"] if each["yaml"]]
    for number, proposal in enumerate(proposals):
        config = yaml.safe_load(CONFIG.format(url="https://x.supabase.co"))
        path = tmp_path / f"{number}.yaml"
        path.write_text(yaml.safe_dump(merged(config, yaml.safe_load(proposal))))
        verdict = examine(str(path))
        assert verdict.code == 0, verdict.problems
    assert len(proposals) >= 2


async def test_what_was_observed_is_forgotten_on_request():
    async with observed() as (proxy, admin):
        await get(proxy, "/rest/v1/bot_configs?profile_id=eq.1")
        async with admin.get("admin/advice") as answer:
            assert (await answer.json())["learnt"]["calls"] == 1
        async with admin.post("admin/advice/reset", headers={"X-Sidecar-Admin": "1"}) as answer:
            assert answer.status == 200
        async with admin.get("admin/advice") as answer:
            assert (await answer.json())["learnt"]["calls"] == 0


async def test_the_report_counts_what_the_sidecar_did():
    async with observed() as (proxy, admin):
        for _ in range(5):
            await get(proxy, "/rest/v1/bot_configs?profile_id=eq.1")
        async with admin.get("admin/report") as answer:
            rows = {row["name"]: row for row in (await answer.json())["rows"]}
    assert rows["connections_saved"]["value"] == 4
    assert rows["errors_absorbed"]["value"] == 0
    assert all(row["how"] for row in rows.values())
