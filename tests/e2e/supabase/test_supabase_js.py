"""@supabase/supabase-js sees the same through the sidecar as without it."""

import functools
from typing import Any

import pytest

from sidecar.demo.supabase import ANON_KEY, SERVICE_KEY
from sidecar.demo.supabase.accounts import SEEDED_PASSPHRASE
from tests.e2e.supabase.project import Transcript, make, without_base
from tests.e2e.ways import THROUGH, Way, differences, reached, transcript_of_node

PACKAGES = ("@supabase/supabase-js", "tus-js-client")

REFUSED = {
    "rest: range past the end": "PGRST103",
    "rest: single of none": "PGRST116",
    "rest: unknown schema": "PGRST106",
    "rest: unknown table": "PGRST205",
    "rest: unknown column": "42703",
    "rest: bad value": "22P02",
    "rest: throws": "42703",
    "rest: insert duplicate": "23505",
    "rest: update without filter": "21000",
    "rpc: unknown": "PGRST202",
    "rpc: raises": "57014",
    "rls: a stranger cannot write": "23502",
    "auth: sign up again": "user_already_exists",
    "auth: weak password": "weak_password",
    "auth: wrong password": "invalid_credentials",
    "auth: bad token": "bad_jwt",
    "auth: a user cannot write for another": "42501",
    "auth: not an admin": "not_admin",
    "storage: create again": 400,
    "storage: upload again": 400,
    "storage: too large": 400,
    "storage: download none": 400,
    "functions: error": None,
    "functions: relay error": None,
    "functions: none": None,
}
"""The checks whose promise is rejected, or whose result holds an error, and its code."""


@functools.cache
def transcript(way: Way) -> Transcript:
    with reached(way, "supabase", make) as base_url:
        arguments = (base_url, ANON_KEY, SERVICE_KEY, SEEDED_PASSPHRASE)
        lines = transcript_of_node("supabase.mjs", *arguments, packages=PACKAGES)
        return without_base(lines, base_url)


def errors(lines: Transcript) -> dict[str, Any]:
    """The checks that ended in an error, and its code or status."""
    found = {}
    for line in lines:
        answer = line["answer"]
        error = answer.get("error") if isinstance(answer, dict) else None
        where = error if isinstance(error, dict) else answer
        if error:
            found[line["check"]] = where["code"] or where.get("status")
    return found


def test_only_the_checks_that_provoke_errors_see_them():
    assert errors(transcript("direct")) == REFUSED
    assert len(transcript("direct")) >= 120


def test_events_arrive_one_by_one():
    answers = {line["check"]: line["answer"] for line in transcript("direct")}
    assert answers["functions: events"]["flowed"]
    assert answers["functions: gzip events"]["flowed"]


@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []
