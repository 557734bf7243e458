import os

from sidecar.spool.claims import Claim, Claims
from sidecar.spool.ownership import Ownership
from sidecar.spool.reserve import Reserve

MIB = 1024 * 1024


def test_what_a_transaction_did_to_claims_is_undone_with_it():
    claims = Claims()
    claims.put("1", Claim("a", 0))
    claims.put("2", Claim("", 0))
    claims.commit()
    claims.put("1", Claim("a", 1))
    claims.drop("2")
    claims.put("3", Claim("b", 0))
    claims.rollback()
    assert sorted(claims) == ["1", "2"]
    assert claims.get("1") == Claim("a", 0)
    assert (claims.holds_lane("a"), claims.holds_lane("b")) == (True, False)
    claims.clear()
    assert (len(claims), claims.holds_lane("a")) == (0, False)
    claims.rollback()
    assert sorted(claims) == ["1", "2"]
    assert claims.holds_lane("a")


def test_a_lock_is_had_by_one_at_a_time(tmp_path):
    one, other = Ownership(tmp_path / "a.db"), Ownership(tmp_path / "a.db")
    assert one.acquire()
    assert one.acquire()
    assert not other.acquire()
    one.release()
    one.release()
    assert other.acquire()
    assert not one.held
    other.release()


def test_a_reserve_takes_real_room_and_gives_it_back(tmp_path):
    reserve, same = Reserve(tmp_path / "a.db", 64 * MIB), Reserve(tmp_path / "a.db", 64 * MIB)
    assert not reserve.kept
    assert reserve.keep()
    assert same.kept
    assert (tmp_path / "a.db.reserve").stat().st_blocks * 512 >= 4 * MIB
    same.give_up()
    same.give_up()
    assert not reserve.kept


def test_a_reserve_is_not_made_where_there_is_not_plenty(tmp_path, monkeypatch):
    reserve = Reserve(tmp_path / "a.db", 64 * MIB)

    def free(size):
        class Found:
            f_bavail, f_frsize = size // 4096, 4096

        monkeypatch.setattr(os, "statvfs", lambda _: Found)

    free(7 * MIB)
    assert not reserve.keep()
    free(8 * MIB)
    assert reserve.keep()


def test_a_reserve_for_which_there_is_no_room_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(file, start, size):
        os.write(file, b"some")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert not Reserve(tmp_path / "a.db", MIB).keep()
    assert list(tmp_path.iterdir()) == []
