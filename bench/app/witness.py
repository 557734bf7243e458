"""Looks at every answer that the application gets: is it for who asked, and is it new enough? Pure.

An application that has written something and got its answer must not be shown what was there
before. What it wrote is known by the versions in the answer of the write.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from bench.app.calls import Call

Seen = Mapping[str, int]
"""The versions that an answer must not be older than, by tag."""


class Witness:
    """Counts wrong answers."""

    def __init__(self) -> None:
        self._written: Counter[str] = Counter()
        self._count: Counter[str] = Counter()
        self.stale_of: Counter[str] = Counter()
        """Answers that were too old and did not say so, by resource."""

    def before(self, call: Call) -> Seen:
        """What is known when a call begins; only what was answered by then counts."""
        return {tag: self._written[tag] for tag in call.tags}

    def after(self, call: Call, seen: Seen, body: bytes, *, degraded: bool) -> None:
        """Judge a good answer.

        Args:
            call: what was asked.
            seen: what was known when it began.
            body: the answer.
            degraded: whether it says itself that it may be old.
        """
        told = _told(body)
        if told is None:  # a queue's receipt says nothing about data
            return
        self._count["judged"] += 1
        by_token = call.provider == "supabase"
        self._count["wrong"] += (by_token and told["for"] != call.caller) or not _same(call, told)
        versions: Mapping[str, int] = told["versions"]
        if call.method == "GET":
            is_old = any(versions.get(tag, 0) < known for tag, known in seen.items())
            self._count["stale_labelled" if degraded else "stale"] += is_old
            self.stale_of[call.resource] += is_old and not degraded
        else:
            for tag, version in versions.items():
                self._written[tag] = max(self._written[tag], version)

    def counted(self) -> dict[str, object]:
        """Answers that were judged, for somebody else, too old, too old and labelled so."""
        keys = ("judged", "wrong", "stale", "stale_labelled")
        stale_of = {name: count for name, count in self.stale_of.items() if count}
        return {**{key: self._count[key] for key in keys}, "stale_of": stale_of}


def _told(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    row = found[0] if isinstance(found, list) and found else found
    return row if isinstance(row, dict) and "versions" in row else None


def _same(call: Call, told: Mapping[str, Any]) -> bool:
    """Whether the answer is to this target; where a media file lies is told by another answer."""
    return call.provider == "whatsapp-media" or told["asked"] == call.target
