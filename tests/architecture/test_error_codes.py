"""The table of error codes in docs/operations.md against the tree that is drawn in errors.py."""

import re
from pathlib import Path

import pytest

from sidecar import errors
from sidecar.core.answers import status_of
from tests.support.errors import ERRORS

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
ROW = re.compile(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)


def table():
    """Each code with its cells: sent, status in PostgREST, status elsewhere."""
    section = OPERATIONS.read_text().partition("\n## Errors\n")[2].partition("\n## ")[0]
    return {code: [cell.strip() for cell in cells] for code, *cells in ROW.findall(section)}


def drawn():
    """The codes in the tree: single words after the name of a class, up to a colon."""
    lines = errors.__doc__.partition("    ExchangeError ")[2].splitlines()
    named = (re.sub(r"^[\s│├└─]*([A-Z]\w+)?", "", line).partition(":")[0] for line in lines)
    words = (word.strip() for text in named for word in text.split(","))
    return {word for word in words if re.fullmatch(r"[a-z]+(_[a-z]+)*", word)}


def test_every_code_in_the_tree_has_a_row_and_no_other():
    assert sorted(table()) == sorted(drawn())


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.code}-{error.sent}")
def test_the_row_of_a_code_has_the_statuses_that_are_answered(error):
    sent, postgrest, elsewhere = table()[error.code]

    assert str(status_of(error, "postgrest")) in postgrest.split(", ")
    assert str(status_of(error, "generic")) in elsewhere.split(", ")
    assert "maybe" in sent or "in part" in sent or not error.sent
    assert sent != "maybe" or error.sent


def test_the_tree_is_read_to_its_ends():
    assert {"internal_error", "body_too_large", "upgrade_unsupported", "draining"} <= drawn()
