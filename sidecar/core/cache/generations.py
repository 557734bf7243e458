"""Decides whether a stored answer is older than a change of what it was made from.

Each tag has a generation. An answer carries those of its tags as they were when its request was
sent; a change raises them. So dropping a table's answers costs one increment, and a read that began
before a write is never taken for fresh after it, whichever ends first. Pure.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

Tags = tuple[tuple[str, int], ...]

State: TypeAlias = Literal["current", "stale", "written", "gone"]
"""What an answer is now: `written` is what a write has changed since."""

BANS = ""
"""The tag whose generation is the number of the last ban."""

_BADNESS: tuple[State, ...] = ("current", "stale", "written", "gone")


class Ban(NamedTuple):
    """A purge by the beginning of a path, or of everything."""

    number: int
    upstream: str
    """"" for all of them."""
    prefix: str
    """Of the path at the upstream; "" for all of them."""
    soft: bool
    """Whether what it meets is stale rather than gone."""


class Generations:
    """What has changed, for a bounded number of tags."""

    def __init__(self, most: int = 100_000, most_bans: int = 256) -> None:
        self._current: OrderedDict[str, int] = OrderedDict()
        self._floor = 0
        """The generation of every tag that is not listed."""
        self._most = most
        self._most_bans = most_bans
        self._bans: list[Ban] = []
        self._softened: dict[str, int] = {}
        """Of tags that were softened since their last hard change: the generation before that.
        Answers of that one or a later one are stale rather than gone."""
        self._written: OrderedDict[str, int] = OrderedDict()
        """The same of tags that only writes have changed: answers from before are written over."""

    def __repr__(self) -> str:
        return f"<Generations of {len(self._current)} tags, {len(self._bans)} bans>"

    def now(self, tags: Iterable[str]) -> Tags:
        """The generations of these tags, for an answer whose request is sent now."""
        current, floor = self._current, self._floor
        return tuple((tag, current.get(tag, floor)) for tag in (BANS, *tags))

    def bump(self, tags: Iterable[str]) -> None:
        """What carries one of these tags is out of date from now on."""
        for tag in tags:
            self._softened.pop(tag, None)
            self._written.pop(tag, None)
            self._raise(tag)

    def write(self, tags: Iterable[str]) -> None:
        """The same, because of a write: what carries one of them shows what was there before."""
        for tag in tags:
            self._softened.pop(tag, None)
            self._written.setdefault(tag, self._current.get(tag, self._floor))
            self._raise(tag)
        while len(self._written) > self._most:
            self._written.popitem(last=False)  # a plain dict looks past all that went before

    def soften(self, tags: Iterable[str]) -> None:
        """What carries one of these tags now is stale, and may still be served as such."""
        for tag in tags:
            self._softened.setdefault(tag, self._current.get(tag, self._floor))
            self._raise(tag)
        while len(self._softened) > self._most_bans:
            del self._softened[next(iter(self._softened))]

    def _raise(self, tag: str) -> None:
        self._current[tag] = self._current.get(tag, self._floor) + 1
        self._current.move_to_end(tag)
        while len(self._current) > self._most:
            _, generation = self._current.popitem(last=False)
            self._floor = max(self._floor, generation)

    def ban(self, upstream: str, prefix: str, *, soft: bool) -> None:
        """Drop what is stored of the paths of an upstream that begin so."""
        self.bump((BANS,))
        self._bans.append(Ban(self._current[BANS], upstream, prefix, soft))
        if len(self._bans) > self._most_bans:  # the two oldest become one that is no narrower
            first, second, *rest = self._bans
            same = first.upstream == second.upstream
            merged = Ban(second.number, first.upstream if same else "", "", soft=False)
            self._bans = [merged, *rest]

    def state(self, tags: Tags, upstream: str, path: str) -> State:
        """What an answer with these tags is now."""
        worst: State = "current"
        for tag, generation in tags:
            if generation >= self._current.get(tag, self._floor):
                continue
            if tag == BANS:
                found = self._banned(generation, upstream, path)
            else:
                found = self._since(tag, generation)
            worst = max(worst, found, key=_BADNESS.index)
            if worst == "gone":
                break
        return worst

    def _since(self, tag: str, generation: int) -> State:
        """What a changed tag makes of an answer of an earlier generation."""
        if generation >= self._softened.get(tag, generation + 1):
            return "stale"
        return "written" if generation >= self._written.get(tag, generation + 1) else "gone"

    def _banned(self, since: int, upstream: str, path: str) -> State:
        worst: State = "current"
        for ban in reversed(self._bans):
            if ban.number <= since:
                break
            if ban.upstream in ("", upstream) and path.startswith(ban.prefix):
                if not ban.soft:
                    return "gone"
                worst = "stale"
        return worst

    def snapshot(self) -> dict[str, object]:
        """How it stands, for people."""
        return {"tags": len(self._current), "bans": [ban._asdict() for ban in self._bans]}
