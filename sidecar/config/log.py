"""What is written to standard error, and how. Field docstrings are the reference."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from sidecar.config.strict import STRICT

LogLevel = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Log:
    """What is written to standard error."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    format: Literal["auto", "text", "json"] = "auto"
    """`auto` is text on a terminal and JSON otherwise."""
    level: LogLevel = "info"
    """`info` writes one line for each exchange, `debug` one more for each of its attempts. What is
    changed through the admin listener is written whatever the level."""
    summary: Literal["1m", "5m", "15m", "0s"] = "1m"
    """How often one line for each upstream says how it did since: calls, p95, errors, what the
    cache saved. Upstreams without calls have none. `0s` for never."""
