"""`sidecar exec -- CMD`: the sidecar and the application as one, for where one process is all.

The sidecar is ready before the command begins, and drains after it has ended.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sidecar.commands import base_urls, early_stop, options
from sidecar.core.base_variables import NoSuchVariable
from sidecar.core.hints import with_addresses

if TYPE_CHECKING:
    from sidecar.app import Sidecar
    from sidecar.loader import Loaded

_NOT_STARTED = 1
_USAGE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags and the command."""
    options.config(parser)
    base_urls.add_argument(parser)
    parser.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="-- CMD [ARGS]",
        help="what is started once the sidecar is ready, with the base URLs in its environment",
    )


def execute(args: argparse.Namespace) -> int:
    """Run the command behind a sidecar.

    Returns:
        the command's exit code, 128+n when signal n ended it, 127 when there is no such command,
        126 when it cannot be run; 1 when the sidecar did not start, 2 for wrong usage.
    """
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        print("sidecar exec: name the command to run: sidecar exec -- CMD", file=sys.stderr)
        return _USAGE
    early_stop.end_on_sigterm(128 + signal.SIGTERM)

    from sidecar.commands.loading import loaded
    from sidecar.commands.supervised import withheld
    from sidecar.commands.surroundings import surroundings
    from sidecar.commands.terminal import print_problems

    # Before there is any thread: each thread inherits what is withheld from its maker.
    with withheld() as allowed:
        found = loaded(args)
        if isinstance(found, int):
            return found
        try:
            given = base_urls.base_urls(found, args.env, os.environ)
        except NoSuchVariable as error:
            base_urls.refused("exec", error, found)
            return _USAGE
        as_given = {**os.environ, **given}  # no warning of what NO_PROXY mends for the command
        print_problems((*found.warnings, *surroundings(found, as_given)))
        behind = Behind(Path(args.config), found, command, args.env)
        return _run(behind, allowed)


class Behind(NamedTuple):
    """A command, and the configuration of the sidecar that it runs behind."""

    path: Path
    found: "Loaded"
    command: list[str]
    chosen: list[str]
    """What `--env` says."""


def _run(behind: Behind, allowed: Collection[int]) -> int:
    from sidecar.loops import loop_factory
    from sidecar.telemetry import logs

    config = behind.found.config
    logs.setup(config.log)
    try:
        with asyncio.Runner(loop_factory=loop_factory(config.loop)) as runner:
            return runner.run(_beside(behind, allowed))
    except OSError as error:
        logs.event("failed", level="error", reason=f"{error}; the command was not started")
        return _NOT_STARTED
    finally:
        logs.flush()


async def _beside(behind: Behind, allowed: Collection[int]) -> int:
    """Serve for as long as the command runs.

    Raises:
        OSError: the sidecar cannot start.
    """
    from sidecar.app import Sidecar
    from sidecar.commands.run import as_read, fresh
    from sidecar.commands.supervised import supervised
    from sidecar.telemetry import logs

    path, found = behind.path, behind.found
    sidecar = Sidecar(as_read(path, found), source=lambda: fresh(path))
    await sidecar.start()
    try:
        environment = {**os.environ, **_variables(found, sidecar, behind.chosen)}
        code = await asyncio.to_thread(supervised, behind.command, environment, allowed)
    finally:
        await sidecar.drain()
    logs.event("stopped", command=Path(behind.command[0]).name, code=code)
    return code


def _variables(found: "Loaded", sidecar: "Sidecar", chosen: list[str]) -> dict[str, str]:
    bound = with_addresses(found.config, sidecar.bound)
    return base_urls.base_urls(found, chosen, os.environ, bound)
