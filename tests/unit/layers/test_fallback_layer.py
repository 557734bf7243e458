import pytest

from sidecar.config.cache import StaticAnswer
from sidecar.errors import NotStored, Rejected, UpstreamReset
from sidecar.layers.fallback import fallback
from sidecar.telemetry.cache_stats import CacheCollector, CacheStats
from tests.support.builders import exchange, request, response
from tests.support.cached import read

ANSWER = StaticAnswer(status=203, content_type="text/plain", body="sorry")


async def play(outcome, method="GET", answer=ANSWER):
    stats = CacheStats()

    async def upstream(_):
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    layer = fallback(answer, stats)(upstream)
    return await read(await layer(exchange(request(method)))), stats


@pytest.mark.parametrize(
    "failure",
    [
        UpstreamReset("reset", code="upstream_reset"),
        Rejected("open", code="breaker_open"),
        response(503, b"down"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_it_stands_in_for_a_failure(failure, method):
    got, stats = await play(failure, method)
    assert (got.status, got.body, got.source) == (203, b"sorry", "sidecar")
    assert got.headers == {
        "content-type": "text/plain",
        "content-length": "5",
        "cache-control": "no-store",
        "x-sidecar-degraded": "static",
    }
    assert stats.requests == {"fallback": 1}


async def test_what_it_stands_in_for_is_closed():
    closed = []
    failed = response(503)
    failed.on_close(closed.append)
    await play(failed)
    assert closed == [None]


@pytest.mark.parametrize("status", [200, 304, 404, 429])
async def test_any_other_answer_goes_through(status):
    got, stats = await play(response(status, b"real"))
    assert (got.status, got.body) == (status, b"real")
    assert stats.requests == {}


async def test_a_write_and_a_fault_of_the_request_are_left_alone():
    with pytest.raises(UpstreamReset):
        await play(UpstreamReset("reset", code="upstream_reset"), "POST")
    with pytest.raises(NotStored):
        await play(NotStored("nothing"))


async def test_its_reason_is_that_of_its_status():
    async def upstream(_):
        raise UpstreamReset("reset", code="upstream_reset")

    for status, reason in ((200, b"OK"), (503, b"Service Unavailable"), (299, b"")):
        layer = fallback(StaticAnswer(status=status), CacheStats())(upstream)
        assert (await layer(exchange())).reason == reason


def test_figures_are_exported_by_route_and_kind():
    stats = CacheStats()
    stats.count("hit")
    stats.refresh("warm")
    stats.saved += 1.5
    stats.invalidated += 2
    families = CacheCollector(lambda: {("api", "default"): stats}).collect()
    samples = {
        (sample.name, *list(sample.labels.values())[2:]): sample.value
        for family in families
        for sample in family.samples
    }
    assert samples == {
        ("sidecar_cache_requests_total", "hit"): 1,
        ("sidecar_cache_refreshes_total", "warm"): 1,
        ("sidecar_cache_saved_seconds_total",): 1.5,
        ("sidecar_cache_prefetched_used_total",): 0,
        ("sidecar_cache_invalidations_total",): 2,
    }
