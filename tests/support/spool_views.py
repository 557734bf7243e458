"""A spool and its reference, and all that can be seen of both: they must always agree.

A subclass says how a spool is made (`make`), and what is left when its process ends (`leave`).
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sidecar.spool import STATES, UNFINISHED, Event, Place, Spool
from tests.support.spool_kept import seen
from tests.support.spool_reference import Reference

T = TypeVar("T")

MOST = 12
"""Deliveries that fit."""

UPSTREAMS = st.sampled_from(["whatsapp", "gemini"])
ROUTES = st.sampled_from(["send", "other"])
PLACES = st.builds(Place, UPSTREAMS, ROUTES)


class SpoolViews(RuleBasedStateMachine):
    """What looks at a spool and changes nothing; what is asked of ids is drawn from those known."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = 1_700_000_000.0
        self.reference = Reference(MOST)
        self.spool: Spool
        self.cursor = 0
        self.added = 0

    async def make(self) -> Spool:
        """A spool in the same place as the one before, open."""
        raise NotImplementedError

    async def leave(self) -> None:
        """The process that has `self.spool` ends, without a good-bye."""
        raise NotImplementedError

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns."""
        return self.loop.run_until_complete(doing)

    @initialize()
    def begin(self) -> None:
        """It is empty, and this process is the one that delivers."""
        self.spool = self.run(self.make())
        assert self.run(self.spool.recover(self.now)) == []

    def known(self, data: st.DataObject) -> list[str]:
        """Some of the ids that there are."""
        if not self.reference.kept:
            return ["0" * 36]
        return data.draw(st.lists(st.sampled_from(sorted(self.reference.kept)), max_size=4))

    @rule(paused=st.sets(PLACES, max_size=2))
    def next_due(self, paused: set[Place]) -> None:
        """When it is worth the while to look again."""
        found = self.run(self.spool.next_due(self.now, paused=paused))
        assert found == self.reference.next_due(self.now, paused)

    @rule(
        states=st.sets(st.sampled_from(STATES), max_size=3),
        upstream=st.none() | UPSTREAMS,
        route=st.none() | ROUTES,
        newest_first=st.booleans(),
        most=st.integers(1, 4),
    )
    def find(self, states, upstream, route, newest_first, most) -> None:  # type: ignore[no-untyped-def]
        """Page after page, all that match are found once."""
        asked = {"upstream": upstream, "route": route}
        expected = [
            one.id
            for one in self.reference.kept.values()
            if (not states or one.state in states)
            and all(v is None or getattr(one.first, k) == v for k, v in asked.items())
        ]
        found: list[str] = []
        while True:
            page = self.run(
                self.spool.find(
                    states=states,
                    after=found[-1] if found else None,
                    most=most,
                    newest_first=newest_first,
                    **asked,
                )
            )
            assert all(one.headers == [] and one.body == b"" for one in page)
            found += [one.id for one in page]
            if len(page) < most:
                break
        assert found == sorted(expected, reverse=newest_first)

    @rule(upstream=UPSTREAMS, lane=st.sampled_from(["", "a", "b"]))
    def is_waiting(self, upstream: str, lane: str) -> None:
        """Whether something is unfinished; a lane of two upstreams, as here, nobody else makes."""
        active = [one for one in self.reference.kept.values() if one.state in UNFINISHED]
        in_lanes = {(one.first.lane, one.first.upstream) for one in active if one.first.lane}
        if lane or len(dict(in_lanes)) == len(in_lanes):
            found = self.run(self.spool.is_waiting(upstream, lane))
            assert found == self.reference.is_waiting(upstream, lane)

    @rule(place=PLACES, dedup=st.sampled_from(["d1", "d2"]))
    def is_known(self, place: Place, dedup: str) -> None:
        """Whether a call with this key would be a second one."""
        found = self.run(self.spool.is_known(place, dedup, self.now))
        assert found == self.reference.is_known(place, dedup, self.now)

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        """Nothing is lost, and each is as it was left."""
        if not hasattr(self, "spool"):
            return
        for one in self.reference.kept.values():
            assert self.run(self.spool.get(one.id)) == seen(one)
        figures = self.run(self.spool.figures(self.now))
        assert figures.counts == self.reference.counts()

    @invariant()
    def events_are_told(self) -> None:
        """Each change of state was written down; those of one step in any order."""
        if not hasattr(self, "spool"):
            return
        told = self.run(self.spool.events_after(self.cursor, 1000))
        assert not told.gap
        expected = self.reference.events[self.cursor :]
        assert sorted(map(_without_cursor, told.events)) == sorted(map(_without_cursor, expected))
        self.cursor += len(told.events)
        assert told.cursor == self.cursor

    def teardown(self) -> None:
        """Close it."""
        if hasattr(self, "spool"):
            self.run(self.spool.close())
        self.loop.close()


def _without_cursor(event: Event) -> tuple[object, ...]:
    return event[1:]
