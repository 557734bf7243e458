"""The notices name what is deployed, as it is pinned, with the texts of the licences."""

import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import notices
from scripts.runtime_set import ROOT, runtime_set

TITLE = re.compile(r"^(\S+) (\S+) \((.+)\), https?://\S+$", re.MULTILINE)
PINS = {
    canonicalize_name(pin.name): next(iter(pin.specifier)).version
    for pin in map(
        Requirement,
        re.findall(r"^[^#\s].*$", (ROOT / "requirements.lock").read_text(), re.MULTILINE),
    )
}
REFUSED = re.compile(r"\bA?GPL|SSPL|BUSL|Proprietary", re.IGNORECASE)


def test_they_are_those_of_what_is_installed():
    assert notices.main(["check"]) == 0


def test_each_package_that_is_deployed_is_named_with_its_pinned_version():
    named = {
        canonicalize_name(name): version
        for name, version, _ in TITLE.findall(notices.FILE.read_text().split("The dashboard")[0])
    }
    assert named == {each: PINS[each] for each in named}
    assert {canonicalize_name(each.metadata["Name"]) for each in runtime_set()} == named.keys()
    assert {"aiohttp", "pydantic", "uvloop", "redis", "cryptography"} <= named.keys()


def test_no_licence_forbids_to_ship_it():
    assert [each for each in runtime_set() if REFUSED.search(notices.licence_of(each))] == []
    assert REFUSED.search("GPL-3.0-only")


def test_the_libraries_of_the_dashboard_are_in_them():
    assert notices.VENDORED.read_text() in notices.FILE.read_text()


def test_a_change_is_seen(monkeypatch, tmp_path, capsys):
    changed = tmp_path / "THIRD_PARTY_NOTICES"
    changed.write_text(notices.FILE.read_text().replace("aiohttp 3", "aiohttp 2"))
    monkeypatch.setattr(notices, "FILE", changed)
    assert notices.main(["check"]) == 1
    assert "make notices" in capsys.readouterr().out
