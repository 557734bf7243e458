"""`sidecar run`: load the configuration, then hand over to the application."""

import argparse
import os

from sidecar.commands import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.config(parser)


def execute(args: argparse.Namespace) -> int:
    """Serve until SIGTERM; 1 when the configuration has a problem, 2 when there is none."""
    from sidecar.commands.loading import loaded
    from sidecar.commands.surroundings import surroundings
    from sidecar.commands.terminal import print_problems

    found = loaded(args)
    if isinstance(found, int):
        return found
    print_problems((*found.warnings, *surroundings(found, os.environ)))

    from sidecar.app import run

    return run(found.config)
