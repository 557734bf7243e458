"""Realtime with @supabase/supabase-js: the same through the sidecar as without it."""

import functools

import pytest

from sidecar.demo.supabase import ANON_KEY
from tests.e2e.supabase.project import Transcript, make
from tests.e2e.ways import (
    THROUGH,
    Way,
    differences,
    failures,
    reached,
    transcript_of_node,
)


@functools.cache
def transcript(way: Way) -> Transcript:
    with reached(way, "supabase", make) as base_url:
        packages = ("@supabase/supabase-js", "ws")
        return transcript_of_node("realtime.mjs", base_url, ANON_KEY, packages=packages)


def test_both_clients_hear_what_is_said_in_both_versions():
    assert failures(transcript("direct")) == {}
    for line in transcript("direct"):
        speaker, listener, _ = line["answer"]
        assert speaker == listener
        assert len(speaker) >= 2


@pytest.mark.parametrize("way", THROUGH)
def test_what_is_heard_is_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []
