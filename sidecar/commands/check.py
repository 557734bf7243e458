"""`sidecar check`: every problem of a configuration, and what in the surroundings would defeat it.

Opens no connection and creates no file.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from sidecar.commands import options
from sidecar.commands.loading import PROBLEM, USAGE
from sidecar.commands.surroundings import surroundings
from sidecar.commands.terminal import marked, print_problems
from sidecar.loader import ConfigErrors, ConfigNotFound, Problem, load


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in one file."""

    file: str
    problems: tuple[Problem, ...]
    code: int
    summary: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "-c",
        "--config",
        action="append",
        metavar="FILE",
        help="the configuration; several are checked one by one "
        "[SIDECAR_CONFIG; default sidecar.yaml]",
    )
    options.value(
        parser,
        "--format",
        env="SIDECAR_FORMAT",
        metavar="text|json|github",
        text="how problems are printed",
        default="text",
        kind=options.one_of("text", "json", "github"),
    )
    options.as_json(parser)


def execute(args: argparse.Namespace) -> int:
    """0 when every file can be used, 1 when one has an error, 2 when one cannot be read."""
    files = args.config or [os.environ.get("SIDECAR_CONFIG") or "sidecar.yaml"]
    verdicts = [examine(name) for name in files]
    if args.json or args.format == "json":
        print(json.dumps([_as_json(verdict) for verdict in verdicts], indent=2))
    else:
        for verdict in verdicts:
            _show(verdict, github=args.format == "github")
    return max(verdict.code for verdict in verdicts)


def examine(name: str) -> Verdict:
    """Load one file and drop the result."""
    try:
        found = load(Path(name))
    except ConfigErrors as errors:
        problems = errors.problems
        code = USAGE if isinstance(errors, ConfigNotFound) else PROBLEM
        return Verdict(name, problems, code, _counted(problems))
    upstreams = found.config.upstreams.values()
    routes = sum(len(upstream.routes) for upstream in upstreams)
    size = f"{_plural(len(upstreams), 'upstream')}, {_plural(routes, 'route')}"
    warnings = (*found.warnings, *surroundings(found, os.environ))
    warned = f", {_counted(warnings)}" if warnings else ""
    return Verdict(name, warnings, 0, f"{size}{warned}")


def _counted(problems: tuple[Problem, ...]) -> str:
    counts = [
        _plural(number, severity)
        for severity in ("error", "warning")
        if (number := sum(problem.severity == severity for problem in problems))
    ]
    return ", ".join(counts)


def _plural(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _show(verdict: Verdict, *, github: bool) -> None:
    if github:
        for problem in verdict.problems:
            print(_annotation(problem))
    else:
        print_problems(verdict.problems, sys.stdout)
    word, kind = ("failed", "error") if verdict.code else ("ok", "ok")
    print(f"{verdict.file}: {marked(word, kind, sys.stdout)}: {verdict.summary}")


def _annotation(problem: Problem) -> str:
    """A workflow command of GitHub Actions; its escapes are those of the runner."""
    text = problem.text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    origin = problem.origin
    if not origin.line:
        return f"::{problem.severity}::{origin.place}: {text}"
    file = origin.file.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{problem.severity} file={file},line={origin.line},col={origin.column}::{text}"


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "file": verdict.file,
        "ok": verdict.code == 0,
        "summary": verdict.summary,
        "problems": [problem.as_json() for problem in verdict.problems],
    }
