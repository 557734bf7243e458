"""Decides which of several keys a call gets, and how long a refused one rests.

Pure: takes `now`, knows keys by their number and never their values. Nothing is lent out, so there
is nothing to give back.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_MOST_SUBJECTS = 64
"""Models of one key whose rest is remembered."""


class Rule(NamedTuple):
    """How long keys rest; seconds."""

    cooldown: float
    max_cooldown: float
    set_aside: float
    spread: bool = False
    """Whether calls take turns among the keys."""


class Choice(NamedTuple):
    """The key for a call, and for how long it must still rest."""

    number: int
    wait: float


@dataclass(slots=True)
class _Key:
    name: str
    aside_until: float = -math.inf
    rests: dict[str, float] = field(default_factory=dict)
    """When it may be used again, by model; "" for all of them."""

    def free_at(self, subject: str) -> float:
        rest = max(self.rests.get("", -math.inf), self.rests.get(subject, -math.inf))
        return max(rest, self.aside_until)

    def rest(self, until: float, subject: str, now: float) -> None:
        """Rest until then, or for as long as was said before, if that is longer."""
        self.rests = {name: end for name, end in self.rests.items() if end > now}
        self.rests[subject] = max(self.rests.get(subject, -math.inf), until)
        if len(self.rests) > _MOST_SUBJECTS:
            del self.rests[min(self.rests, key=self.rests.__getitem__)]


class KeyRing:
    """The keys of one upstream.

    Args:
        names: of the keys, in the order of their use; at least one.
        rule: how long they rest.
    """

    def __init__(self, names: Sequence[str], rule: Rule) -> None:
        self._keys = [_Key(name) for name in names]
        self._rule = rule
        self._turn = 0

    def __repr__(self) -> str:
        return f"<KeyRing {', '.join(key.name for key in self._keys)}>"

    def choose(self, now: float, subject: str = "") -> Choice:
        """The first key that is free, or the one that is free first.

        Args:
            now: the instant.
            subject: what quotas are counted by beside the key, such as the model.
        """
        count = len(self._keys)
        order = [(self._turn + step) % count for step in range(count)]
        ends = {number: self._keys[number].free_at(subject) for number in order}
        number = min(order, key=lambda each: max(ends[each], now))
        if self._rule.spread and ends[number] <= now:
            self._turn = (number + 1) % count
        return Choice(number, max(0.0, ends[number] - now))

    def soonest_other(self, number: int, now: float, subject: str = "") -> float:
        """Seconds until some other key is free; 0 if one is, inf where there is no other."""
        ends = (key.free_at(subject) for each, key in enumerate(self._keys) if each != number)
        return max(0.0, min(ends, default=math.inf) - now)

    def refused(self, number: int, now: float, wait: float | None, subject: str = "") -> None:
        """The upstream says that a key comes too often.

        A lone key rests only for as long as it is asked to: there is nothing to change to.

        Args:
            number: of the key.
            now: the instant.
            wait: seconds that it asks for; None where it does not say, inf for "not today".
            subject: what it is refused for; "" for everything.
        """
        unsaid = self._rule.cooldown if len(self._keys) > 1 else 0.0
        rest = unsaid if wait is None else wait
        self._keys[number].rest(now + min(rest, self._rule.max_cooldown), subject, now)

    def rejected(self, number: int, now: float) -> bool:
        """The upstream does not accept a key: set it aside, unless it is the last one in use.

        Returns:
            whether it was set aside just now.
        """
        key = self._keys[number]
        others = any(each is not key and each.aside_until <= now for each in self._keys)
        if key.aside_until > now or not others:
            return False
        key.aside_until = now + self._rule.set_aside
        return True

    def snapshot(self, now: float) -> list[dict[str, Any]]:
        """How the keys stand, for people."""
        return [
            {
                "key": key.name,
                "set_aside_for": round(max(0.0, key.aside_until - now), 3),
                "rests_for": {
                    name or "all": round(end - now, 3)
                    for name, end in key.rests.items()
                    if end > now
                },
            }
            for key in self._keys
        ]
