"""pywa sees the same through the sidecar as without it."""

import functools

import pytest

pytest.importorskip("pywa", reason="install the `sdk` extra")

from tests.e2e.ways import THROUGH, Transcript, Way, comparable, differences, failures, reached
from tests.e2e.whatsapp import pywa_checks
from tests.support.simulated import whatsapp

REFUSED = {
    "send: unknown template": 132001,
    "send: 131030, not allowed": 131030,
    "send: 131056, pair limit": 131056,
    "send: 130429, throughput": 130429,
    "send: 131000, transient": 131000,
    "send: text too long": 100,
    "media: unknown": 100,
    "number: register with the wrong pin": 133005,
    "invalid token send: text": 190,
    "invalid token profile: get": 190,
    "expired token send: text": 190,
    "expired token profile: get": 190,
}
"""The checks that provoke an error, and its code."""


@functools.cache
def transcript(way: Way) -> Transcript:
    with reached(way, "whatsapp", whatsapp) as base_url:
        return comparable(pywa_checks.transcript(base_url))


def test_only_the_checks_that_provoke_errors_see_them():
    assert failures(transcript("direct")) == REFUSED
    assert len(transcript("direct")) >= 20


def test_media_come_back_whole():
    answers = {line["check"]: line["answer"] for line in transcript("direct")}
    assert answers["media: upload, look up, download"][2:] == [True, True]
    assert answers["media: range and stream"] == [206, True, True]


@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []
