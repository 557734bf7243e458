"""heyoo sees the same through the sidecar as without it."""

import functools

import pytest

pytest.importorskip("heyoo", reason="install the `sdk` extra")

from tests.e2e.ways import THROUGH, Transcript, Way, comparable, differences, reached
from tests.e2e.whatsapp import heyoo_checks
from tests.support.simulated import whatsapp

# It leaves the files open that it uploads.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

REFUSED = {
    "send: unknown template": 132001,
    "send: 131056, pair limit": 131056,
    "send: 131000, transient": 131000,
    "send: invalid token": 190,
}
"""The checks that provoke an error, and its code."""


@functools.cache
def transcript(way: Way) -> Transcript:
    with reached(way, "whatsapp", whatsapp) as base_url:
        return comparable(heyoo_checks.transcript(base_url))


def test_only_the_checks_that_provoke_errors_see_them():
    codes = {
        line["check"]: line["answer"]["error"]["code"]
        for line in transcript("direct")
        if isinstance(line["answer"], dict) and "error" in line["answer"]
    }
    assert codes == REFUSED
    assert len(transcript("direct")) >= 15


def test_media_come_back_whole():
    answers = {line["check"]: line["answer"] for line in transcript("direct")}
    assert answers["media: upload, look up, download"][1] is True
    assert answers["media: unknown"] is None


@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []
