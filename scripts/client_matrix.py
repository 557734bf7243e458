"""Writes the table of clients into docs/clients.md: `python -m scripts.client_matrix`.

The data is what `make test-sdk` left behind: what every comparison of an SDK came to.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts import documents

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "clients.md"
RECORD = ROOT / ".pytest_cache" / "v" / "sidecar" / "clients"
WAYS = ("prefix", "port")
PROVIDERS = ("Supabase", "Gemini", "WhatsApp", "HTTP")

Ways = dict[str, tuple[int, int]]
"""How many were equal of how many, by way."""
Record = Mapping[str, Mapping[str, Any]]


def tables(record: Record) -> str:
    """All tables as Markdown, one for each provider."""
    return "\n".join(_table(provider, record) for provider in PROVIDERS)


def _table(provider: str, record: Record) -> str:
    clients = {name: each for name, each in record.items() if each["provider"] == provider}
    counts = [_counts(each["tests"]) for each in clients.values()]
    features = sorted({name for each in counts for name in each})
    heading = [provider, *(f"{name} {each['version']}".strip() for name, each in clients.items())]
    rows = [heading, ["---", *("--:" for _ in clients)]]
    rows += [[name, *(_cell(each.get(name, {})) for each in counts)] for name in features]
    return documents.table(rows)


def _counts(tests: Mapping[str, Mapping[str, Mapping[str, list[int]]]]) -> dict[str, Ways]:
    """By feature and way the sums over all tests."""
    found: dict[str, Ways] = {}
    for ways in tests.values():
        for way, features in ways.items():
            for name, (equal, asked) in features.items():
                before = found.setdefault(name, {}).get(way, (0, 0))
                found[name][way] = (before[0] + equal, before[1] + asked)
    return found


def _cell(ways: Ways) -> str:
    """How many were equal; of how many and how, where not all were by both ways."""
    if not ways:
        return ""
    counts = {ways.get(way) for way in WAYS}
    equal, asked = counts.pop() or (0, 1)
    if not counts and equal == asked:
        return str(equal)
    seen = (f"{way} {'/'.join(map(str, ways.get(way, ('none',))))}" for way in WAYS)
    return ", ".join(seen)


def renewed(text: str, record: Record) -> str:
    """The document with the tables of this record.

    Raises:
        ValueError: a marker is missing.
    """
    return documents.replaced(text, "clients", tables(record), DOCUMENT)


def main() -> int:
    """Write the document anew."""
    if not RECORD.exists():
        print("there is no record yet: `make test-sdk` leaves one behind", file=sys.stderr)
        return 1
    record = json.loads(RECORD.read_text())
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(), dict(sorted(record.items()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
