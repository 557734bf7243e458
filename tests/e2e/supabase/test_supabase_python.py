"""supabase-py sees the same through the sidecar as without it."""

import functools

import pytest

pytest.importorskip("supabase", reason="install the `sdk` extra")

from tests.e2e.supabase import supabase_python
from tests.e2e.supabase.project import Transcript, make, without_base
from tests.e2e.ways import THROUGH, Way, differences, failures, reached

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

REFUSED = {
    "rest: range past the end": "PGRST103",
    "rest: single of none": "PGRST116",
    "rest: single of many": "PGRST116",
    "rest: unknown schema": "PGRST106",
    "rest: unknown table": "PGRST205",
    "rest: unknown column": "42703",
    "rest: bad filter value": "22P02",
    "rest: bad tree": "PGRST100",
    "rest: no relationship": "PGRST200",
    "rest: insert duplicate": "23505",
    "rest: insert without required": "23502",
    "rest: insert dangling": "23503",
    "rest: update without filter": "21000",
    "rpc: unknown": "PGRST202",
    "rpc: volatile by get": "25006",
    "rpc: raises": "57014",
    "rls: a stranger cannot write": "42501",
    "auth: sign up again": "user_already_exists",
    "auth: weak": "weak_password",
    "auth: wrong password": "invalid_credentials",
    "auth: bad token": "bad_jwt",
    "auth: refresh token used twice": "refresh_token_already_used",
    "auth: unknown refresh token": "refresh_token_not_found",
    "auth: not an admin": "not_admin",
    "storage: create again": "Duplicate",
    "storage: get none": "Bucket not found",
    "storage: upload again": "Duplicate",
    "storage: download none": "not_found",
    "storage: move none": "not_found",
    "storage: delete while full": "InvalidRequest",
    "functions: error": None,
    "functions: relay error": None,
    "functions: none": None,
}
"""The checks that provoke an error, and its code."""


@functools.cache
def transcript(way: Way) -> Transcript:
    with reached(way, "supabase", make) as base_url:
        return without_base(supabase_python.transcript(base_url), base_url)


def test_only_the_checks_that_provoke_errors_see_them():
    assert failures(transcript("direct")) == REFUSED
    assert len(transcript("direct")) >= 100


def test_two_users_see_their_own_rows():
    answers = {line["check"]: line["answer"] for line in transcript("direct")}
    alice, bob = answers["auth: two users see their own rows"]
    assert [len(alice["data"]), len(bob["data"])] == [3, 3]
    assert {row["user_id"] for row in alice["data"]}.isdisjoint(
        row["user_id"] for row in bob["data"]
    )


@pytest.mark.parametrize("way", THROUGH)
def test_answers_are_the_same_through_the_sidecar(way):
    assert differences(transcript("direct"), transcript(way)) == []
