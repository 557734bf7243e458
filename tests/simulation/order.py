"""Sets of objects in the order of numbers instead of addresses, so that a seed has one history.

The sidecar ends connections and calls in the order of sets, which is as good as any; but the order
of addresses is another in each run.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from sidecar.layers import pace
from sidecar.serving import connection as downstream
from sidecar.transport import connection as upstream

_CLASSES = (pace._Turn, downstream.Connection, upstream.Connection, asyncio.Timeout)


class NumberedTask(asyncio.Task[Any]):
    """A task that knows how many were made before it."""

    number = 0

    def __hash__(self) -> int:
        return self.number


@contextmanager
def in_order() -> Iterator[None]:
    """Objects of these classes are numbered as they are first put into a set."""
    known: dict[int, tuple[int, object]] = {}

    def numbered(self: object) -> int:
        return known.setdefault(id(self), (len(known), self))[0]

    with ExitStack() as stack:
        for each in _CLASSES:
            stack.enter_context(patch.object(each, "__hash__", numbered))
        yield
