"""Which packages a deployment consists of: what the image installs, with all that they need.

Read from the metadata of what is installed here, for the Python of the image.
"""

from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.lock import EXTRAS

ROOT = Path(__file__).parents[1]
PACKAGE = "outbound-sidecar"
_IMAGE = {
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "python_full_version": "3.13.2",
    "python_version": "3.13",
    "sys_platform": "linux",
}


def runtime_set() -> list[Distribution]:
    """The packages, without the sidecar itself, by name.

    Raises:
        PackageNotFoundError: one of them is not installed here.
    """
    found: dict[str, Distribution] = {}
    waiting = [(PACKAGE, extra) for extra in ("", *EXTRAS)]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        found[name] = distribution(name)
        for wanted in _wanted(found[name], extra):
            key = canonicalize_name(wanted.name)
            more = {(key, ""), *((key, each) for each in wanted.extras)} - seen
            seen |= more
            waiting += more
    del found[PACKAGE]
    return [found[name] for name in sorted(found)]


def needed(wanted: Requirement, extra: str = "") -> bool:
    """Whether the image needs it, by its marker."""
    here = {name: str(value) for name, value in default_environment().items()}
    return wanted.marker is None or wanted.marker.evaluate({**here, **_IMAGE, "extra": extra})


def _wanted(package: Distribution, extra: str) -> Iterator[Requirement]:
    for line in package.requires or ():
        wanted = Requirement(line)
        if needed(wanted, extra):
            yield wanted
