"""State that outlives a configuration: the next one finds again what is made of the same settings.

Knows nothing of what it keeps, and does nothing to it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class _Item(NamedTuple):
    basis: object
    state: Any


class Kept:
    """What one configuration shares among its routes, made out of what the one before shared.

    A configuration asks for each state by name, and says of which settings it is made. Where the
    one before had the same of the same settings, that is used on: nothing is lost. Otherwise it is
    made anew, and the earlier one serves what is under way there. Nothing changes for those who
    are served before `enter_force` is called.

    Args:
        before: of the configuration that is in force; None for the first.
    """

    def __init__(self, before: "Kept | None" = None) -> None:
        self.items: dict[tuple[str, str], _Item] = {}
        self.figures: dict[tuple[str, str], Any] = before.figures if before else {}
        self._before = dict(before.items) if before else {}
        self._changes: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return f"<Kept {len(self.items)} states, {len(self.figures)} figures>"

    def shared(self, kind: str, name: str, basis: object, make: Callable[[], T]) -> T:
        """A state: the same for all who ask, also in later configurations while `basis` is equal.

        Args:
            kind: what it is.
            name: whose it is.
            basis: all settings that it is made of.
            make: makes it.
        """
        key = (kind, name)
        item = self.items.get(key) or self._before.get(key)
        if item is None or item.basis != basis:
            item = _Item(basis, make())
        self.items[key] = item
        state: T = item.state
        return state

    def states(self) -> list[object]:
        """All that are shared now."""
        return [item.state for item in self.items.values()]

    def earlier(self, kind: str, name: str) -> Any:
        """What the configuration in force has of this name; None where it has none."""
        item = self._before.get((kind, name))
        return item.state if item is not None else None

    def totals(self, kind: str, name: str, make: Callable[[], T]) -> T:
        """Figures, or whatever else must survive every change of settings: it is made only once."""
        if (kind, name) not in self.figures:
            self.figures[kind, name] = make()
        found: T = self.figures[kind, name]
        return found

    def when_in_force(self, change: Callable[[], None]) -> None:
        """Have something changed in place once the configuration is in force. It must not fail."""
        self._changes.append(change)

    def enter_force(self) -> list[object]:
        """The configuration is in force; the states of the one before that it does not use on."""
        for change in self._changes:
            change()
        gone = [item.state for key, item in self._before.items() if self.items.get(key) is not item]
        self._changes.clear()
        self._before.clear()
        return gone
