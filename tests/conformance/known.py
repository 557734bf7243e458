"""What is expected of each test of the suite: it passes, unless `known.toml` says otherwise."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.conformance.suite import WAYS, Outcome, Outcomes

FILE = Path(__file__).with_name("known.toml")
USUAL = {"required": "pass", "optimal": "pass", "check": "no"}
"""The verdict on a test of each kind that is not named in the file."""


class Known(NamedTuple):
    """Tests that are known for another verdict."""

    tests: tuple[str, ...]
    verdict: str
    why: str
    ways: tuple[str, ...]


class Table(NamedTuple):
    """What the file says."""

    known: tuple[Known, ...]
    fewest: Mapping[str, Mapping[str, int]]
    """By way and kind, how many pass at least."""

    def expected(self, way: str, kinds: Mapping[str, str]) -> dict[str, str]:
        """The verdict on each test, given the kind of each.

        Raises:
            ValueError: the file names what is no test, says something twice, or the usual.
        """
        verdicts: dict[str, str] = {}
        for each in self.known:
            for test in each.tests if way in each.ways else ():
                if test not in kinds or test in verdicts or USUAL[kinds[test]] == each.verdict:
                    raise ValueError(f"{FILE.name}: {test}: {each.verdict} for {way} says nothing")
                verdicts[test] = each.verdict
        return {test: verdicts.get(test, USUAL[kind]) for test, kind in kinds.items()}


def table(text: str) -> Table:
    """The file, read.

    Raises:
        ValueError: it has a way that there is not, or no reason for something.
    """
    data: dict[str, Any] = tomllib.loads(text)
    checks = Known(
        tests=tuple(test for group in data["yes"].values() for test in group),
        verdict="yes",
        why="The suite only asks.",
        ways=tuple(WAYS),
    )
    known = (*map(_known, data["known"]), checks)
    return Table(known, data["fewest"])


def _known(entry: Mapping[str, Any]) -> Known:
    ways = tuple(entry.get("ways", WAYS))
    why = entry.get("why", "").strip()
    if not why or not set(ways) <= set(WAYS):
        raise ValueError(f"{FILE.name}: {entry}: no reason, or no such way")
    return Known(tuple(entry["tests"]), entry["verdict"], why, ways)


def differences(outcomes: Outcomes, expected: Mapping[str, str]) -> dict[str, tuple[str, Outcome]]:
    """The tests whose verdict is another than expected, with what was."""
    return {
        test: (expected[test], outcome)
        for test, outcome in outcomes.items()
        if outcome.verdict != expected[test]
    }
