"""`sidecar config`: the configuration that a running sidecar goes by, and where it is from.

What it would go by if it were started now is what `explain` and `check` tell.
"""

import argparse

from sidecar.commands import admin_call, options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "prefix",
        nargs="?",
        metavar="KEY",
        help="only keys that begin with it, such as upstreams.supabase",
    )
    options.switch(
        parser, "--all", env="SIDECAR_CONFIG_ALL", text="also what nobody has set: the defaults"
    )
    admin_call.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """0 done, 1 when it is refused or nobody answers, 2 for wrong usage."""
    parameters = {"prefix": args.prefix, "set": None if args.all else "true"}
    return admin_call.call(args, "GET", "/admin/config", parameters)
