"""From a resource to a request and back."""

from itertools import islice
from urllib.parse import parse_qs, urlsplit

import pytest

from sidecar.demo.bucket import Bucket
from sidecar.demo.faults import answer
from sidecar.demo.plan import CALLS_PER_ARRIVAL, Call, arrivals, zipf
from sidecar.demo.targets import PROVIDERS, TARGETS, recognise
from sidecar.demo.workload import RateLimit, Resource, workload

SPEC = workload()


def recognised(call: Call) -> Resource:
    url = urlsplit(call.target)
    keys = parse_qs(url.query).keys()
    return recognise(SPEC, call.provider, call.method, url.path, keys=keys, body=call.body)


def test_every_resource_of_the_workload_has_a_target():
    assert set(TARGETS) == set(SPEC.resources)


def test_every_call_of_the_plan_is_recognised_as_what_it_was_made_from():
    endpoints = {endpoint.name: endpoint for endpoint in SPEC.endpoints}
    seen = set()
    for arrival in islice(arrivals(SPEC, seed=1, rate=20), 400):
        endpoint = endpoints[arrival.endpoint]
        steps = [
            step
            for step in endpoint.steps
            if not (step == "rest.account" and endpoint.name.endswith("/send"))
        ]
        expected = steps + list(endpoint.background if arrival.background else ())
        for call, name in zip(arrival.calls + arrival.background, expected, strict=True):
            assert recognised(call) is SPEC.resources[name], call.target
            seen.add(name)
    assert seen == set(TARGETS)


@pytest.mark.parametrize(
    ("provider", "method", "path", "up"),
    [
        ("supabase", "GET", "/rest/v1/nobody_knows", "rest"),
        ("supabase", "DELETE", "/rest/v1/messages", "rest"),
        ("supabase", "POST", "/auth/v1/token", "auth"),
        ("supabase", "GET", "/storage/v1/object/x/y", "rest"),
        ("whatsapp", "DELETE", "/v23.0/1/2", "wa"),
        ("whatsapp-media", "GET", "/deep/down", "wa"),
        ("gemini", "GET", "/v1beta/models", "gemini"),
    ],
)
def test_an_unknown_request_is_taken_for_the_upstreams_usual_call(provider, method, path, up):
    resource = recognise(SPEC, provider, method, path)

    assert resource == SPEC.usual(up)


def test_head_is_as_much_work_as_get():
    keys = ["select", "id"]

    assert (
        recognise(SPEC, "supabase", "HEAD", "/rest/v1/users", keys=keys)
        == (SPEC.resources["rest.user"])
    )


def test_a_streamed_generation_is_a_generation():
    path = "/v1/models/gemini-2.5-pro:streamGenerateContent"

    assert recognise(SPEC, "gemini", "POST", path) is SPEC.resources["gemini.generate"]


def test_no_two_calls_of_a_plan_share_a_number():
    planned = list(islice(arrivals(SPEC, seed=1, rate=20), 300))
    numbers = [call.number for arrival in planned for call in arrival.calls + arrival.background]

    assert len(set(numbers)) == len(numbers)
    assert max(len(a.calls + a.background) for a in planned) < CALLS_PER_ARRIVAL


def test_the_same_seed_plans_the_same_and_another_seed_another():
    def plan(seed: int) -> list[object]:
        return list(islice(arrivals(SPEC, seed=seed, rate=20), 50))

    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


def test_arrivals_come_at_the_rate_and_by_weight():
    planned = list(islice(arrivals(SPEC, seed=1, rate=20), 4000))
    share = sum(arrival.endpoint == "GET /auth/me" for arrival in planned) / 4000
    total = sum(endpoint.weight for endpoint in SPEC.endpoints)

    assert planned[-1].at == pytest.approx(200, rel=0.1)
    assert share == pytest.approx(18 / total, rel=0.1)


def test_zipf_ends_at_one_and_prefers_the_first():
    shares = zipf(300, 0.9)

    assert shares[-1] == 1.0
    assert shares[0] > 20 * (shares[-1] - shares[-2])


def test_a_bucket_lets_a_burst_through_and_then_the_rate():
    bucket = Bucket(RateLimit(per_s=2.0, burst=3))

    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.5), bucket.take(0.6), bucket.take(1.1)] == [True, False, True]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [500, 503, 429])
def test_every_provider_words_every_error(provider, status):
    error = answer(provider, status, 0.4)

    assert error.status == status
    assert b"message" in error.body
    assert error.headers.get("Retry-After") == ("1" if status == 429 else None)
