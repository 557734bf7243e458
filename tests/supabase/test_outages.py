"""The server stops, hangs and comes back: what is kept stands in, and nothing is written twice."""

import asyncio
import time

import pytest

from tests.supabase.people import cached, world

pytestmark = pytest.mark.timeout(180)

TABLE = "/rest/v1/conversations"
ROWS = f"{TABLE}?select=title,unread&order=id"
KEPT = "{ttl: 300ms, tags: table, stale_if_error: 1h, refresh_ahead: false}"
IMPATIENT = (
    "timeouts: {first_byte: 1s, total: 2s}",
    "retry: {attempts: 2}",
    "breaker: {hold: 0s, hold_unsafe: 0s, max_open: 1s}",
)


@pytest.fixture(scope="module")
def server(start):
    """One that may be stopped."""
    return start()


@pytest.fixture
async def there(server):
    async with world(server, *IMPATIENT, *cached(KEPT)) as made:
        yield made
        server.thaw()


async def prepared(there):
    """A user with one row that was read, and whose answer is just stale."""
    user = await there.user()
    await user.write("POST", TABLE, {"account_id": 1, "title": "Kept"})
    assert (await user.get(ROWS)).data == [{"title": "Kept", "unread": 0}]
    await user.get(TABLE)
    await asyncio.sleep(0.4)
    return user


async def recovered(user, target=ROWS, within=20.0):
    """The first answer that the server gave itself.

    Raises:
        TimeoutError: there was none in time.
    """
    async with asyncio.timeout(within):
        while True:
            answer = await user.get(target)
            if answer.status == 200 and "x-sidecar-degraded" not in answer.headers:
                return answer
            await asyncio.sleep(0.1)


def assert_stale(answer):
    assert answer.status == 200, answer
    assert answer.headers["x-sidecar-degraded"] == "stale"
    assert "stale-if-error" in answer.note
    assert answer.data == [{"title": "Kept", "unread": 0}]


async def test_a_server_that_is_gone_is_stood_in_for_until_it_is_back(there):
    user, other = await prepared(there), await there.user()
    await asyncio.to_thread(there.server.kill)
    for _ in range(12):  # longer than it takes the breaker to open
        assert_stale(await user.get(ROWS))
    nothing = await other.get(ROWS)
    assert nothing.status in (502, 504)
    assert nothing.headers["x-sidecar-error"] in ("connect_error", "breaker_open")
    assert set(nothing.data) >= {"code", "message", "details", "hint"}
    refused = await user.call("POST", TABLE, {"account_id": 1, "title": "Lost"})
    assert refused.status in (502, 504)
    assert_stale(await user.get(ROWS))  # nothing was sent, so nothing is in doubt
    await asyncio.to_thread(there.server.start)
    assert (await recovered(user)).data == [{"title": "Kept", "unread": 0}]
    await user.write("PATCH", TABLE + "?title=eq.Kept", {"unread": 1})
    assert (await user.get(ROWS)).data == [{"title": "Kept", "unread": 1}]


async def test_a_server_that_hangs_is_stood_in_for_and_goes_on(there):
    user = await prepared(there)
    there.server.freeze()
    began = time.monotonic()
    answers = await asyncio.gather(*(user.get(ROWS) for _ in range(10)))
    assert time.monotonic() - began < 4.0
    for answer in answers:
        assert_stale(answer)
    there.server.thaw()
    assert (await recovered(user)).data == [{"title": "Kept", "unread": 0}]


async def test_a_write_whose_answer_comes_too_late_is_neither_repeated_nor_hidden(there):
    user = await prepared(there)
    late = {"seconds": 1.8, "new_title": "Late"}
    lost = await user.call("POST", "/rest/v1/rpc/add_late", late)
    assert (lost.status, lost.headers["x-sidecar-error"]) == (504, "first_byte_timeout")
    rows = (await recovered(user)).data  # what was kept may be wrong, and was dropped
    assert [row["title"] for row in rows] == ["Kept", "Late"]
    await asyncio.sleep(1.0)
    assert (await there.past(user).get(ROWS)).data == rows


async def test_a_write_that_nobody_knows_of_takes_what_was_kept_with_it(there):
    user = await prepared(there)
    there.server.freeze()
    lost = await user.call("POST", TABLE, {"account_id": 1, "title": "In doubt"})
    assert (lost.status, lost.headers["x-sidecar-error"]) == (504, "first_byte_timeout")
    doubtful = await user.get(ROWS)
    assert doubtful.status in (502, 504), doubtful
    there.server.thaw()
    now = await recovered(user)
    assert now.data == (await there.past(user).get(ROWS)).data


async def test_a_refusal_by_the_server_is_no_reason_to_give_what_was_kept(there):
    user = await prepared(there)
    assert (await user.call("POST", "/auth/v1/logout")).status == 204
    gone = await user.get("/auth/v1/user")
    assert (gone.status, gone.data["error_code"]) == (403, "session_not_found")
    assert "x-sidecar-degraded" not in gone.headers
