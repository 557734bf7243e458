"""The OpenAI-compatible API of the simulated Gemini: the model is in the body, errors in a list."""

import base64
import json
import struct

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sidecar.demo import gemini
from sidecar.demo.gemini.embeddings import vector

NO_KEY = {"Accept-Encoding": "identity"}
KEY = NO_KEY | {"Authorization": "Bearer key"}
FLASH = "gemini-2.5-flash"


@pytest.fixture
async def api():
    app = gemini.make_app(now=lambda: 1_790_000_000.0, chunk_delay=0)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


def chat(api, text, *, headers=KEY, **more):
    body = {"model": FLASH, "messages": [{"role": "user", "content": text}], **more}
    return api.post("/v1beta/openai/chat/completions", json=body, headers=headers)


async def test_a_completion_repeats_the_prompt_and_counts_its_tokens(api):
    body = await (await chat(api, "Hello there")).json()
    (choice,) = body["choices"]
    assert choice["message"]["content"].endswith("Hello there")
    assert choice["finish_reason"] == "stop"
    usage = body["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]


async def test_a_stream_brings_the_same_text_and_says_that_it_is_done(api):
    whole = await (await chat(api, "Hi")).json()
    response = await chat(api, "Hi", stream=True)
    assert response.headers["Content-Type"] == "text/event-stream"
    *frames, done, rest = (await response.text()).split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [json.loads(frame.removeprefix("data: ")) for frame in frames]
    text = "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks)
    assert text == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("text", "more", "status"),
    [
        ("[quota]", {}, 429),
        ("[overloaded]", {"stream": True}, 503),
        ("Hi", {"model": "none"}, 404),
        ("Hi", {"messages": []}, 400),
        ("Hi", {"headers": KEY | {"Authorization": "Bearer invalid"}}, 400),
        ("Hi", {"headers": NO_KEY}, 403),
    ],
)
async def test_errors_are_googles_in_a_list(api, text, more, status):
    response = await chat(api, text, **more)
    (told,) = await response.json()
    assert (response.status, told["error"]["code"]) == (status, status)


async def test_a_model_is_named_with_and_without_what_is_before_it(api):
    body = await (await chat(api, "Hi", model=f"models/{FLASH}")).json()
    assert body["model"] == FLASH


async def test_vectors_come_as_numbers_or_in_base64(api):
    asked = {"model": "gemini-embedding-001", "input": ["cat", "dog"], "dimensions": 4}
    found = []
    for more in ({}, {"encoding_format": "base64"}):
        response = await api.post("/v1beta/openai/embeddings", json=asked | more, headers=KEY)
        found.append([each["embedding"] for each in (await response.json())["data"]])
    plain, packed = found
    assert plain == [vector("cat", 4), vector("dog", 4)]
    unpacked = [list(struct.unpack("<4f", base64.b64decode(each))) for each in packed]
    assert unpacked == [pytest.approx(each) for each in plain]


async def test_models_are_listed_and_one_is_found(api):
    listed = await (await api.get("/v1beta/openai/models", headers=KEY)).json()
    assert f"models/{FLASH}" in [each["id"] for each in listed["data"]]
    found = await (await api.get(f"/v1beta/openai/models/{FLASH}", headers=KEY)).json()
    assert found in listed["data"]
    assert (await api.get("/v1beta/openai/models/none", headers=KEY)).status == 404
