"""openai (JavaScript) sees the same of Gemini's OpenAI-compatible API through the sidecar."""

import functools

import pytest

from tests.e2e.ways import (
    THROUGH,
    Transcript,
    Way,
    comparable,
    differences,
    failures,
    reached,
    transcript_of_node,
)
from tests.support.simulated import gemini

REFUSED = {
    "models: get unknown": 404,
    "generate: quota": 429,
    "generate: overloaded": 503,
    "generate: unknown model": 404,
    "generate: invalid key": 400,
    "stream: quota": 429,
}
"""The checks that provoke an error, and its code."""


@functools.cache
def transcript(way: Way) -> Transcript:
    with reached(way, "gemini", gemini) as base_url:
        return comparable(transcript_of_node("openai.mjs", base_url, packages=("openai",)))


def test_only_the_checks_that_provoke_errors_see_them():
    assert failures(transcript("direct")) == REFUSED
    assert len(transcript("direct")) >= 20


def test_a_stream_that_breaks_is_seen_as_broken():
    answers = {line["check"]: line["answer"] for line in transcript("direct")}
    assert answers["stream: cut"][-1] == "TypeError"
    assert answers["stream: error inside"][-1] == "APIError"
    assert len(answers["stream: long"]) == 40


@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []
