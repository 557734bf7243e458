"""Flags that take their default from a variable, and say so in `--help`.

Imports nothing of ours: every command uses it.
"""

import argparse
import math
import os
from collections.abc import Callable

from sidecar.suggestions import hint, nearest

_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"", "0", "false"})


def value(
    parser: argparse.ArgumentParser,
    *flags: str,
    env: str,
    metavar: str,
    text: str,
    default: str | None = None,
    kind: Callable[[str], object] = str,
) -> None:
    """Declare a flag with a value.

    Args:
        parser: the command's parser.
        flags: `-c`, `--config`.
        env: the variable that is used when the flag is not given.
        metavar: what stands for the value in the help.
        text: the help.
        default: the value, as text, when neither is given.
        kind: makes the value of a text; raises `argparse.ArgumentTypeError`.
    """
    shown = f"; default {default}" if default else ""
    parser.add_argument(
        *flags,
        type=kind,
        metavar=metavar,
        default=os.environ.get(env) or default,
        help=f"{text} [{env}{shown}]",
    )


def switch(parser: argparse.ArgumentParser, *flags: str, env: str, text: str) -> None:
    """Declare a flag without a value; the variable is `1`/`true` or `0`/`false`."""
    given = os.environ.get(env, "").lower()
    if given not in _TRUE | _FALSE:
        parser.error(f"the variable {env} must be true or false")
    parser.add_argument(*flags, action="store_true", default=given in _TRUE, help=f"{text} [{env}]")


def config(parser: argparse.ArgumentParser) -> None:
    """Declare `-c FILE`."""
    value(
        parser,
        "-c",
        "--config",
        env="SIDECAR_CONFIG",
        metavar="FILE",
        text="the configuration",
        default="sidecar.yaml",
    )


def as_json(parser: argparse.ArgumentParser) -> None:
    """Declare `--json`."""
    switch(parser, "--json", env="SIDECAR_JSON", text="print JSON")


def one_of(*words: str) -> Callable[[str], str]:
    """A kind of value; unlike `choices`, it also holds for the variable."""

    def kind(text: str) -> str:
        if text not in words:
            expected = f"expected one of {', '.join(words)}"
            raise argparse.ArgumentTypeError(f"{expected}{hint(nearest(text, words))}")
        return text

    return kind


def positive(below: float = math.inf) -> Callable[[str], float]:
    """A kind of value: a number above 0 and below `below`."""

    def kind(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 < number < below:
            most = "" if below == math.inf else f" and below {below:g}"
            raise argparse.ArgumentTypeError(f"expected a number above 0{most}, not {text!r}")
        return number

    return kind
