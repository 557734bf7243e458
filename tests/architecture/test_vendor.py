"""The dashboard's libraries are as they were published, and their licences come with them."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "sidecar" / "admin" / "static"
MOST_LINES = 250


@pytest.fixture
def vendor(monkeypatch):
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "scripts" / "vendor.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "vendor", module)
    spec.loader.exec_module(module)
    return module


def copied(vendor, monkeypatch, folder):
    home = folder / "vendor"
    home.mkdir()
    for path in vendor.HOME.iterdir():
        (home / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(vendor, "HOME", home)
    return home


def test_the_libraries_are_as_listed(vendor, capsys):
    assert vendor.main(["check"]) == 0
    assert "as listed" in capsys.readouterr().out


def test_a_changed_a_missing_and_an_unlisted_file_are_named(vendor, monkeypatch, tmp_path):
    home = copied(vendor, monkeypatch, tmp_path)
    (home / "htm.mjs").write_text("changed")
    (home / "preact.mjs").unlink()
    (home / "more.js").write_text("")
    found = "\n".join(vendor.differences())
    assert "htm.mjs: is not what" in found
    assert "preact.mjs: is missing" in found
    assert "more.js: is not in" in found
    assert vendor.main(["check"]) == 1


def test_each_library_is_listed_with_version_licence_and_source(vendor):
    notices = (vendor.HOME / vendor.NOTICES).read_text()
    for library in vendor.LIBRARIES:
        assert f"{library.name} {library.version} ({library.license}), {library.source}" in notices
    assert "Permission is hereby granted" in notices
    assert "Apache License" in notices


def test_no_file_of_the_page_names_another_place():
    """Addresses may stand in comments of libraries, and as a namespace; nowhere is one fetched."""
    known = r"https?://(?:www\.w3\.org/|github\.com/leeoniya/uPlot)"
    for path in STATIC.rglob("*"):
        if path.suffix in {".css", ".html", ".js", ".mjs", ".svg"}:
            text = re.sub(r"https?://127\.0\.0\.1:8080", "", path.read_text())
            assert not re.search(r"https?://", re.sub(known, "", text)), path.name


def test_scripts_are_small_and_say_what_they_are():
    scripts = sorted((STATIC / "js").glob("*.js"))
    assert len(scripts) > 10
    for path in scripts:
        lines = path.read_text().splitlines()
        assert len(lines) <= MOST_LINES, path.name
        assert lines[0].startswith("// "), path.name
        assert not re.search(r"\b(?:eval|Function)\(|innerHTML|insertAdjacent", "\n".join(lines))
