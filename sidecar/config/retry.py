"""When calls that failed are made again. Field docstrings are the reference."""

import re
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Size, Timeout, whole

_RATIO = re.compile(r"\d+(\.\d+)?")


def ratio(value: object) -> float:
    """The number, also of the text that a variable brings.

    Raises:
        PydanticCustomError: anything else, booleans included.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and _RATIO.fullmatch(value):
        return float(value)
    raise PydanticCustomError("ratio", "expected a number such as 0.1")


Ratio = Annotated[float, Field(ge=0, le=1), BeforeValidator(ratio)]
Attempts = Annotated[int, Field(ge=1, le=10), BeforeValidator(whole)]


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How much of an upstream's traffic may be repetitions. One budget for all its routes."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    ratio: Ratio = 0.1
    """Repetitions that each call adds to the budget."""
    burst: Count = 100
    """The most that the budget holds, and what it holds at the start."""
    floor: Ratio = 0.2
    """Repetitions that each second adds, so that an upstream with little traffic has a budget."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Repetition of calls that failed, where it does no harm. See docs/resilience.md."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    attempts: Attempts = 3
    """The most attempts, the first included. 1 turns repetition off."""
    base: Timeout = 0.1
    """The first wait is a random part of this, the second of twice as much, and so on."""
    cap: Timeout = 2.0
    """No wait is longer, unless the upstream asks for it (`Retry-After`)."""
    max_wait: Timeout = 10.0
    """Where the upstream asks for a longer wait than this, its answer is passed on instead."""
    max_body: Size = 1024 * 1024
    """Request bodies of a known length up to this are kept to be sent again."""
    budget: RetryBudget = field(default_factory=RetryBudget)
    """Read at the upstream only."""
