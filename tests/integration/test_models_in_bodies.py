"""Calls whose model is in the body, as OpenAI's SDKs send them: each model is one of its own."""

import json

import pytest

from sidecar.config import Breaker, Credentials, Pace, Retry
from sidecar.config.secret import Secret
from tests.support.proxied import proxied
from tests.support.raw import ask, call
from tests.support.steps import body, message, reply, send

OK = reply(b"{}")
OVERLOADED = (body, send(message(b"[]", status=b"503 Service Unavailable")))
QUOTA = reply(b'[{"error": {"code": 429}}]', status=b"429 Too Many Requests")


def chat(model, prompt="Hello", path="/api/v1beta/openai/chat/completions"):
    content = json.dumps({"model": model, "messages": [prompt]}).encode()
    return call("POST", path, "Content-Type: application/json", content=content)


def choose(request):
    """An API whose first model is overloaded, wherever its name is."""
    return OVERLOADED if request.target.endswith(b"?busy") else OK


@pytest.mark.parametrize("prompt", ["Hello", "x" * 200_000])
async def test_an_overloaded_model_holds_up_no_other(prompt):
    breaker = Breaker(key="upstream+model", consecutive=2, open=30.0, hold=0.0, hold_unsafe=0.0)
    async with proxied(choose=choose, breaker=breaker, dialect="gemini") as (sidecar, origin):
        for status in (503, 503, 503):
            busy = chat("pro", prompt, "/api/v1beta/openai/chat/completions?busy")
            assert (await ask(sidecar.proxy, busy)).status == status
        assert len(origin.requests) == 2
        assert (await ask(sidecar.proxy, chat("models/pro"))).error == "breaker_open"
        assert (await ask(sidecar.proxy, chat("flash"))).status == 200


async def test_a_model_has_a_pace_of_its_own():
    pace = Pace(rate=0.01, burst=1, key="model", max_wait=0.0)
    async with proxied(choose=choose, pace=(pace,)) as (sidecar, _):
        asked = [chat("pro"), chat("flash"), chat("pro")]
        answers = [await ask(sidecar.proxy, each) for each in asked]
    assert [each.error for each in answers] == [None, None, "pace_timeout"]


async def test_a_key_whose_quota_of_one_model_is_spent_goes_on_with_the_others():
    values = (Secret("AIzaFirst"), Secret("AIzaSecond"))
    settings = {
        "credentials": Credentials(header="x-goog-api-key", values=values),
        "retry": Retry(attempts=2),
        "dialect": "gemini",
    }
    async with proxied(QUOTA, OK, OK, OK, **settings) as (sidecar, origin):
        for model in ("pro", "flash", "pro"):
            assert (await ask(sidecar.proxy, chat(model))).status == 200
        heads = [bytes(seen.head) for seen in origin.requests]
    assert [b"AIzaFirst" in head for head in heads] == [True, False, True, False]
