"""The demonstration: the simulated network on real sockets, and the load."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice

import aiohttp
import pytest
from aiohttp import web

from sidecar.demo.figures import ARMS, Figures
from sidecar.demo.load import ALL, REQUESTS, SUBJECTS, Access, Load
from sidecar.demo.network import Network
from sidecar.demo.plan import arrivals
from sidecar.demo.simulators import serve
from sidecar.demo.targets import PROVIDERS
from sidecar.demo.trouble import CALL_HEADER
from sidecar.demo.weather import LEVELS, Weather
from sidecar.demo.workload import FaultRates, Workload, workload

QUICK = 0.001
CALM_RATES = {"p_connect_fail": 0.0, "p_reset": 0.0, "p_500": 0.0, "p_503": 0.0, "p_hang": 0.0}


def spec(**rates: float) -> Workload:
    """The workload with no fault but `rates`."""
    shipped = workload()
    faults: FaultRates = replace(shipped.faults, p_429={}, **{**CALM_RATES, **rates})
    return replace(shipped, faults=faults)


@asynccontextmanager
async def stand_ins(wl: Workload | None, *, scale: float = QUICK):
    """Every provider as an app that says 200 and counts what it acts on."""
    acted: list[str] = []

    async def act(request: web.Request) -> web.Response:
        await request.read()
        acted.append(request.path)
        return web.json_response([])

    apps = {}
    for provider in PROVIDERS:
        apps[provider] = web.Application()
        apps[provider].router.add_route("*", "/{tail:.*}", act)
    network = wl and Network(wl, Weather(wl, 1, LEVELS["calm"]), scale)
    async with serve(apps, network, seed=1) as running:
        yield running, acted


def access(running):
    """Both arms find every provider at the same place."""
    providers = {name: Access(simulator.url, {}) for name, simulator in running.items()}
    return dict.fromkeys(ARMS, providers)


async def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
    timeout = aiohttp.ClientTimeout(total=2)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url + "/rest/v1/users?id=eq.1", headers=headers) as answer,
    ):
        await answer.read()
        return answer.status, dict(answer.headers)


async def test_without_a_network_a_simulator_answers_at_once():
    async with stand_ins(None) as (running, acted):
        assert (await get(running["supabase"].url))[0] == 200
        assert running["supabase"].trouble is None
        assert acted == ["/rest/v1/users"]


async def test_only_the_first_request_of_a_connection_pays_for_it():
    async with stand_ins(spec(), scale=1.0) as (running, _), aiohttp.ClientSession() as session:
        spent = []
        for _ in range(2):
            began = time.monotonic()
            url = running["supabase"].url + "/rest/v1/users?id=eq.1"
            async with session.get(url, headers={CALL_HEADER: "direct:7"}) as answer:
                await answer.read()
            spent.append(time.monotonic() - began)

        assert running["supabase"].trouble.opened == {"direct": 1}
        assert spent[0] - spent[1] > 0.03


@pytest.mark.parametrize("rate", ["p_connect_fail", "p_reset"])
async def test_a_broken_connection_is_a_reset(rate):
    async with stand_ins(spec(**{rate: 1.0})) as (running, _):
        with pytest.raises(aiohttp.ClientError):
            await get(running["supabase"].url)


async def test_a_refused_connection_brings_the_provider_nothing():
    async with stand_ins(spec(p_connect_fail=1.0)) as (running, acted):
        with pytest.raises(aiohttp.ClientError):
            await get(running["supabase"].url)
        assert acted == []


async def test_a_hang_lasts_until_the_client_leaves():
    async with stand_ins(spec(p_hang=1.0)) as (running, _), aiohttp.ClientSession() as session:
        timeout = aiohttp.ClientTimeout(total=0.3)
        with pytest.raises(TimeoutError):
            await session.get(running["gemini"].url, timeout=timeout)


@pytest.mark.parametrize(("rate", "status"), [("p_500", 500), ("p_503", 503)])
async def test_an_error_of_the_provider_leaves_the_connection_usable(rate, status):
    async with (
        stand_ins(spec(**{rate: 1.0})) as (running, _),
        aiohttp.ClientSession() as session,
    ):
        for _ in range(3):
            async with session.post(running["supabase"].url + "/x", data=b"y" * 9000) as answer:
                assert answer.status == status
                assert (await answer.json())["code"] == str(status)
        assert running["supabase"].trouble.opened == {"": 1}


async def test_when_the_trouble_ends_only_delays_are_left():
    async with stand_ins(spec(p_reset=1.0)) as (running, _):
        running["supabase"].trouble.faults = False
        assert (await get(running["supabase"].url))[0] == 200


async def test_each_arm_has_a_rate_limit_of_its_own():
    async with stand_ins(spec(), scale=0.1) as (running, _):
        url = running["gemini"].url
        calls = (get(url, {CALL_HEADER: f"direct:{n}"}) for n in range(30))
        answers = await asyncio.gather(*calls)
        other, _ = await get(url, {CALL_HEADER: "sidecar:1"})

    refused = [headers for status, headers in answers if status == 429]
    assert refused
    assert refused[0]["Retry-After"] == "1"
    assert other == 200


async def test_both_arms_make_the_same_calls_and_every_one_is_counted():
    figures = Figures(SUBJECTS)
    async with stand_ins(spec()) as (running, acted):
        planned = list(islice(arrivals(workload(), seed=1, rate=200), 40))
        load = Load(access(running), figures, QUICK * 100)
        await load.run(iter(planned), duration=1.0, patience=5.0)

    calls = sum(len(arrival.calls) + len(arrival.background) for arrival in planned)
    for arm in ARMS:
        assert figures.rows[ALL, arm].outcomes == {"ok": calls}
        assert figures.rows[REQUESTS, arm].outcomes == {"ok": 40}
    assert len(acted) == 2 * calls


async def test_what_has_no_answer_at_the_end_is_counted_as_unanswered():
    figures = Figures(SUBJECTS)
    async with stand_ins(spec(p_hang=1.0)) as (running, _):
        load = Load(access(running), figures)
        plan = arrivals(workload(), seed=1, rate=50)
        await asyncio.wait_for(load.run(plan, duration=0.3, patience=0.2), 5)

    counted = figures.rows[ALL, "direct"].outcomes
    assert set(counted) == {"unanswered"}
    assert figures.rows[REQUESTS, "direct"].outcomes == counted


async def test_a_load_that_is_interrupted_does_not_count_what_was_under_way():
    figures = Figures(SUBJECTS)
    async with stand_ins(spec(p_hang=1.0)) as (running, _):
        load = Load(access(running), figures)
        plan = arrivals(workload(), seed=1, rate=50)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(load.run(plan, duration=9, patience=9), 0.3)

    assert figures.rows[ALL, "direct"].durations.count == 0
