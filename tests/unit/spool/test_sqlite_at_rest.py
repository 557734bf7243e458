"""What is in the file: sealed with a key, for its owner only, and refused where it is not ours."""

import sqlite3

import pytest

from sidecar.spool import Settlement, SpoolDamaged, SpoolUnavailable
from sidecar.spool.sealing import KeySeal
from sidecar.telemetry import redact
from tests.support.spools import added

NOW = 1000.0
SECRETS = (b"s3cret-token", b"s3cret-body", b"s3cret-query", b"s3cret-answer")


def everything(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_with_a_key_nothing_of_a_call_can_be_read_in_the_file(opened, tmp_path):
    from tests.support.spool_machine import ANSWER

    for seal in (None, KeySeal(bytes(32))):
        for path in tmp_path.iterdir():
            path.unlink()
        spool = await opened(seal=seal)
        await spool.recover(NOW)
        (one,) = await added(spool)
        (taken,) = await spool.take(NOW, 1)
        await spool.settle(one, Settlement(state="failed", now=NOW, answer=ANSWER))
        found = [secret in everything(tmp_path) for secret in SECRETS]
        assert found == [seal is None] * 4
        kept = await spool.get(one)
        assert (kept.body, kept.headers, kept.answer) == (taken.body, taken.headers, ANSWER)
        await spool.close()


async def test_another_key_or_none_is_refused_and_nothing_is_changed(opened, tmp_path):
    spool = await opened(seal=KeySeal(bytes(32)))
    ids = await added(spool)
    await spool.close()
    for seal in (None, KeySeal(bytes(31) + b"\1")):
        with pytest.raises(SpoolDamaged, match="another key") as refused:
            await opened(seal=seal)
        assert redact.text(str(refused.value)) == str(refused.value)  # the log says all of it
    spool = await opened(seal=KeySeal(bytes(32)))
    assert (await spool.get(ids[0])).body == b"s3cret-body"


async def test_what_was_written_before_there_was_a_key_is_still_read(opened):
    spool = await opened()
    ids = await added(spool)
    await spool.close()
    spool = await opened(seal=KeySeal(bytes(32)))
    ids += await added(spool)
    assert [(await spool.get(one)).body for one in ids] == [b"s3cret-body"] * 2
    await spool.close()
    with pytest.raises(SpoolDamaged):
        await opened()


async def test_a_delivery_that_was_put_in_the_place_of_another_is_not_sent(opened):
    spool = await opened(seal=KeySeal(bytes(32)))
    await spool.recover(NOW)
    ids = await added(spool, 3)

    def swap(session):
        session.connection.execute(
            "UPDATE requests SET data = (SELECT data FROM requests WHERE seq = 2) WHERE seq = 1"
        )

    await spool._access.write(swap)
    assert [one.id for one in await spool.take(NOW, 10)] == ids[1:]
    dead = await spool.find(states=("failed",))
    assert [(one.id, one.reason) for one in dead] == [(ids[0], "unreadable")]
    with pytest.raises(SpoolDamaged):
        await spool.get(ids[0])


async def test_the_file_is_for_its_owner_only(opened, tmp_path):
    spool = await opened()
    await added(spool)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


# What cannot be read.


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(opened, tmp_path):
    path = tmp_path / "spool.db"
    path.write_bytes(b"this is no database" * 500)
    with pytest.raises(SpoolDamaged, match="left as it is"):
        await opened()
    assert path.read_bytes() == b"this is no database" * 500
    assert [one.name for one in tmp_path.iterdir()] == ["spool.db"]


async def test_a_database_of_another_program_is_refused(opened, tmp_path):
    other = sqlite3.connect(tmp_path / "spool.db")
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    with pytest.raises(SpoolDamaged, match="another program"):
        await opened()


async def test_an_index_of_earlier_versions_is_not_made_and_where_it_is_left_to_them(
    opened, tmp_path
):
    """One of them beside this one, or after it, asks by that name."""

    def indexes():
        connection = sqlite3.connect(tmp_path / "spool.db")
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        connection.close()
        return found

    spool = await opened()
    ids = await added(spool, lane="a")
    await spool.close()
    assert "lane_ids" not in indexes()
    connection = sqlite3.connect(tmp_path / "spool.db")
    connection.execute("CREATE INDEX lane_ids ON deliveries (lane, id) WHERE lane <> ''")
    connection.close()
    again = await opened()
    ids += await added(again, lane="a")
    assert [one.id for one in await again.find()] == sorted(ids)
    assert "lane_ids" in indexes()


async def test_a_file_of_a_later_version_is_refused(opened, tmp_path):
    await (await opened()).close()
    later = sqlite3.connect(tmp_path / "spool.db")
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(SpoolDamaged, match="later version"):
        await opened()


async def test_a_damaged_page_is_noticed_at_start(opened, tmp_path):
    spool = await opened()
    await added(spool, 300)
    await spool.close()
    path = tmp_path / "spool.db"
    with path.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xa5" * 4096 * 10)
    before = path.read_bytes()
    with pytest.raises(SpoolDamaged, match="damaged"):
        await opened()
    assert path.read_bytes() == before


async def test_a_folder_that_cannot_be_written_is_said_at_start(opened, tmp_path):
    (tmp_path / "spool.db").mkdir()
    with pytest.raises(SpoolUnavailable):
        await opened()
