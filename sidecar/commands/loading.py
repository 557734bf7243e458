"""Loads the configuration that a command needs, or says what is wrong with it."""

import argparse
import json
import sys
from pathlib import Path

from sidecar.commands.terminal import print_problems
from sidecar.loader import ConfigErrors, ConfigNotFound, Loaded, load

PROBLEM = 1
USAGE = 2


def loaded(args: argparse.Namespace) -> Loaded | int:
    """The configuration of `-c FILE`, or the exit code after its problems were printed.

    They go to standard error; with `--json`, to standard output as JSON.
    """
    try:
        return load(Path(args.config))
    except ConfigErrors as errors:
        if getattr(args, "json", False):
            print(json.dumps({"problems": [each.as_json() for each in errors.problems]}, indent=2))
        else:
            print_problems(errors.problems)
            if isinstance(errors, ConfigNotFound):
                print("name the configuration with -c FILE or SIDECAR_CONFIG", file=sys.stderr)
        return USAGE if isinstance(errors, ConfigNotFound) else PROBLEM
