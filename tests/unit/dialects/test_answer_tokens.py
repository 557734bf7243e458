import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.tokens import TokenReader, Tokens, tokens_in

USAGE = {
    "promptTokenCount": 100,
    "candidatesTokenCount": 40,
    "thoughtsTokenCount": 10,
    "toolUsePromptTokenCount": 5,
    "cachedContentTokenCount": 80,
    "totalTokenCount": 155,
}


def body(usage, text="hello", **more):
    parts = [{"content": {"parts": [{"text": text}]}}]
    return json.dumps({"candidates": parts, "usageMetadata": usage, **more}).encode()


def read(data, headers=(), step=7):
    reader = TokenReader(list(headers))
    for start in range(0, len(data), step):
        reader.feed(data[start : start + step])
    return reader.tokens()


def test_thoughts_are_output_and_tools_and_caches_are_input():
    assert read(body(USAGE)) == Tokens(105, 50, 80)
    assert read(body({"promptTokenCount": 3})) == Tokens(3, 0, 0)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 4, "completion_tokens": 9, "total_tokens": 13}, Tokens(4, 9, 0)),
        ({"prompt_tokens": 4, "completion_tokens": 9, "total_tokens": 45}, Tokens(4, 41, 0)),
        ({"prompt_tokens": 4, "total_tokens": 4}, Tokens(4, 0, 0)),
        ({"prompt_tokens": 4, "completion_tokens": 9}, Tokens(4, 9, 0)),
        (
            {"prompt_tokens": 4, "prompt_tokens_details": {"cached_tokens": 3}, "total_tokens": 5},
            Tokens(4, 1, 3),
        ),
        (
            {
                "total_input_tokens": 7,
                "total_output_tokens": 20,
                "total_thought_tokens": 22,
                "total_tool_use_tokens": 2,
                "total_cached_tokens": 5,
                "total_tokens": 51,
            },
            Tokens(9, 42, 5),
        ),
        ({"completion_tokens": 9}, None),
        (None, None),
    ],
)
def test_the_words_of_openai_and_of_interactions_are_understood(usage, tokens):
    whole = {"choices": [{"message": {"content": "hello"}}], "usage": usage}
    assert read(json.dumps(whole).encode()) == tokens
    assert read(b"data: %b\n\ndata: [DONE]\n\n" % json.dumps(whole).encode()) == tokens


@pytest.mark.parametrize("coding", [b"gzip", b"x-gzip"])
def test_a_coded_body_is_read_as_it_comes(coding):
    headers = [(b"Content-Encoding", coding)]
    assert read(gzip.compress(body(USAGE)), headers) == Tokens(105, 50, 80)
    assert read(b"no gzip at all", headers) is None


def test_of_a_stream_the_last_totals_count():
    first, last = body({"promptTokenCount": 9, "candidatesTokenCount": 1}), body(USAGE)
    assert read(b"data: " + first + b"\r\n\r\ndata: " + last + b"\r\n\r\n") == Tokens(105, 50, 80)
    cut = b"data: " + first + b'\r\n\r\ndata: {"usageMetadata": {"promptTok'
    assert read(cut) == Tokens(9, 1, 0)


def test_a_long_answer_costs_no_memory_and_its_end_is_enough():
    long = body(USAGE, text="x" * 1_000_000, responseId="r" * 200)
    reader = TokenReader([])
    reader.feed(long)
    assert reader.tokens() == Tokens(105, 50, 80)
    assert len(reader._tail) <= 16 * 1024
    assert read(long, step=4096) == Tokens(105, 50, 80)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'"usageMetadata"',
        b'{"usageMetadata": null}',
        b'{"usageMetadata": []}',
        b'{"usageMetadata": {"promptTokenCount": "7"}}',
        b'{"usageMetadata": {"promptTokenCount": true}}',
        b'{"usageMetadata": {"promptTokenCount": -1}}',
        b'{"usageMetadata": {"promptTokenCount": 1e3}}',
        b'{"usageMetadata": {"candidatesTokenCount": 7}}',
    ],
)
def test_where_nothing_is_said_there_is_none(text):
    assert tokens_in(text) is None


def test_what_a_model_writes_about_is_not_what_it_took():
    said = json.dumps({"usageMetadata": {"promptTokenCount": 1_000_000}})
    called = {"args": {"usage": {"prompt_tokens": 1_000_000}}}
    assert read(body(USAGE, calls=[called])) == Tokens(105, 50, 80)
    assert tokens_in(json.dumps({"text": said}).encode()) is None
    assert read(body(USAGE, text=said)) == Tokens(105, 50, 80)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data):
    reader = TokenReader([])
    reader.feed(b'{"usageMetadata"' + data)
    reader.tokens()
