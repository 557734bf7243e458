"""Generation, streams, tokens and embeddings of the simulated Gemini API."""

import json

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from sidecar.demo import gemini
from sidecar.demo.authority import AUTHORITY, SEEN
from sidecar.demo.gemini import generation
from sidecar.demo.gemini.embeddings import vector

KEY = {"x-goog-api-key": "key", "Accept-Encoding": "identity"}
FLASH = "/v1beta/models/gemini-2.5-flash"


def asked(text, **more):
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}


@pytest.fixture
async def api():
    app = gemini.make_app(now=lambda: 1_790_000_000.0, chunk_delay=0)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


def generate(api, text, verb=":generateContent", **more):
    return api.post(FLASH + verb, json=asked(text, **more), headers=KEY)


async def test_the_answer_repeats_the_prompt_and_counts_its_tokens(api):
    body = await (await generate(api, "Hello there")).json()
    assert body["candidates"][0]["content"]["parts"][0]["text"].endswith("Hello there")
    usage = body["usageMetadata"]
    parts = usage["promptTokenCount"] + usage["candidatesTokenCount"]
    assert parts == usage["totalTokenCount"]
    assert usage["promptTokenCount"] == generation.tokens("Hello there")


async def test_two_fresh_apis_answer_with_the_same_bytes():
    answers = []
    for _ in range(2):
        app = gemini.make_app(now=lambda: 1.0, chunk_delay=0)
        async with TestClient(TestServer(app)) as client:
            responses = [await generate(client, "Hi", verb) for verb in (":generateContent",) * 2]
            answers.append([await response.read() for response in responses])
    assert answers[0] == answers[1]
    assert answers[0][0] != answers[0][1]  # a response id of its own


async def test_a_stream_brings_events_with_a_raw_line_separator_and_usage_at_the_end(api):
    response = await generate(api, "Hi", ":streamGenerateContent?alt=sse")
    raw = await response.read()
    assert response.headers["Content-Type"] == "text/event-stream"
    assert raw.endswith(b"\r\n\r\n")
    assert "\u2028".encode() in raw
    events = [json.loads(e.removeprefix(b"data: ")) for e in raw.split(b"\r\n\r\n")[:-1]]
    assert len(events) == 4
    assert ["usageMetadata" in event for event in events] == [False, False, False, True]
    assert events[-1]["candidates"][0]["finishReason"] == "STOP"


async def test_a_stream_without_sse_is_a_json_array(api):
    response = await generate(api, "Hi", ":streamGenerateContent")
    assert len(json.loads(await response.read())) == 4


async def test_a_long_prompt_word_brings_forty_chunks(api):
    raw = await (await generate(api, "[long]", ":streamGenerateContent?alt=sse")).read()
    assert raw.count(b"data: ") == 40


async def test_a_cut_stream_ends_without_its_last_chunk(api):
    response = await generate(api, "[cut]", ":streamGenerateContent?alt=sse")
    with pytest.raises(aiohttp.ClientPayloadError):
        await response.read()


async def test_an_error_inside_a_stream_is_an_event(api):
    raw = await (await generate(api, "[broken]", ":streamGenerateContent?alt=sse")).read()
    assert json.loads(raw.split(b"\r\n\r\n")[-2].removeprefix(b"data: "))["error"]["code"] == 503


@pytest.mark.parametrize("verb", [":generateContent", ":streamGenerateContent?alt=sse"])
async def test_gzip_comes_only_to_a_client_that_reads_it(api, verb):
    plain = await generate(api, "Hi", verb)
    packed = await api.post(
        FLASH + verb, json=asked("Hi"), headers=KEY | {"Accept-Encoding": "gzip"}
    )
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert (await packed.read()).startswith(b"\x1f\x8b")


@pytest.mark.parametrize(
    ("text", "more", "finish"),
    [
        ("Hi", {}, "STOP"),
        ("Hi", {"generationConfig": {"maxOutputTokens": 1}}, "MAX_TOKENS"),
        ("Hi", {"generation_config": {"max_output_tokens": 1}}, "MAX_TOKENS"),
    ],
)
async def test_the_limit_of_tokens_is_kept(api, text, more, finish):
    body = await (await generate(api, text, **more)).json()
    assert body["candidates"][0]["finishReason"] == finish


async def test_a_tool_word_calls_the_first_function(api):
    tools = [{"functionDeclarations": [{"name": "search"}]}]
    body = await (await generate(api, "[tool] cats", tools=tools)).json()
    call = body["candidates"][0]["content"]["parts"][0]["functionCall"]
    assert call == {"name": "search", "args": {"query": "[tool] cats"}}


