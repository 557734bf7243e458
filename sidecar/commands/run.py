"""`sidecar run`: load the configuration, then hand over to the application.

And load it again whenever the application asks: only the top knows how.
"""

import argparse
import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.commands import early_stop, options

if TYPE_CHECKING:
    from sidecar.loader import Loaded
    from sidecar.reloading import Fresh


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.config(parser)


def execute(args: argparse.Namespace) -> int:
    """Serve until SIGTERM; 1 when the configuration has a problem, 2 when there is none."""
    early_stop.end_on_sigterm(0)
    gc.disable()  # what is imported and read now stays; `process` lets it begin when all is up
    try:
        return _execute(args)
    finally:
        gc.enable()


def _execute(args: argparse.Namespace) -> int:
    from sidecar.commands.loading import loaded
    from sidecar.commands.surroundings import surroundings
    from sidecar.commands.terminal import print_problems

    found = loaded(args)
    if isinstance(found, int):
        return found
    print_problems((*found.warnings, *surroundings(found, os.environ)))

    from sidecar.process import run

    path = Path(args.config)
    return run(as_read(path, found), lambda: fresh(path))


def fresh(path: Path) -> "Fresh":
    """The configuration in a file as it is now.

    Raises:
        Unusable: it cannot be used; all the reasons.
    """
    from sidecar.loader import ConfigErrors, load
    from sidecar.reloading import Unusable

    try:
        return as_read(path, load(path))
    except ConfigErrors as errors:
        said = [str(each) for each in errors.problems if each.severity == "error"]
        raise Unusable(said) from None


def as_read(path: Path, found: "Loaded") -> "Fresh":
    """A configuration with what the application tells of it."""
    from sidecar.commands.surroundings import surroundings
    from sidecar.reloading import Fresh

    def place(where: tuple[str, ...]) -> str:
        origin = found.origins.get(where)
        return origin.place if origin is not None and origin.line else str(path)

    warnings = [str(each) for each in (*found.warnings, *surroundings(found, os.environ))]
    return Fresh(found.config, _files(path, found), place, found.origins, warnings)


def _files(path: Path, found: "Loaded") -> Sequence[Path]:
    """What a change of is a change of the configuration: the file, secrets, certificates."""
    named: list[str | None] = []
    tls = found.config.listen.tls
    if tls is not None:
        named += (tls.certificate, tls.key)
    for upstream in found.config.upstreams.values():
        named += (upstream.tls.ca, upstream.tls.certificate, upstream.tls.key)
    certificates = (Path(each) for each in named if each is not None)
    return tuple(dict.fromkeys((path, *found.files, *certificates)))
