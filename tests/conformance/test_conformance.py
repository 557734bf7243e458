"""The public suite against running sidecars: every verdict is the one that `known.toml` knows."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from scripts import conformance
from tests.conformance import known, suite

pytestmark = pytest.mark.timeout(300)
TABLE = known.table(known.FILE.read_text())
MOST_DOUBTS = 20


def judged(way, base):
    """What the suite says; what differs is asked once more, apart: a busy machine is no finding."""
    outcomes = suite.run(base)
    expected = TABLE.expected(way, conformance.kinds(outcomes))
    doubts = known.differences(outcomes, expected)
    if 0 < len(doubts) <= MOST_DOUBTS:
        print(f"{way}: asked again: {doubts}")
        outcomes |= suite.run(base, doubts)
    return outcomes


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with (
        suite.caches(tmp_path_factory.mktemp("conformance")) as bases,
        ThreadPoolExecutor(len(bases)) as threads,
    ):
        return dict(zip(bases, threads.map(judged, bases, bases.values()), strict=True))


@pytest.fixture(scope="module")
def others():
    return suite.published()


@pytest.mark.parametrize("way", suite.WAYS)
def test_no_verdict_is_new(found, way):
    outcomes = found[way]
    expected = TABLE.expected(way, conformance.kinds(outcomes))
    assert known.differences(outcomes, expected) == {}, "repair it, or say why in known.toml"


@pytest.mark.parametrize("way", suite.WAYS)
def test_no_fewer_pass_than_ever(found, way):
    passed = conformance.counts(found[way])
    for kind, fewest in TABLE.fewest[way].items():
        assert passed[kind, "pass"] >= fewest


def test_the_document_has_the_figures_of_today(found, others):
    text = conformance.DOCUMENT.read_text()
    kinds = conformance.kinds(found["shared"])
    assert conformance.renewed(text, kinds, others) == text, "run `python -m scripts.conformance`"


def test_a_new_pass_shows_as_well_as_a_new_failure():
    outcomes = {
        "age-parse-prefix": suite.Outcome("required", "pass", ""),
        "freshness-max-age": suite.Outcome("optimal", "missed", "Response 2 …"),
        "method-POST": suite.Outcome("optimal", "missed", "Response 2 …"),
    }
    expected = {"age-parse-prefix": "fail", "freshness-max-age": "pass", "method-POST": "missed"}
    assert set(known.differences(outcomes, expected)) == {"age-parse-prefix", "freshness-max-age"}


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('tests = ["a"]\nverdict = "fail"', "no reason"),
        ('tests = ["a"]\nverdict = "fail"\nwhy = "b"\nways = ["private"]', "no such way"),
        ('tests = ["gone"]\nverdict = "fail"\nwhy = "b"', "says nothing"),
        ('tests = ["a", "a"]\nverdict = "fail"\nwhy = "b"', "says nothing"),
        ('tests = ["a"]\nverdict = "pass"\nwhy = "b"', "says nothing"),
    ],
)
def test_an_entry_that_says_nothing_is_refused(entry, fault):
    with pytest.raises(ValueError, match=fault):
        known.table(f"[fewest]\n[yes]\n[[known]]\n{entry}").expected("shared", {"a": "required"})