async def test_a_blocked_prompt_has_no_candidates(api):
    body = await (await generate(api, "[unsafe]")).json()
    assert "candidates" not in body
    assert body["promptFeedback"] == {"blockReason": "SAFETY"}


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        (FLASH + ":generateContent", asked("[quota]"), 429, "RESOURCE_EXHAUSTED"),
        (FLASH + ":generateContent", asked("[overloaded]"), 503, "UNAVAILABLE"),
        (FLASH + ":generateContent", {}, 400, "INVALID_ARGUMENT"),
        (FLASH + ":generateContent", asked("Hi", wrong=1), 400, "INVALID_ARGUMENT"),
        (FLASH + ":generateContent", {"contents": ["Hi"]}, 400, "INVALID_ARGUMENT"),
        (FLASH + ":generateContent", {"contents": [{"parts": [1]}]}, 400, "INVALID_ARGUMENT"),
        (FLASH + ":generateContent", asked("Hi", cachedContent="none"), 403, "PERMISSION_DENIED"),
        (FLASH + ":embedContent", {}, 404, "NOT_FOUND"),
        (FLASH + ":countTokens", {}, 400, "INVALID_ARGUMENT"),
        ("/v1/models/none:generateContent", asked("Hi"), 404, "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_googles_shape(api, path, body, status, word):
    response = await api.post(path, json=body, headers=KEY)
    error = (await response.json())["error"]
    assert (response.status, error["code"], error["status"]) == (status, status, word)


async def test_a_body_that_is_not_json_is_refused(api):
    response = await api.post(FLASH + ":generateContent", data=b"{", headers=KEY)
    assert response.status == 400


async def test_a_quota_error_says_how_long_to_wait(api):
    error = (await (await generate(api, "[quota]")).json())["error"]
    kinds = [detail["@type"].rpartition(".")[2] for detail in error["details"]]
    assert kinds == ["QuotaFailure", "Help", "RetryInfo"]
    assert error["details"][-1]["retryDelay"] == "2s"


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"x-goog-api-key": "key"}, "", 200),
        ({}, "?key=key", 200),
        ({"Authorization": "Bearer ya29.x"}, "", 200),
        ({}, "", 403),
        ({"x-goog-api-key": "invalid"}, "", 400),
        ({"Authorization": "Bearer invalid"}, "", 401),
    ],
)
async def test_a_credential_is_needed(api, headers, query, status):
    assert (await api.get(FLASH + query, headers=headers)).status == status


async def test_models_come_in_pages(api):
    names, token = [], None
    for _ in range(3):
        query = {"pageSize": "2"} | ({"pageToken": token} if token else {})
        body = await (await api.get("/v1/models", params=query, headers=KEY)).json()
        names += [model["name"] for model in body["models"]]
        token = body.get("nextPageToken")
    assert token is None
    assert len(set(names)) == 6


@pytest.mark.parametrize("query", ["pageSize=x", "pageToken=at-99", "pageToken=x"])
async def test_a_page_that_does_not_exist_is_refused(api, query):
    assert (await api.get(f"/v1/models?{query}", headers=KEY)).status == 400


async def test_googles_headers_are_there_with_vary_three_times(api):
    response = await api.get(FLASH, headers=KEY)
    assert response.headers.getall("Vary") == ["Origin", "X-Origin", "Referer"]
    assert response.headers["Server"] == "scaffolding on HTTPServer2"
    assert response.headers["Server-Timing"].startswith("gfet4t7; dur=")


async def test_tokens_of_text_and_images_are_counted(api):
    parts = [{"text": "12345678"}, {"inlineData": {"mimeType": "image/png", "data": ""}}]
    body = {"contents": [{"parts": parts}]}
    counted = await (await api.post(FLASH + ":countTokens", json=body, headers=KEY)).json()
    assert counted["totalTokens"] == 2 + generation.MEDIA_TOKENS


async def test_embeddings_depend_on_the_text_alone(api):
    path = "/v1/models/gemini-embedding-001:"
    content = {"content": {"parts": [{"text": "cat"}]}, "outputDimensionality": 8}
    one = await (await api.post(path + "embedContent", json=content, headers=KEY)).json()
    batch = {"requests": [content, content | {"outputDimensionality": 4}]}
    many = await (await api.post(path + "batchEmbedContents", json=batch, headers=KEY)).json()
    assert one["embedding"] == many["embeddings"][0]
    assert len(many["embeddings"][1]["values"]) == 4


@pytest.mark.parametrize("requests", [[], [{"content": {"parts": [{"text": "x"}]}}] * 101])
async def test_a_batch_of_embeddings_has_limits(api, requests):
    path = "/v1/models/gemini-embedding-001:batchEmbedContents"
    assert (await api.post(path, json={"requests": requests}, headers=KEY)).status == 400


def test_a_vector_has_unit_length():
    assert sum(value**2 for value in vector("cat", 64)) == pytest.approx(1.0)


async def test_another_host_is_refused(api):
    api.app[AUTHORITY].value = "example.com"
    assert (await api.get(FLASH, headers=KEY)).status == 421
    assert (await api.get(FLASH, headers=KEY | {"Host": "example.com"})).status == 200


def exact(api, target):
    """A URL that the test's client sends as it is written."""
    return URL(f"http://{api.host}:{api.port}{target}", encoded=True)


async def test_what_arrived_is_recorded_with_its_raw_target(api):
    target = FLASH + ":streamGenerateContent?alt=sse&x=%2C&y="
    await api.session.post(exact(api, target), json=asked("Hi"), headers=KEY)
    seen = api.app[SEEN][-1]
    assert (seen.method, seen.raw_target) == ("POST", target)
    assert ("x-goog-api-key", "key") in seen.headers
    assert seen.body_length == len(json.dumps(asked("Hi")))


@pytest.mark.parametrize(("path", "status"), [("/v1/none", 404), ("//ws/google.ai.x", 400)])
async def test_unknown_paths_and_calls_of_the_live_api_are_refused(api, path, status):
    assert (await api.session.get(exact(api, path), headers=KEY)).status == status
