"""The reference of the command line as Markdown: what `--help` of each command prints."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sidecar.cli import COMMANDS, parser_of


def reference() -> str:
    """All commands, each under a heading."""
    with _no_variables():
        return "\n".join(
            f"## `sidecar {name}` {{ #{name} }}\n\n```text\n{parser_of(name).format_help()}```\n"
            for name in COMMANDS
        )


@contextmanager
def _no_variables() -> Iterator[None]:
    """Without the variables that would change what is shown, and without colour."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIDECAR")}
    with patch.dict(os.environ, {**kept, "NO_COLOR": "1", "COLUMNS": "80"}, clear=True):
        yield
