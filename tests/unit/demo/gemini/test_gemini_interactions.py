"""The interactions of the simulated Gemini: turns that it keeps, whole or as a stream of steps."""

import json

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sidecar.demo import gemini

KEY = {"x-goog-api-key": "key", "Accept-Encoding": "identity"}
PATH = "/v1beta/interactions"


@pytest.fixture
async def api():
    app = gemini.make_app(now=lambda: 1_790_000_000.0, chunk_delay=0)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


def create(api, given, **more):
    return api.post(PATH, json={"model": "gemini-2.5-flash", "input": given, **more}, headers=KEY)


async def test_a_turn_is_kept_until_it_is_deleted_and_a_further_one_may_name_it(api):
    first = await (await create(api, "Hello there")).json()
    assert first["steps"][0]["content"][0]["text"].endswith("Hello there")
    second = await create(
        api, [{"type": "text", "text": "Hi"}], previous_interaction_id=first["id"]
    )
    assert (await second.json())["previous_interaction_id"] == first["id"]
    one = f"{PATH}/{first['id']}"
    assert await (await api.get(one, headers=KEY)).json() == first
    assert (await api.delete(one, headers=KEY)).status == 200
    assert (await api.get(one, headers=KEY)).status == 404


async def test_a_stream_brings_the_text_in_steps_and_says_that_it_is_done(api):
    text = await (await create(api, "Hi", stream=True)).text()
    *frames, done, rest = text.split("\n\n")
    assert (done, rest) == ("event: done\ndata: [DONE]", "")
    events = [json.loads(frame.partition("\ndata: ")[2]) for frame in frames]
    said = "".join(event["delta"]["text"] for event in events if "delta" in event)
    assert said.endswith("Hi")
    assert events[-1]["interaction"]["usage"]["total_input_tokens"] == 1


@pytest.mark.parametrize(
    ("given", "more", "status"),
    [
        ("[quota]", {}, 429),
        ("[overloaded]", {"stream": True}, 503),
        ("", {}, 400),
        ("Hi", {"model": "none"}, 404),
        ("Hi", {"previous_interaction_id": "none"}, 404),
    ],
)
async def test_errors_are_googles(api, given, more, status):
    response = await create(api, given, **more)
    assert (response.status, (await response.json())["error"]["code"]) == (status, status)
