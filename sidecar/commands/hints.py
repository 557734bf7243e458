"""`sidecar hints`: for each upstream, the lines that point each SDK at the sidecar."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

from sidecar.commands import options
from sidecar.commands.loading import USAGE, loaded
from sidecar.core.hints import Hint, hints
from sidecar.suggestions import hint, nearest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("upstream", nargs="?", metavar="UPSTREAM", help="only this one")
    options.config(parser)
    options.as_json(parser)


def execute(args: argparse.Namespace) -> int:
    """Print them; 1 when the configuration has a problem, 2 for an upstream that is not in it."""
    found = loaded(args)
    if isinstance(found, int):
        return found
    wanted = [each for each in hints(found.config) if args.upstream in (None, each.upstream)]
    if not wanted:
        more = hint(nearest(args.upstream, found.config.upstreams))
        print(f"sidecar hints: there is no upstream '{args.upstream}'{more}", file=sys.stderr)
        return USAGE
    if args.json:
        print(json.dumps([asdict(each) for each in wanted], indent=2, ensure_ascii=False))
    else:
        print("\n\n".join("\n".join(shown(each)) for each in wanted))
    return 0


def shown(hint: Hint) -> Iterator[str]:
    """The lines that say it to people."""
    if not hint.bases:
        yield f"{hint.upstream}: on a Unix socket only, which httpx, aiohttp and curl can use"
        return
    yield f"{hint.upstream}: {hint.bases[0].url}"
    for base in hint.bases[1:]:
        yield f"  or by {base.how}: {base.url}"
    for client in hint.clients:
        yield f"\n  {client.name}  (docs/clients/{client.page}.md)"
        yield from (f"      {line}" for line in client.lines.splitlines())
        yield from (f"    - {note}" for note in client.notes)
