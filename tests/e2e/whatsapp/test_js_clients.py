"""@great-detail/whatsapp and whatsapp-api-js see the same through the sidecar as without it."""

import functools

import pytest

from tests.e2e.ways import (
    THROUGH,
    Transcript,
    Way,
    comparable,
    differences,
    reached,
    transcript_of_node,
)
from tests.support.simulated import whatsapp

PACKAGES = ("@great-detail/whatsapp", "whatsapp-api-js")
REFUSED = {
    "send: unknown template": 132001,
    "send: nothing": 100,
    "send: 131030, not allowed": 131030,
    "send: 131056, pair limit": 131056,
    "send: 131016, unavailable": 131016,
    "send: bad token": 190,
    "api-js send: 131056": 131056,
}
"""The checks that provoke an error, and its code."""


@functools.cache
def transcript(way: Way) -> Transcript:
    with reached(way, "whatsapp", whatsapp) as base_url:
        return comparable(transcript_of_node("whatsapp.mjs", base_url, packages=PACKAGES))


def code_of(answer: object) -> object:
    """The Graph error code in an answer that is a refusal; None in any other."""
    if not isinstance(answer, dict):
        return None
    error = answer.get("body", answer).get("error")
    return error.get("code") if isinstance(error, dict) else error


def test_only_the_checks_that_provoke_errors_see_them():
    codes = {line["check"]: code_of(line["answer"]) for line in transcript("direct")}
    assert {check: code for check, code in codes.items() if code is not None} == REFUSED
    assert len(transcript("direct")) >= 15


def test_media_come_back_whole():
    answers = {line["check"]: line["answer"] for line in transcript("direct")}
    assert answers["media: download"] == [200, 20_000]
    assert answers["api-js media: upload and fetch"][1:] == [200, 20_000]


@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []
