"""@google/genai (JavaScript) sees the same through the sidecar as without it."""

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

PACKAGES = ("@google/genai",)
REFUSED = {
    "models: get unknown": 404,
    "generate: quota": 429,
    "generate: overloaded": 503,
    "generate: unknown model": 404,
    "generate: invalid key": 400,
    "stream: quota": 429,
    "files: get unknown": 403,
    "caches: get unknown": 403,
    "interactions: get unknown": 404,
}
"""The checks that provoke an error, and its code."""


@functools.cache
def transcript(way: Way, *arguments: str) -> Transcript:
    with reached(way, "gemini", gemini) as base_url:
        return comparable(transcript_of_node("gemini.mjs", base_url, *arguments, packages=PACKAGES))


def test_only_the_checks_that_provoke_errors_see_them():
    assert failures(transcript("direct")) == REFUSED
    assert len(transcript("direct")) >= 25


def test_a_stream_that_breaks_is_seen_as_broken():
    answers = {line["check"]: line["answer"] for line in transcript("direct")}
    assert answers["stream: cut"][-1] == "TypeError"
    assert len(answers["stream: long"]) == 40


@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []


def test_uploads_work_directly():
    assert failures(transcript("direct", "uploads")) == {}


@pytest.mark.parametrize("way", THROUGH)
def test_uploads_are_the_same_through_the_sidecar(way):
    """This SDK puts the origin of its base URL into the URL of `X-Goog-Upload-URL` and keeps that
    URL's path. The sidecar has put its prefix there, so it is kept as well."""
    assert differences(transcript("direct", "uploads"), transcript(way, "uploads")) == []
