"""When a checkout is a release: clean, tagged, and described."""

import json

import pytest

from scripts import sbom
from scripts.release import described, objections

COMMIT = "0123456789012345678901234567890123456789"
LOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-11-26\n\n- All.\n\n## [1.1.0]\n"


@pytest.mark.parametrize(
    ("number", "commit", "words"),
    [
        ("1.2.0", COMMIT, []),
        ("1.2.0", f"{COMMIT}-dirty", ["not clean"]),
        ("1.2.0", "unknown", ["not clean"]),
        ("1.3.0.dev4+g0123456", COMMIT, ["tag the commit"]),
        ("1.3.0", COMMIT, ["says nothing of 1.3.0"]),
        ("1.3.0.dev4", f"{COMMIT}-dirty", ["not clean", "tag the commit"]),
    ],
)
def test_what_is_objected_to(number, commit, words):
    found = objections(number, commit, LOG)
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))


def test_a_section_without_an_entry_describes_nothing():
    assert described("1.2.0", LOG)
    assert not described("1.1.0", LOG)
    assert not described("1.2", LOG)


def test_the_libraries_of_the_dashboard_are_in_the_bill(monkeypatch):
    empty = {"metadata": {"component": {}}, "components": [{"name": "outbound-sidecar"}]}
    monkeypatch.setattr(sbom, "run", lambda *_: json.dumps(empty))
    monkeypatch.setattr(sbom, "version", lambda: "1.2.0")
    bill = sbom.bill("python")
    assert bill["metadata"]["component"]["version"] == "1.2.0"
    listed = {each["name"]: each for each in bill["components"]}
    assert listed.keys() == {"preact", "htm", "uplot"}
    assert listed["preact"]["purl"].startswith("pkg:npm/preact@")
    assert all(file["hashes"] for each in listed.values() for file in each["components"])
