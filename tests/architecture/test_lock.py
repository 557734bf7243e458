"""What the locks say: one version of each package, and a hash of each file that the image takes."""

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import lock as subject
from scripts.lock import BUILD, EVERYTHING, IMAGE, PROJECT
from scripts.runtime_set import needed, runtime_set

PYPROJECT = tomllib.loads(PROJECT.read_text())
LOCKS = (EVERYTHING, IMAGE, BUILD)
HASHED = (IMAGE, BUILD)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def name_of(path):
    return path.name


def locked(lock):
    """Each requirement, with what follows it on its lines."""
    text = lock.read_text().replace("\\\n", "")
    for line in re.findall(r"^[^#\s].*$", text, re.MULTILINE):
        requirement, *options = line.split(" --")
        yield Requirement(requirement), [f"--{each.strip()}" for each in options]


def pins(lock):
    return {canonicalize_name(pin.name): pin for pin, _ in locked(lock)}


def wanted():
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"].values()
    for line in (*project["dependencies"], *(line for extra in extras for line in extra)):
        if not line.startswith(project["name"]):
            yield EVERYTHING, Requirement(line)
    for line in PYPROJECT["build-system"]["requires"]:
        yield BUILD, Requirement(line)


@pytest.mark.parametrize(("lock", "requirement"), list(wanted()), ids=str)
def test_every_dependency_is_pinned_to_a_version_that_it_allows(lock, requirement):
    (pin,) = pins(lock)[canonicalize_name(requirement.name)].specifier
    assert pin.operator == "=="
    assert pin.version in requirement.specifier


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_a_lock_names_no_place_to_download_from(lock):
    assert not re.search(r"://|--|@", HASH.sub("", lock.read_text()))


@pytest.mark.parametrize("lock", HASHED, ids=name_of)
def test_the_image_has_no_other_versions_than_a_checkout(lock):
    everywhere = pins(EVERYTHING)
    differing = {
        name: (str(pin.specifier), str(everywhere[name].specifier))
        for name, pin in pins(lock).items()
        if pin.specifier != everywhere[name].specifier
    }
    assert differing == {}


@pytest.mark.parametrize("lock", HASHED, ids=name_of)
def test_everything_that_the_image_takes_has_hashes_and_nothing_else(lock):
    for pin, options in locked(lock):
        assert options, pin
        assert [each for each in options if not HASH.fullmatch(each)] == [], pin


def test_what_is_locked_for_the_image_is_what_its_notices_and_its_bill_are_made_of():
    there = {name for name, pin in pins(IMAGE).items() if needed(pin)}
    assert there == {canonicalize_name(each.metadata["Name"]) for each in runtime_set()}
    assert {"aiohttp", "cryptography", "redis", "uvloop"} <= there


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_where_one_cannot_be_resolved_none_is_written(monkeypatch, tmp_path, capsys, answered):
    files = {
        name: tmp_path / getattr(subject, name).name for name in ("EVERYTHING", "IMAGE", "BUILD")
    }
    for name, file in files.items():
        file.write_text("old")
        monkeypatch.setattr(subject, name, file)
    answers = iter(["new"] * answered)

    def resolved(*arguments, given=""):
        for answer in answers:
            return answer
        raise subprocess.CalledProcessError(1, "uv")

    monkeypatch.setattr(subject, "resolved", resolved)
    assert subject.main([]) == 1
    assert "lock: " in capsys.readouterr().err
    assert {file.read_text() for file in files.values()} == {"old"}
    answers = iter(["new"] * 3)
    assert subject.main([]) == 0
    assert all("new" in file.read_text() for file in files.values())
    assert sorted(tmp_path.iterdir()) == sorted(files.values())
