"""The short form of `tests/slow/test_crash_queue.py`: what was accepted survives any crash."""

import random

import pytest

from tests.support.crashing import crashing, judge_all


@pytest.mark.timeout(120)
async def test_what_was_accepted_is_delivered_once_or_known_to_be_in_doubt(tmp_path):
    async with crashing(tmp_path) as subject:
        await subject.rounds(4, random.Random(1))
        judge_all(subject, await subject.quiet())
        assert await subject.stop() == 0
