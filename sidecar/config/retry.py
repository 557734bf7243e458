"""When calls that failed are made again. Field docstrings are the reference."""

import re
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Size, Text, Timeout, whole

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
Reserve = Annotated[int, Field(ge=0, le=10_000), BeforeValidator(whole)]
Attempts = Annotated[int, Field(ge=1, le=10), BeforeValidator(whole)]


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How much of an upstream's traffic may be repetitions. One budget for all its routes."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    ratio: Ratio = 0.1
    """Repetitions that each good answer adds to the budget. One after a timeout costs two."""
    burst: Count = 100
    """The most that the budget holds, and what it holds at the start."""
    half_life: Timeout = 30.0
    """Half of what is not used is gone after so long."""
    reserve: Reserve = 1
    """What it holds besides, for an upstream with little traffic; it is full again with a good
    answer `half_life` after it was used. With 2 or more, it also pays for timeouts: where few
    sidecars share the upstream, and only there."""


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
    harmless: Literal["none", "postgrest", "graph"] = "none"
    """Writes that are made again, as reads are, although they may have been done, because twice is
    as good as once. `postgrest`: PATCH, PUT, DELETE and upserts that find the same rows again; not
    where triggers count them. `graph`: marking a message as read."""
    insert_key: Text | None = None
    """The column that is the primary key of these routes' tables, of type `uuid`. An insert of one
    row that does not name it is sent with a random one, and made again where its answer was lost:
    the second is refused as a duplicate, which says that the first was done. Not where the row is
    asked for (`return=representation`)."""
    max_body: Size = 1024 * 1024
    """Request bodies of a known length up to this are kept to be sent again."""
    budget: RetryBudget = field(default_factory=RetryBudget)
    """Read at the upstream only."""
