"""Which variables `exec` and `env` set, from a configuration and where its values come from."""

import argparse
import os
import re
import sys
from collections.abc import Mapping

from sidecar.config import Config
from sidecar.core.base_variables import NoSuchVariable, no_proxy, variables
from sidecar.core.hints import hints
from sidecar.loader import Loaded
from sidecar.suggestions import hint, nearest

_VARIABLE = re.compile(r"env (\w+)")


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--env`."""
    parser.add_argument(
        "--env",
        action="append",
        metavar="NAME=UPSTREAM",
        default=[each for each in os.environ.get("SIDECAR_EXEC_ENV", "").split(",") if each],
        help="set NAME to the base URL of this upstream, UPSTREAM/PATH for one with a path, "
        "nothing to leave NAME alone; may be repeated [SIDECAR_EXEC_ENV, separated by commas]",
    )


def base_urls(
    found: Loaded, chosen: list[str], environment: Mapping[str, str], bound: Config | None = None
) -> dict[str, str]:
    """The variables and their values, NO_PROXY among them.

    Args:
        found: the configuration.
        chosen: what `--env` says.
        environment: with which the configuration was read.
        bound: the configuration with the addresses that the listeners really have.

    Raises:
        NoSuchVariable: something in `chosen` cannot be followed.
    """
    config = bound or found.config
    presets = {name: each.preset for name, each in config.upstreams.items()}
    set_ = variables(hints(config), presets, _written(found, environment), chosen)
    return {**set_, **no_proxy(environment, set_.values())}


def refused(command: str, error: NoSuchVariable, found: Loaded) -> None:
    """Say what is wrong with an `--env`."""
    more = hint(nearest(error.word, found.config.upstreams) if error.word else None)
    print(f"sidecar {command}: --env: {error}{more}", file=sys.stderr)


def _written(found: Loaded, environment: Mapping[str, str]) -> dict[str, str]:
    """The variable that each upstream's URL is, where it is one and nothing else."""
    written = {}
    for name, upstream in found.config.upstreams.items():
        origin = found.origins.get(("upstreams", name, "url"))
        variable = _VARIABLE.fullmatch(origin.source) if origin else None
        if variable and environment.get(variable[1]) == upstream.url:
            written[name] = variable[1]
    return written
