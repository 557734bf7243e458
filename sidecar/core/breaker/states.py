"""The state machine: aiobreaker's, by its public names. The only module that imports it.

aiobreaker decides what follows on an outcome. Its counting is replaced by a window, and nothing of
it reads a clock: it compares UTC with local time, and when to probe is decided elsewhere.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sidecar.core.breaker.values import State


@contextmanager
def _seeming_absent(name: str) -> Iterator[None]:
    """Let what is imported meanwhile find that a module is not installed, if nobody has loaded it.

    None in `sys.modules` says so (The Python Language Reference §5.3.1).
    """
    loaded = name in sys.modules
    if not loaded:
        sys.modules[name] = None  # type: ignore[assignment] # typeshed leaves None out
    try:
        yield
    finally:
        if not loaded:
            del sys.modules[name]


# It looks for a Redis client, for a storage that is not used here: 6 MB, and 60 ms of each start.
with _seeming_absent("redis"):
    from aiobreaker import CircuitBreaker, CircuitBreakerError, CircuitBreakerState
    from aiobreaker.storage.base import CircuitBreakerStorage

_NAMES: dict[CircuitBreakerState, State] = {
    CircuitBreakerState.CLOSED: "closed",
    CircuitBreakerState.OPEN: "open",
    CircuitBreakerState.HALF_OPEN: "half_open",
}


class _Failed(Exception):
    """Tells aiobreaker that a call failed."""


def _succeed() -> None:
    pass


def _fail() -> None:
    raise _Failed


class _Storage(CircuitBreakerStorage):  # type: ignore[misc] # aiobreaker is not typed
    """Where aiobreaker keeps its state, and what it takes for a count of failures."""

    def __init__(self, breached: Callable[[], bool]) -> None:
        super().__init__("window")
        self._breached = breached
        self._state = CircuitBreakerState.CLOSED
        self.label: State = "closed"

    @property
    def state(self) -> CircuitBreakerState:
        return self._state

    @state.setter
    def state(self, state: CircuitBreakerState) -> None:
        self._state, self.label = state, _NAMES[state]

    @property
    def counter(self) -> int:
        """1, which is `fail_max`, when the window says so."""
        return int(self._breached())

    def increment_counter(self) -> None:
        """The window has counted already, with the instant that aiobreaker does not pass on."""

    def reset_counter(self) -> None:
        """As `increment_counter`."""

    @property
    def opened_at(self) -> None:
        """Unknown, so that aiobreaker compares no times."""

    @opened_at.setter
    def opened_at(self, date_time: object) -> None:
        pass


class _Breaker(CircuitBreaker):  # type: ignore[misc] # aiobreaker is not typed
    """aiobreaker's, without the two places where it would read the wall clock."""

    def __init__(self, storage: _Storage) -> None:
        super().__init__(fail_max=1, state_storage=storage)
        self._kept = storage

    @property
    def opens_at(self) -> None:
        """Not its business."""

    def open(self) -> None:
        """Open, without `datetime.utcnow`, which Python 3.12 deprecates."""
        self.state = self._kept.state = CircuitBreakerState.OPEN


class Machine:
    """What state a breaker is in.

    Args:
        breached: whether what was counted is bad enough; asked on each failure while closed.
    """

    def __init__(self, breached: Callable[[], bool]) -> None:
        self._storage = _Storage(breached)
        self._breaker = _Breaker(self._storage)

    def __repr__(self) -> str:
        return f"Machine({self.state})"

    @property
    def state(self) -> State:
        """Its state."""
        return self._storage.label

    def success(self) -> None:
        """An outcome was good: closes it when it is half-open.

        While it is closed, aiobreaker would only begin to count anew, which the window does.
        """
        if self._storage.label != "closed":
            self._breaker.call(_succeed)

    def failure(self) -> None:
        """An outcome was bad: opens it when it is half-open, or when the window says so."""
        with suppress(_Failed, CircuitBreakerError):
            self._breaker.call(_fail)

    def half_open(self) -> None:
        """A probe may go."""
        self._breaker.half_open()

    def close(self) -> None:
        """Somebody closes it."""
        self._breaker.close()
