"""google-genai (Python) sees the same through the sidecar as without it."""

import functools

import pytest

pytest.importorskip("google.genai", reason="install the `sdk` extra")

from tests.e2e.gemini import genai_python
from tests.e2e.ways import THROUGH, Transcript, Way, comparable, differences, failures, reached
from tests.support.simulated import gemini

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

REFUSED = {
    "models: get unknown": 404,
    "generate: quota": 429,
    "generate: overloaded": 503,
    "generate: unknown model": 404,
    "stream: quota": 429,
    "files: get unknown": 403,
    "caches: get unknown": 403,
    "interactions: get unknown": 404,
    "async generate: quota": 429,
    "v1beta models: get unknown": 404,
    "invalid key models: list": 400,
    "invalid key models: list in pages of 2": 400,
    "invalid key models: get": 400,
    "invalid key models: get unknown": 400,
    "invalid key generate: text": 400,
}
"""The checks that provoke an error, and its code."""


@functools.cache
def transcript(way: Way) -> Transcript:
    with reached(way, "gemini", gemini) as base_url:
        return comparable(genai_python.transcript(base_url))


@functools.cache
def uploads(way: Way) -> Transcript:
    with reached(way, "gemini", gemini) as base_url:
        return comparable(genai_python.upload_transcript(base_url))


def test_only_the_checks_that_provoke_errors_see_them():
    assert failures(transcript("direct")) == REFUSED
    assert len(transcript("direct")) >= 25


def test_a_stream_that_breaks_is_seen_as_broken():
    answers = {line["check"]: line["answer"] for line in transcript("direct")}
    assert answers["stream: cut"][-1] == "RemoteProtocolError"
    assert len(answers["stream: long"]) == 40
    assert answers["interactions: stream that is cut"][-1] == "APIConnectionError"


@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []


def test_uploads_work_directly():
    assert failures(uploads("direct")) == {}


@pytest.mark.parametrize("way", THROUGH)
def test_uploads_are_the_same_through_the_sidecar(way):
    """By port and by prefix. The URL of `X-Goog-Upload-URL` is used as it comes: through here."""
    assert differences(uploads("direct"), uploads(way)) == []
