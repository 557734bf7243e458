"""What earlier configurations have left behind, for as long as exchanges are under way there.

Whoever is under way has all that it needs; this is kept so that the end of the program reaches it.
"""

from collections.abc import Iterable

from sidecar.drilling import Drilling
from sidecar.layers.limit import Gate
from sidecar.parts.prefetching import Prefetching
from sidecar.transport.upstream import UpstreamTransport

_Left = UpstreamTransport | Gate | Prefetching


class Past:
    """The states that no configuration in force uses, while anything is under way with them."""

    def __init__(self) -> None:
        self._left: list[_Left] = []

    def __len__(self) -> int:
        return len(self._left)

    def __repr__(self) -> str:
        return f"<Past {self._left!r}>"

    def add(self, states: Iterable[object]) -> None:
        """These are used on no more. Idle connections close now, others as their exchanges end."""
        for each in states:
            if isinstance(each, UpstreamTransport):
                each.retire()
            elif isinstance(each, Drilling):
                each.close()
            if isinstance(each, _Left):
                self._left.append(each)
        self.forget()

    def forget(self) -> None:
        """Let go of what is at rest. A call that comes back to it needs nothing of us for that."""
        self._left = [each for each in self._left if not each.is_at_rest]

    def give_up(self) -> None:
        """Let no exchange wait there any longer, because the sidecar stops."""
        for each in self._left:
            if not isinstance(each, Prefetching):
                each.give_up()

    async def close(self) -> None:
        """End what is under way by itself."""
        for each in self._left:
            if isinstance(each, Prefetching):
                await each.close()
            elif isinstance(each, UpstreamTransport):
                each.close()
        self._left.clear()
