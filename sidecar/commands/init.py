"""`sidecar init`: a first configuration, from what the application's own files tell.

Writes one file and never over another; neither it nor what is printed holds a value of those files.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from sidecar.commands import options
from sidecar.commands.init_files import LOOKED_FOR, Unreadable, gather
from sidecar.commands.init_report import Outcome, tell, tell_unclear
from sidecar.commands.loading import PROBLEM, USAGE
from sidecar.core.findings.assignment import Place, Unclear
from sidecar.core.findings.found import Findings, found
from sidecar.core.findings.providers import MEDIA_NAME
from sidecar.core.findings.written import written
from sidecar.core.hints import Hint, hints
from sidecar.loader import ConfigErrors, Loaded, loads

_STAND_IN = "https://your-project.supabase.co"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "--from",
        dest="sources",
        action="append",
        metavar="FILE",
        default=[each for each in os.environ.get("SIDECAR_INIT_FROM", "").split(",") if each],
        help="a .env or compose file to read; may be repeated; default: .env, .env.local and the "
        "compose file in this folder [SIDECAR_INIT_FROM, separated by commas]",
    )
    options.value(
        parser,
        "--out",
        env="SIDECAR_INIT_OUT",
        metavar="FILE",
        text="what to write",
        default="sidecar.yaml",
    )
    options.switch(
        parser, "--force", env="SIDECAR_INIT_FORCE", text="write over a file that is there"
    )
    options.switch(
        parser,
        "--dry-run",
        env="SIDECAR_INIT_DRY_RUN",
        text="write nothing; print the configuration, and all else on standard error",
    )
    options.as_json(parser)


def execute(args: argparse.Namespace) -> int:
    """Write it; 1 when nothing was found or the file is there, 2 when there is nothing to read."""
    names = args.sources or [name for name in LOOKED_FOR if Path(name).is_file()]
    if not names:
        return _fail(f"none of {', '.join(LOOKED_FOR)} is here: name a file with --from", USAGE)
    try:
        read = gather(names)
    except Unreadable as error:
        return _fail(str(error), USAGE)
    findings = found(tuple(read.assignments))
    if not findings.upstreams:
        tell_unclear(read.unclear, sys.stderr)
        return _fail(
            f"{', '.join(read.files)}: no variable of Supabase, WhatsApp or Gemini, and no URL of "
            "another API; `sidecar schema --reference` shows what to write",
            PROBLEM,
        )
    text = written(findings, read.files)
    if not args.dry_run and (problem := _write(Path(args.out), text, force=args.force)):
        return _fail(problem, PROBLEM)
    unclear, told = _told(text, findings)
    unclear = [*read.unclear, *findings.unclear, *unclear]
    file = None if args.dry_run else args.out
    outcome = Outcome(text, file, read.files, findings.upstreams, unclear, told)
    if args.json:
        print(json.dumps(outcome.as_json(), indent=2))
        return 0
    if args.dry_run:
        print(text, end="")
    tell(outcome, sys.stderr if args.dry_run else sys.stdout)
    return 0


def _fail(message: str, code: int) -> int:
    print(f"sidecar init: {message}", file=sys.stderr)
    return code


def _write(path: Path, text: str, *, force: bool) -> str | None:
    """Write the file; or why not."""
    try:
        with path.open("w" if force else "x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        return (
            f"{path} is there already: --force writes over it, --out FILE writes another, "
            "--dry-run only shows"
        )
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return None


def _told(text: str, findings: Findings) -> tuple[list[Unclear], tuple[Hint, ...]]:
    """What is wrong with the configuration as it will be read, and what to tell the application."""
    stand_ins = dict.fromkeys(_references(text), _STAND_IN)
    try:
        return [], _hints(loads(text, env={**stand_ins, **findings.variables}))
    except ConfigErrors as errors:  # the value of a variable is no URL
        places = [(each, each.origin.source or each.origin.file) for each in errors.problems]
        unclear = [Unclear(Place(place, 0), each.text) for each, place in places]
        return unclear, _hints(loads(text, env=stand_ins))


def _hints(loaded: Loaded) -> tuple[Hint, ...]:
    """Without media, whose URLs nobody writes."""
    return tuple(each for each in hints(loaded.config) if each.upstream != MEDIA_NAME)


def _references(text: str) -> Iterator[str]:
    for part in text.split("${")[1:]:
        yield part.partition("}")[0].partition(":-")[0]
