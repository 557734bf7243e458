"""Whether files have changed."""

import os

import pytest

from sidecar.watching import Watch, digests
from tests.support.clock import FakeClock
from tests.support.reloaded import swap_link


class Files:
    """What a reload would do: take what is there as seen."""

    every = 2.0

    def __init__(self, *files):
        self.seen = digests(files)
        self.told = 0

    async def changed(self):
        self.told += 1
        self.seen = digests(self.seen)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sidecar.yaml"
    path.write_text("one")
    return path


async def looks(watch, times=3):
    for _ in range(times):
        await watch.look()


async def test_nothing_is_told_while_nothing_changes(file):
    files = Files(file)
    await looks(Watch(files, files.changed, FakeClock()))
    assert files.told == 0


async def test_a_change_is_told_once_when_it_has_held_still_for_a_look(file):
    files = Files(file)
    watch = Watch(files, files.changed, FakeClock())
    file.write_text("tw")
    await watch.look()
    file.write_text("two")
    await watch.look()
    assert files.told == 0  # it was different at each look
    await looks(watch)
    assert files.told == 1


async def test_a_change_that_keeps_size_and_time_is_seen(file):
    files, before = Files(file), file.stat()
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    await looks(Watch(files, files.changed, FakeClock()))
    assert files.told == 1


async def test_a_file_that_is_only_touched_is_no_change(file):
    files = Files(file)
    file.touch()
    await looks(Watch(files, files.changed, FakeClock()))
    assert files.told == 0


async def test_a_turned_link_is_seen(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "one")
    files = Files(link)
    swap_link(link, tmp_path / "two")
    await looks(Watch(files, files.changed, FakeClock()))
    assert files.told == 1


async def test_a_file_that_goes_and_comes_back_unchanged_between_two_looks_is_no_change(file):
    files = Files(file)
    watch = Watch(files, files.changed, FakeClock())
    file.unlink()
    await watch.look()
    file.write_text("one")
    await looks(watch)
    assert files.told == 0


async def test_a_file_that_has_gone_is_a_change(file):
    files = Files(file)
    file.unlink()
    await looks(Watch(files, files.changed, FakeClock()))
    assert files.told == 1


async def test_it_looks_as_often_as_is_said_and_not_while_nobody_wants_it(file):
    files, clock = Files(file), FakeClock()
    watch = Watch(files, files.changed, clock)
    looked = []

    async def look():
        looked.append(clock.now())
        files.every = 0.5 if len(looked) < 3 else None
        if len(clock.slept) > 20:
            raise EOFError

    async def sleep(seconds):
        clock.slept.append(seconds)
        clock.advance(seconds)
        if len(clock.slept) > 6:
            raise EOFError

    watch.look, clock.sleep = look, sleep
    with pytest.raises(EOFError):
        await watch.run()
    assert clock.slept[:4] == [2.0, 0.5, 0.5, 2.0]
    assert len(looked) == 3
