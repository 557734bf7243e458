"""`sidecar drill`: makes named faults on purpose in a running sidecar, and ends them."""

import argparse
import sys
from urllib.parse import quote

from sidecar.commands import admin_call, options

_PATH = "/admin/drills"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        default="list",
        type=options.one_of("list", "start", "stop"),
        metavar="ACTION",
        help="list (the default), start or stop",
    )
    parser.add_argument(
        "subject", nargs="?", metavar="FAULT|ID", help="the fault to start, the drill to stop"
    )
    for flag, metavar, text in (
        ("--upstream", "NAME", "whose calls; needed by `start`"),
        ("--route", "NAME", "which of its routes; default all"),
        ("--percent", "NUMBER", "how many of these calls; default 100"),
        ("--for", "DURATION", "when it ends by itself, 24h at most; default 10m"),
        ("--delay", "DURATION", "the fault's own time, where it has one"),
        ("--jitter", "DURATION", "how much `latency` differs"),
        ("--reason", "TEXT", "why; for the log"),
    ):
        env = f"SIDECAR_DRILL_{flag[2:].upper()}"
        options.value(parser, flag, env=env, metavar=metavar, text=text)
    admin_call.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """0 done, 1 when it is refused or nobody answers, 2 for wrong usage."""
    if args.action == "list":
        return admin_call.call(args, "GET", _PATH)
    about = {"reason": args.reason, "by": admin_call.as_by()}
    if args.action == "stop":
        if not args.subject:
            return _missing("stop which? its ID is missing")
        drill = quote(args.subject, safe="", errors="replace")
        return admin_call.call(args, "DELETE", f"{_PATH}/{drill}", about)
    if not args.subject or not args.upstream:
        return _missing("start what, and where? FAULT and --upstream are needed")
    order = {
        "fault": args.subject,
        "upstream": args.upstream,
        "route": args.route,
        "percent": args.percent,
        "for": vars(args)["for"],
        "delay": args.delay,
        "jitter": args.jitter,
    }
    return admin_call.call(args, "POST", _PATH, {**order, **about})


def _missing(text: str) -> int:
    print(f"sidecar drill: {text}", file=sys.stderr)
    return admin_call.USAGE
