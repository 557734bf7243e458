"""`sidecar queue`: shows the deliveries of a running sidecar, and what failed is sent again."""

import argparse
import sys
from urllib.parse import quote

from sidecar.commands import admin_call, options

_PATH = "/admin/queue"
_ACTIONS = ("list", "show", "replay", "discard", "edit")
_FILTER = ("state", "upstream", "route")
_NO_SPOOL = "this sidecar has no spool (stores.spool), so it queues nothing"
_EDIT = ("after", "expires", "body", "note", "authorization")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        default="list",
        type=options.one_of(*_ACTIONS),
        metavar="ACTION",
        help="list (the default), show, replay, discard or edit",
    )
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="of a delivery; without it, all that match"
    )
    for flag, metavar, text in (
        ("--state", "STATE", "queued, sending, delivered, failed, expired, unknown, discarded"),
        ("--upstream", "NAME", "only deliveries to it"),
        ("--route", "NAME", "only deliveries of it"),
        ("--limit", "NUMBER", "list: how many at most; 50 where not given"),
        ("--page", "ID", "list: those after this one"),
        ("--rate", "RATE", "replay: no faster than this, such as 10/s"),
        ("--after", "DURATION", "edit: not before so long from now"),
        ("--expires", "DURATION", "edit: worth nothing after so long from now"),
        ("--body", "JSON", "edit: what is sent instead"),
        ("--authorization", "VALUE", "edit: the field of that name; best by the variable"),
        ("--note", "TEXT", "edit: a remark; anybody who reads the spool can read it"),
        ("--reason", "TEXT", "why; for the log"),
    ):
        env = f"SIDECAR_QUEUE_{flag[2:].upper()}"
        options.value(parser, flag, env=env, metavar=metavar, text=text)
    admin_call.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """0 done, 1 when it is refused or nobody answers, 2 for wrong usage."""
    missing = _missing(args)
    if missing:
        print(f"sidecar queue: {args.action} which? {missing}", file=sys.stderr)
        return admin_call.USAGE
    path = f"{_PATH}/{quote(args.id, safe='', errors='replace')}" if args.id else _PATH
    unknown = "there is no such delivery" if args.id else _NO_SPOOL
    if args.action in ("list", "show"):
        return admin_call.call(args, "GET", path, None if args.id else _listed(args), unknown)
    return admin_call.call(args, "POST", f"{path}/{args.action}", _ordered(args), unknown)


def _missing(args: argparse.Namespace) -> str:
    """What must be said and is not."""
    if args.id or args.action == "list":
        return ""
    if args.action in ("show", "edit"):
        return "ID is missing"
    given = vars(args)
    chosen = any(given[name] for name in _FILTER)
    return "" if chosen else "ID, --state, --upstream or --route is missing"


def _listed(args: argparse.Namespace) -> dict[str, str | None]:
    given = vars(args)
    chosen: dict[str, str | None] = {name: given[name] for name in _FILTER}
    return {**chosen, "limit": args.limit, "after": args.page}


def _ordered(args: argparse.Namespace) -> dict[str, str | None]:
    """The parameters of a write."""
    given = vars(args)
    names: tuple[str, ...] = () if args.id else _FILTER
    if args.action == "edit":
        names = _EDIT
    elif args.action == "replay" and not args.id:
        names = (*_FILTER, "rate")
    order: dict[str, str | None] = {name: given[name] for name in names}
    return {**order, "reason": args.reason, "by": admin_call.as_by()}
