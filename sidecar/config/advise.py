"""Whether the sidecar learns from what passes. Field docstrings are the reference."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Flag


@dataclass(frozen=True, slots=True)
class Advise:
    """What `sidecar advise` learns from. No value of a request is kept. See docs/advise.md."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    enabled: Flag = True
    """Whether calls are looked at."""
    per_second: Count = 100
    """The most calls of a second that are looked at; of all others only their number and 429s are
    counted. It bounds what this costs."""
