"""SECURITY.md and docs/security.md claim nothing that no test shows, and no other limits."""

import re
from pathlib import Path

import pytest

from sidecar.config import Limits, Pool, Retry, Timeouts
from sidecar.config.ledger import Ledger
from sidecar.config.spool import SqliteSpool
from sidecar.config.stores import MemoryStore
from sidecar.config.websocket import Websocket
from sidecar.config.written import hints_of, written

ROOT = Path(__file__).parents[2]
MODEL = (ROOT / "SECURITY.md").read_text()
DETAILS = (ROOT / "docs" / "security.md").read_text()
SECTIONS = {
    "limits": Limits,
    "stores.memory": MemoryStore,
    "stores.spool": SqliteSpool,
    "upstreams.*.ledger": Ledger,
    "upstreams.*.pool": Pool,
    "upstreams.*.retry": Retry,
    "upstreams.*.timeouts": Timeouts,
    "upstreams.*.websocket": Websocket,
}


def rows(text, after):
    """The rows of the first table behind a heading, without its head."""
    _, _, rest = text.partition(f"\n## {after}\n")
    table = re.search(r"(?:^\|.*\n)+", rest, re.MULTILINE)
    return [
        [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        for line in table[0].splitlines()[2:]
    ]


THREATS = rows(MODEL, "Threats")
LIMITS = [row for row in rows(DETAILS, "Limits") if row[1].startswith("`")]


@pytest.mark.parametrize("row", THREATS, ids=lambda row: row[2][:60])
def test_every_threat_is_met_by_a_test_that_exists(row):
    assert len(row) == 5
    kind, attacker, threat, defence, shown = row
    assert kind in {*"STRIDE"}
    assert attacker
    assert threat
    assert defence
    name, file = re.fullmatch(r"\[`(test_\w+)`\]\((tests/[\w/]+\.py)\)", shown).groups()
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_every_kind_of_attacker_and_of_threat_is_in_the_model():
    assert {row[0] for row in THREATS} == {*"STRIDE"}
    assert {row[1] for row in THREATS} >= {
        "hostile client", "malicious upstream", "page in a browser", "writer of the store"
    }  # fmt: skip
    assert len(THREATS) > 20


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[1])
def test_every_limit_is_what_the_configuration_says(row):
    section, _, name = row[1].strip("`").rpartition(".")
    kind = SECTIONS[section]
    value = getattr(kind(), name)
    assert written(value, hints_of(kind)[name]) == row[2]


def test_there_are_limits_with_a_key():
    assert len(LIMITS) > 15
