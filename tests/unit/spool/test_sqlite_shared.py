"""Two processes with one file: one delivers, and people steer through the other one."""

import pytest

from sidecar.spool import Added, Settlement
from tests.support.spools import delivery

NOW = 1000.0


@pytest.fixture
async def both(opened):
    """The one that delivers, with a delivery in hand; the other one; the delivery's id."""
    delivering, other = await opened(), await opened()
    await delivering.recover(NOW)
    await other.recover(NOW)
    new = delivery(NOW, body=b"old", lane="a", expires_at=NOW + 60)
    assert await other.add(new) == Added(new.id)
    (taken,) = await delivering.take(NOW, 10)
    assert taken.body == b"old"
    return delivering, other, new.id


async def test_what_is_edited_by_another_process_is_not_sent_as_it_was(both):
    delivering, other, name = both
    if await other.edit(name, NOW, body=b"new"):
        assert await delivering.fence([name], NOW) == frozenset()
        (taken,) = await delivering.take(NOW, 10)
        assert taken.body == b"new"
    assert await delivering.fence([name], NOW) == {name}
    assert await delivering.settle(name, Settlement(state="delivered", now=NOW))


async def test_a_note_of_another_process_holds_up_nothing(both):
    delivering, other, name = both
    assert await other.edit(name, NOW, note="seen")
    assert await delivering.fence([name], NOW) == {name}


async def test_what_is_discarded_by_another_process_is_not_sent(both):
    delivering, other, name = both
    assert await other.discard([name], NOW) == {name}
    assert await delivering.fence([name], NOW) == frozenset()
    assert not await delivering.settle(name, Settlement(state="delivered", now=NOW))
    assert (await other.get(name)).state == "discarded"


async def test_what_expires_in_another_process_is_not_sent(both):
    delivering, other, name = both
    assert await other.expire(NOW + 60) == [name]
    assert await delivering.fence([name], NOW + 60) == frozenset()


async def test_what_is_being_sent_is_left_alone_by_another_process(both):
    delivering, other, name = both
    await delivering.fence([name], NOW)
    assert not await other.edit(name, NOW, body=b"new")
    assert await other.discard([name], NOW) == frozenset()
    assert await other.requeue([name], NOW) == frozenset()
    assert await other.expire(NOW + 60) == []
    assert not await other.settle(name, Settlement(state="failed", now=NOW))
    assert await delivering.settle(name, Settlement(state="delivered", now=NOW))


async def test_an_edit_after_a_doubt_does_not_make_the_outcome_unbelievable(both):
    delivering, other, name = both
    await delivering.fence([name], NOW)
    assert await delivering.settle(name, Settlement(state="unknown", now=NOW))
    assert await other.edit(name, NOW, body=b"new")
    assert await other.settle(name, Settlement(state="delivered", now=NOW))
