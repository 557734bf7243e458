"""What `make bench-check` measures can be measured, and has a baseline."""

import json
from contextlib import ExitStack

import pytest

from bench.check.__main__ import BASELINE
from bench.check.subjects import SUBJECTS, reference


@pytest.mark.parametrize("name", list(SUBJECTS))
def test_a_subject_does_its_work_again_and_again(name: str) -> None:
    with ExitStack() as stack:
        subject = SUBJECTS[name][0](stack)
        subject(2)
        subject(1)


def test_the_reference_needs_nothing() -> None:
    reference(3)


def test_each_subject_has_a_baseline() -> None:
    assert set(json.loads(BASELINE.read_text())["ratios"]) == set(SUBJECTS)
