"""The targets, with their corpus and with what Hypothesis makes of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.budget import few
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def seeds(name):
    return sorted((CORPUS / name).iterdir())


def changed(seed):
    """The same bytes with some cut out, doubled, or others put in."""
    places = st.integers(0, len(seed))
    pieces = st.sampled_from(
        [b"", b"\0", b"\r\n", b"\n", b" ", b":", b",", b'"', b"\xff", b"\x7f", b"{", b"[", b"0" * 9,
         b"-1", b"%", b"%25", b"\r", b"; a=b", b"chunked", b"Content-Length: 1\r\n"]
    ) | st.binary(max_size=6)  # fmt: skip
    edit = st.tuples(places, st.integers(0, 12), pieces)

    def apply(edits):
        data = seed
        for at, gone, new in edits:
            data = data[:at] + new + data[at + gone :]
        return data

    return st.lists(edit, max_size=5).map(apply)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_corpus_does_no_harm(name):
    assert seeds(name)
    for seed in seeds(name):
        TARGETS[name](seed.read_bytes())
    TARGETS[name](b"")


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_whatever_becomes_of_the_corpus_does_no_harm(name):
    pool = [seed.read_bytes() for seed in seeds(name)]

    @few(60)
    @given(st.sampled_from(pool).flatmap(changed) | st.binary(max_size=80))
    def play(data):
        TARGETS[name](data)

    play()
