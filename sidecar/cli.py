"""The command line: finds the command, imports it, and nothing else of the program.

`sidecar --help` and `sidecar healthcheck` therefore load no third-party package.
"""

import argparse
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from sidecar.suggestions import hint, nearest

WIDTH = 80
COMMANDS = {
    "init": "write a first configuration from .env and compose files",
    "run": "start the sidecar",
    "exec": "start the sidecar, then a command that calls through it",
    "check": "find every problem of a configuration; touches nothing else",
    "explain": "show which route a URL takes, and where each setting comes from",
    "routes": "list all routes with their timeouts",
    "hints": "print the lines that point each SDK at the sidecar",
    "env": "print the base URLs as variables of the application",
    "certs": "make a local certificate, for clients that insist on https",
    "schema": "print the JSON Schema, or the reference with every key",
    "demo": "see the sidecar at work on simulated providers; needs no keys",
    "top": "watch a running sidecar: a table of its upstreams",
    "tap": "see the exchanges of a running sidecar, as they end",
    "report": "show what the application would have seen without the sidecar",
    "advise": "propose what could be better, by what a running sidecar has seen",
    "breaker": "show the circuit breakers of a running sidecar, or force one",
    "cache": "show the response cache of a running sidecar, or drop some of it",
    "queue": "show what is delivered later, and send again what failed",
    "drill": "make named faults on purpose in a running sidecar",
    "config": "show the configuration in force, with the origin of each value",
    "healthcheck": "ask a running sidecar whether it is ready",
    "version": "print the version",
}
_ENDING = """\
`sidecar COMMAND --help` shows its flags and the variable of each.
Exit codes: 0 fine, 1 a problem was found, 2 wrong usage or no such file.
"""


class _Parser(argparse.ArgumentParser):
    """argparse with suggestions for mistyped flags."""

    def error(self, message: str) -> NoReturn:
        words = message.partition("unrecognized arguments: ")[2].split()
        known = [flag for action in self._actions for flag in action.option_strings]
        guess = next((found for word in words if (found := nearest(word, known))), None)
        self.exit(2, f"{self.prog}: {message}{hint(guess)}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name; those of the process by default.

    Returns:
        0 fine, 1 a problem was found, 2 wrong usage or missing file.
    """
    _fill_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):  # of a locale that lacks a character: no traceback
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _main(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _write_no_more()
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _write_no_more()
        print(f"sidecar: {error.strerror}", file=sys.stderr)
        return 1
    return code


def _main(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    if name in ("-h", "--help", "help") or not name:
        print(usage(), file=sys.stdout if name else sys.stderr)
        return 0 if name else 2
    name = "version" if name == "--version" else name
    if name not in COMMANDS:
        more = hint(nearest(name, COMMANDS)) or " (see `sidecar --help`)"
        print(f"sidecar: there is no command '{name}'{more}", file=sys.stderr)
        return 2
    return _execute(name, arguments[1:])


def usage() -> str:
    """The text of `sidecar --help`."""
    lines = [f"  {name:<12} {text}" for name, text in COMMANDS.items()]
    return "\n".join(["usage: sidecar COMMAND [flags]", "", *lines, "", _ENDING]).rstrip()


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    command = importlib.import_module(f"sidecar.commands.{name}")
    parser = _Parser(
        prog=f"sidecar {name}",
        description=COMMANDS[name],
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, width=WIDTH),
    )
    command.add_arguments(parser)
    parser.set_defaults(execute=command.execute)
    return parser


def _execute(name: str, arguments: list[str]) -> int:
    try:
        args = parser_of(name).parse_args(arguments)
        code: int = args.execute(args)
    except SystemExit as stop:  # argparse, after its message or its help
        return stop.code if isinstance(stop.code, int) else 2
    return code


def _fill_closed_streams() -> None:
    """Whoever starts a program with `>&-` takes a stream from it, which Python then has as None.

    Its descriptor would go to the next file that is opened, and what is printed into that file.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def _write_no_more() -> None:
    """What is left to be written to standard output goes nowhere, and causes no traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
