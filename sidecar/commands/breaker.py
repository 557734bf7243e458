"""`sidecar breaker`: shows the circuit breakers of a running sidecar, and forces them by hand."""

import argparse
import sys
from urllib.parse import quote

from sidecar.commands import admin_call, options

_PATH = "/admin/circuit-breakers"
_FORCING = ("open", "close", "observe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        default="list",
        type=options.one_of("list", *_FORCING, "reset"),
        metavar="ACTION",
        help="list (the default), open, close, observe or reset",
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="of a breaker; `list` shows one or all"
    )
    options.value(
        parser,
        "--for",
        env="SIDECAR_BREAKER_FOR",
        metavar="DURATION",
        text="how long it stays forced, 24h at most",
        default="10m",
    )
    options.value(
        parser,
        "--reason",
        env="SIDECAR_BREAKER_REASON",
        metavar="TEXT",
        text="why; shown with the breaker and in the log",
    )
    admin_call.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """0 done, 1 when it is refused or nobody answers, 2 for wrong usage."""
    name = quote(args.name or "", safe="", errors="replace")
    if args.action == "list":
        return admin_call.call(args, "GET", f"{_PATH}/{name}" if name else _PATH)
    if not name:
        print(f"sidecar breaker: {args.action} which? NAME is missing", file=sys.stderr)
        return admin_call.USAGE
    parameters = {"reason": args.reason, "by": admin_call.as_by()}
    if args.action in _FORCING:
        parameters["for"] = vars(args)["for"]
    return admin_call.call(args, "POST", f"{_PATH}/{name}/{args.action}", parameters)
