"""`sidecar env`: the variables that `sidecar exec` sets, for whoever starts the application."""

import argparse
import json
import os
import shlex
import sys

from sidecar.commands import base_urls, options
from sidecar.commands.loading import PROBLEM, USAGE, loaded
from sidecar.config import Config
from sidecar.core.base_variables import NoSuchVariable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    options.config(parser)
    base_urls.add_argument(parser)
    options.value(
        parser,
        "--format",
        env="SIDECAR_ENV_FORMAT",
        metavar="shell|docker|json",
        text="how they are printed: for `eval`, for `--env-file`, or as JSON",
        default="shell",
        kind=options.one_of("shell", "docker", "json"),
    )
    options.as_json(parser)


def execute(args: argparse.Namespace) -> int:
    """Print them; 1 when the configuration has a problem, 2 when `--env` cannot be followed."""
    found = loaded(args)
    if isinstance(found, int):
        return found
    if _any_port(found.config):
        print(
            "sidecar env: listen.proxy asks for any port, which is known only once it is bound: "
            "use `sidecar exec`, or name a port",
            file=sys.stderr,
        )
        return PROBLEM
    try:
        variables = base_urls.base_urls(found, args.env, os.environ)
    except NoSuchVariable as error:
        base_urls.refused("env", error, found)
        return USAGE
    print(_shown(variables, "json" if args.json else args.format))
    return 0


def _any_port(config: Config) -> bool:
    return any(each.host and not each.port for each in config.listen.proxy)


def _shown(variables: dict[str, str], form: str) -> str:
    if form == "json":
        return json.dumps(variables, indent=2)
    if form == "docker":
        return "\n".join(f"{name}={text}" for name, text in variables.items())
    return "\n".join(f"export {name}={shlex.quote(text)}" for name, text in variables.items())
