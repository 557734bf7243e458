"""`sidecar cache`: shows the response cache of a running sidecar, and drops some of it by hand."""

import argparse
import sys

from sidecar.commands import admin_call, options

_PATH = "/admin/cache"
_SCOPES = ("upstream", "prefix", "tag", "url")
_FLAGS = ("all", "soft", "dry_run", "refresh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        default="stats",
        type=options.one_of("stats", "clear"),
        metavar="ACTION",
        help="stats (the default) or clear",
    )
    for flag, metavar, text in (
        ("--upstream", "NAME", "drop what is stored of it; with --prefix or --tag, some of it"),
        ("--prefix", "PATH", "of the paths at the upstream"),
        ("--tag", "TAG", "a name of cache.tags, or table:NAME"),
        ("--url", "URL", "path and query at the proxy, for whoever asked"),
        ("--reason", "TEXT", "why; for the log"),
    ):
        env = f"SIDECAR_CACHE_{flag[2:].upper()}"
        options.value(parser, flag, env=env, metavar=metavar, text=text)
    for flag, text in (
        ("--all", "drop everything"),
        ("--soft", "leave it stale, to be served while it is fetched again"),
        ("--dry-run", "only count what would go"),
        ("--refresh", "fetch again at once what is in use of it"),
    ):
        env = f"SIDECAR_CACHE_{flag[2:].upper().replace('-', '_')}"
        options.switch(parser, flag, env=env, text=text)
    admin_call.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """0 done, 1 when it is refused or nobody answers, 2 for wrong usage."""
    if args.action == "stats":
        return admin_call.call(args, "GET", f"{_PATH}/stats")
    given = vars(args)
    order: dict[str, str | None] = {name: given[name] for name in _SCOPES}
    if not args.all and not any(order.values()):
        known = "--all, --upstream or --url"
        print(f"sidecar cache: clear what? {known} is missing", file=sys.stderr)
        return admin_call.USAGE
    order.update({name: "true" for name in _FLAGS if given[name]})
    about = {"reason": args.reason, "by": admin_call.as_by()}
    return admin_call.call(args, "POST", f"{_PATH}/clear", {**order, **about})
