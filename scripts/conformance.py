"""Writes the figures into docs/conformance.md: `python -m scripts.conformance`, from the checkout.

Those of this cache are what `make test-conformance` demands of it (tests/conformance/known.toml),
those of others what the suite publishes; both are judged by the suite's own code.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts import documents
from tests.conformance import known, suite

DOCUMENT = Path(__file__).parents[1] / "docs" / "conformance.md"
PLACES = ("figures", "required", "optimal")

_OWN = "**sidecar**"
_WAY = "shared"
_UNDECIDED = ("setup", "dependency", "retried", "harness", "untested")
_HEADING = [
    "cache",
    "required: passed",
    "failed",
    "not decided",
    "optimal: passed",
    "missed",
    "not decided",
]


def kinds(outcomes: suite.Outcomes) -> dict[str, str]:
    """The kind of each test."""
    return {test: outcome.kind for test, outcome in outcomes.items()}


def counts(outcomes: suite.Outcomes) -> Counter[tuple[str, str]]:
    """How often each verdict on each kind came."""
    return Counter((outcome.kind, outcome.verdict) for outcome in outcomes.values())


def renewed(text: str, of: Mapping[str, str], others: Mapping[str, suite.Outcomes]) -> str:
    """The document with the figures of today.

    Args:
        text: the document.
        of: the kind of each test.
        others: the published outcomes of other caches.

    Raises:
        ValueError: a marker is missing.
    """
    table = known.table(known.FILE.read_text())
    parts = {
        "figures": _figures(table, of, others),
        "required": _reasons(table, of, "required"),
        "optimal": _reasons(table, of, "optimal"),
    }
    for place in PLACES:
        text = documents.replaced(text, place, parts[place], DOCUMENT)
    return text


def _figures(
    table: known.Table, of: Mapping[str, str], others: Mapping[str, suite.Outcomes]
) -> str:
    expected = table.expected(_WAY, of)
    own = Counter((of[test], verdict) for test, verdict in expected.items())
    caches = {name: counts(outcomes) for name, outcomes in others.items()}
    rest = sorted(caches.items(), key=lambda each: each[1]["required", "pass"], reverse=True)
    rows = [_row(_OWN, own), *(_row(name, found) for name, found in rest)]
    return documents.table([_HEADING, ["---", *["---:"] * (len(_HEADING) - 1)], *rows])


def _row(name: str, found: Counter[tuple[str, str]]) -> list[str]:
    cells = [name]
    for kind, bad in (("required", "fail"), ("optimal", "missed")):
        undecided = sum(found[kind, verdict] for verdict in _UNDECIDED)
        cells += [str(found[kind, "pass"]), str(found[kind, bad]), str(undecided)]
    return cells


def _reasons(table: known.Table, of: Mapping[str, str], kind: str) -> str:
    return documents.table([["test", "verdict", "why"], ["---"] * 3, *_lines(table, of, kind)])


def _lines(table: known.Table, of: Mapping[str, str], kind: str) -> Iterator[list[str]]:
    for each in table.known:
        if of[each.tests[0]] == kind:
            tests = ", ".join(f"`{test}`" for test in each.tests)
            some = "" if each.ways == tuple(suite.WAYS) else f" ({', '.join(each.ways)})"
            yield [tests, each.verdict + some, each.why]


def main() -> int:
    """Write the document anew."""
    others = suite.published()
    of = kinds(next(iter(others.values())))
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(), of, others))
    return 0


if __name__ == "__main__":
    sys.exit(main())
