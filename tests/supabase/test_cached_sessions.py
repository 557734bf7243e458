"""A session's answers end with the session."""

import asyncio
import time

import pytest

from tests.supabase.people import PASSWORD, cached, world
from tests.supabase.server import claims_of, signed

pytestmark = pytest.mark.timeout(120)

USER = "/auth/v1/user"
ROWS = "/rest/v1/conversations?select=title"
REFRESH = "/auth/v1/token?grant_type=refresh_token"
SIGN_IN = "/auth/v1/token?grant_type=password"


@pytest.fixture
async def there(shared):
    async with world(shared, *cached()) as made:
        yield made


async def read_twice(person):
    """Both answers, of which the second is a hit."""
    await person.get(ROWS)
    await person.get(USER)
    rows, user = await person.get(ROWS), await person.get(USER)
    assert rows.is_hit, rows.note
    assert user.is_hit, user.note
    return rows, user


async def test_the_user_is_kept_for_each_token_by_itself(there):
    one, other = await there.user(), await there.user()
    _, first = await read_twice(one)
    _, second = await read_twice(other)
    assert first.data["id"] == one.id
    assert second.data["id"] == other.id


async def test_a_change_of_the_user_is_seen_by_all_their_sessions(there):
    user = await there.user()
    whom = {"email": user.session["user"]["email"], "password": PASSWORD}
    signed_in = await user.call("POST", SIGN_IN, whom)
    elsewhere = user.with_token(signed_in.data["access_token"])
    for session in (user, elsewhere):
        await read_twice(session)
    changed = await user.call("PUT", USER, {"data": {"theme": "dark"}})
    assert changed.status == 200
    for session in (user, elsewhere):
        assert (await session.get(USER)).data["user_metadata"]["theme"] == "dark"


async def test_signing_out_drops_what_was_kept(there):
    user, other = await there.user(), await there.user()
    await read_twice(user)
    await read_twice(other)
    assert (await user.call("POST", "/auth/v1/logout")).status == 204
    gone = await user.get(USER)
    assert (gone.status, gone.data["error_code"]) == (403, "session_not_found")
    assert not (await user.get(ROWS)).is_hit
    assert (await other.get(USER)).is_hit


async def test_a_refreshed_token_is_asked_about_anew(there):
    user = await there.user()
    _, before = await read_twice(user)
    spent = {"refresh_token": user.session["refresh_token"]}
    refreshed = await user.call("POST", REFRESH, spent)
    again = user.with_token(refreshed.data["access_token"])
    if again.token != user.token:  # two within one second may be the same
        after = await again.get(USER)
        assert not after.is_hit
        assert after.data["id"] == before.data["id"]
    assert refreshed.note == ""


async def test_nothing_outlives_the_token(there):
    user = await there.user()
    ends = int(time.time()) + 3
    brief = user.with_token(signed({**claims_of(user.token), "exp": ends}))
    await read_twice(brief)
    await read_twice(user)
    await asyncio.sleep(ends + 1.1 - time.time())
    rows, again = await brief.get(ROWS), await brief.get(USER)
    assert (rows.status, rows.data["code"]) == (401, "PGRST303")
    assert (again.status, again.data["error_code"]) == (403, "bad_jwt")
    assert not rows.is_hit
    assert not again.is_hit
    assert (await user.get(ROWS)).is_hit


async def test_refusals_are_not_kept(there):
    user = await there.user()
    forged = user.with_token(user.token[:-6] + "AAAAAA")
    for _ in range(2):
        answers = [await forged.get(ROWS), await forged.get(USER)]
        assert [answer.status for answer in answers] == [401, 403]
        assert not any(answer.is_hit for answer in answers)
    assert (await user.get(USER)).status == 200
