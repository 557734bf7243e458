"""One configuration in the place of another: what is taken, refused and said."""

import asyncio
import threading
from dataclasses import replace

import pytest

from sidecar.reloading import Fresh, NotNow, Reloading, Unusable
from tests.support.builders import one_upstream
from tests.support.clock import FakeClock

CONFIG = one_upstream("http://x.test")
OTHER = replace(CONFIG, drain_timeout=9.0)


class Subject:
    """A reloading whose source and adoption are the test's."""

    def __init__(self, config=OTHER, files=()):
        self.config, self.files = config, files
        self.adopted, self.at_once, self.most = [], 0, 0
        self.reloading = Reloading(Fresh(CONFIG, files), self.source, self.adopt, FakeClock())
        self.reloading.begin()

    def source(self):
        if isinstance(self.config, Exception):
            raise self.config
        assert threading.current_thread() is not threading.main_thread()
        return Fresh(self.config, self.files, lambda _: "sidecar.yaml:1:1")

    async def adopt(self, config):
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        self.adopted.append(config)
        return ["~ listen.tls: the files have changed"]


async def test_what_is_adopted_is_in_force_and_said():
    subject = Subject()
    outcome = await subject.reloading.reload("test")
    assert outcome.changes == (
        "~ drain_timeout: 5s → 9s",
        "~ listen.tls: the files have changed",
    )
    reloading = subject.reloading
    assert (reloading.config, reloading.generation) == (OTHER, 2)
    assert reloading.last.as_dict() == {
        "ok": True,
        "at": reloading.loaded_at,
        "error": None,
        "changes": list(outcome.changes),
    }


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        (Unusable(["f:1:2: error: no", "f:3:4: error: never"]), 2),
        (RuntimeError("a mistake"), 1),
        (replace(CONFIG, loop="asyncio"), 1),
    ],
)
async def test_what_cannot_be_used_is_refused_and_counted(wrong, errors):
    subject = Subject(wrong)
    outcome = await subject.reloading.reload("test")
    assert (outcome.ok, len(outcome.errors)) == (False, errors)
    reloading = subject.reloading
    assert (reloading.config, reloading.generation, subject.adopted) == (CONFIG, 1, [])
    assert (reloading.stats.successful, reloading.stats.reloads["failure"]) == (False, 1)
    subject.config = OTHER
    assert (await reloading.reload("test")).ok
    assert reloading.stats.successful


async def test_what_cannot_be_put_in_force_is_refused():
    subject = Subject()

    async def adopt(_):
        raise OSError("cannot listen on 127.0.0.1:80")

    subject.reloading._adopt = adopt
    outcome = await subject.reloading.reload("test")
    assert outcome.errors == ("error: cannot listen on 127.0.0.1:80",)
    assert subject.reloading.config is CONFIG


async def test_only_one_is_put_in_force_at_a_time():
    subject = Subject()
    await asyncio.gather(*(subject.reloading.reload("test") for _ in range(20)))
    assert (subject.most, len(subject.adopted)) == (1, 20)


async def test_nothing_is_reloaded_before_the_start_and_after_the_stop():
    subject = Subject()
    subject.reloading._begun.clear()
    early = asyncio.ensure_future(subject.reloading.reload("test"))
    await asyncio.sleep(0.01)
    assert not subject.adopted
    subject.reloading.begin()
    assert (await early).ok
    await subject.reloading.stop()
    with pytest.raises(NotNow):
        await subject.reloading.reload("test")
    assert await subject.reloading.attempt("test") is None


async def test_without_a_file_there_is_no_reload():
    reloading = Reloading(Fresh(CONFIG), None, None, FakeClock())
    with pytest.raises(NotNow, match="without a configuration file"):
        await reloading.reload("test")
    reloading.soon("signal")
    assert not reloading.is_possible


async def test_a_stop_waits_for_what_is_about_to_be_taken():
    subject = Subject()
    subject.reloading.soon("signal")
    await asyncio.sleep(0.01)
    await subject.reloading.stop()
    assert len(subject.adopted) <= 1
    assert subject.at_once == 0


async def test_what_was_read_counts_as_seen_also_when_it_is_bad(tmp_path):
    file, more = tmp_path / "one", tmp_path / "two"
    file.write_text("1")
    subject = Subject(files=(file,))
    before = subject.reloading.seen
    file.write_text("2")
    subject.config = Unusable(["no"])
    await subject.reloading.reload("test")
    assert subject.reloading.seen != before
    subject.config, subject.files = OTHER, (file, more)
    await subject.reloading.reload("test")
    assert subject.reloading.seen.keys() == {file, more}
