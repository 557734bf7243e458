import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
PINS = {
    canonicalize_name(pin.name): pin
    for pin in map(Requirement, re.findall(r"^[^#\s].*$", LOCK, re.MULTILINE))
}
WANTED = [
    Requirement(line)
    for line in (
        *PROJECT["dependencies"],
        *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    )
    if not line.startswith(PROJECT["name"])
]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_every_dependency_is_pinned_to_a_version_that_it_allows(wanted):
    (pin,) = PINS[canonicalize_name(wanted.name)].specifier
    assert pin.operator == "=="
    assert pin.version in wanted.specifier


def test_the_lock_names_no_place_to_download_from():
    assert not re.search(r"://|--|@", LOCK)
