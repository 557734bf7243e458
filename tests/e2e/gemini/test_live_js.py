"""The Live API with @google/genai: the same through the sidecar as without it."""

import functools

import pytest

from tests.e2e.ways import THROUGH, Transcript, Way, differences, reached, transcript_of_node
from tests.support.simulated import gemini


@functools.cache
def transcript(way: Way) -> Transcript:
    with reached(way, "gemini", gemini) as base_url:
        return transcript_of_node("live.mjs", base_url, packages=("@google/genai",))


def test_a_conversation_has_its_turns_and_an_error_its_code_and_reason():
    answers = {line["check"]: line["answer"] for line in transcript("direct")}
    turns = [each for each in answers["live: two turns"] if "serverContent" in each]
    assert sum(bool(each["serverContent"].get("turnComplete")) for each in turns) == 2
    (*_, last) = answers["live: over quota"]
    assert last == {"code": 1011, "reason": "You exceeded your current quota."}
    heard = answers["live: five megabytes of audio"]
    assert "heard 6990508" in str(heard)


@pytest.mark.parametrize("way", THROUGH)
def test_what_is_said_is_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []
