"""The table of log events in docs/operations.md against the events that the program writes."""

import ast
import re

from tests.docs.blocks import ROOT

SOURCES = {path: path.read_text() for path in (ROOT / "sidecar").rglob("*.py")}
LOGS = ("event", "audit")


def documented():
    """The names in the first column of the table, and that of an exchange's line."""
    text = (ROOT / "docs/operations.md").read_text()
    table = text.partition("| event | level |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def written():
    """The names that are written out where a line is logged."""
    for source in SOURCES.values():
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LOGS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "logs"
                and isinstance(node.args[0], ast.Constant)
            ):
                yield node.args[0].value


def test_every_event_that_is_logged_is_documented():
    names = set(written())
    assert len(names) > 20
    assert names - documented() == set()


def test_every_event_that_is_documented_is_in_the_program():
    everything = "".join(SOURCES.values())
    assert {name for name in documented() if f'"{name}"' not in everything} == set()
