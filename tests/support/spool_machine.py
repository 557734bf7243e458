"""Does to a spool whatever may be done, in any order, and holds it against the reference.

A subclass says how a spool is made (`make`), and what is left when its process ends (`leave`).
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sidecar.spool import STATES, Answer, Event, Place, Settlement, Spool
from tests.support.spools import Reference, delivery, seen

T = TypeVar("T")

MOST = 12
"""Deliveries that fit."""

LANES = st.sampled_from(["", "", "a", "b"])
UPSTREAMS = st.sampled_from(["whatsapp", "gemini"])
ROUTES = st.sampled_from(["send", "other"])
PLACES = st.builds(Place, UPSTREAMS, ROUTES)
OFFSETS = st.sampled_from([-5.0, 0.0, 0.0, 0.0, 3.0, 30.0])
LIVES = st.sampled_from([2.0, 50.0, float("inf")])
ANSWER = Answer(200, [(b"X", b"\xff")], b"s3cret-answer", truncated=True)


class SpoolMachine(RuleBasedStateMachine):
    """The rules; what they need of ids is drawn from those that are known."""

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

    @rule(
        upstream=UPSTREAMS,
        route=ROUTES,
        lane=LANES,
        later=OFFSETS,
        life=LIVES,
        dedup=st.sampled_from([None, None, "d1", "d2"]),
    )
    def add(self, upstream, route, lane, later, life, dedup) -> None:  # type: ignore[no-untyped-def]
        """One comes in."""
        self.added += 1
        new = delivery(
            self.now,
            id=f"{self.added:036}",
            upstream=upstream,
            route=route,
            lane=lane,
            not_before=self.now + later,
            expires_at=self.now + life,
            dedup=dedup,
            dedup_until=self.now + 20.0,
            fingerprint="f",
        )
        assert self.run(self.spool.add(new)) == self.reference.add(new)

    @rule(seconds=st.sampled_from([0.0, 1.0, 5.0, 60.0, -30.0]))
    def time_passes(self, seconds: float) -> None:
        """Or goes back."""
        self.now += seconds

    @rule(
        most=st.integers(1, 5),
        busy=st.sets(st.sampled_from(["a", "b"])),
        paused=st.sets(PLACES, max_size=2),
    )
    def take(self, most: int, busy: set[str], paused: set[Place]) -> None:
        """Some are claimed; each comes as a whole."""
        taken = self.run(self.spool.take(self.now, most, busy_lanes=busy, paused=paused))
        expected = self.reference.take(self.now, most, busy, paused)
        assert [one.id for one in taken] == expected
        assert taken == [seen(self.reference.kept[one]) for one in expected]

    @rule(paused=st.sets(PLACES, max_size=2))
    def next_due(self, paused: set[Place]) -> None:
        """When it is worth the while to look again."""
        found = self.run(self.spool.next_due(self.now, paused=paused))
        assert found == self.reference.next_due(self.now, paused)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Claims are given back."""
        ids = self.known(data)
        self.run(self.spool.release(ids))
        self.reference.release(ids)

    @rule(data=st.data())
    def fence(self, data: st.DataObject) -> None:
        """Some are about to be sent."""
        ids = self.known(data)
        assert self.run(self.spool.fence(ids, self.now)) == self.reference.fence(ids, self.now)

    @rule(
        data=st.data(),
        state=st.sampled_from(["queued", "delivered", "delivered", "failed", "unknown"]),
        later=st.none() | OFFSETS,
        answer=st.none() | st.just(ANSWER),
    )
    def settle(self, data, state, later, answer) -> None:  # type: ignore[no-untyped-def]
        """What became of some."""
        not_before = None if later is None else self.now + later
        settlement = Settlement(
            state=state, now=self.now, reason="why", not_before=not_before, answer=answer
        )
        for one in dict.fromkeys(self.known(data)):
            done = self.run(self.spool.settle(one, settlement))
            assert done == self.reference.settle(one, settlement)

    @rule()
    def expire(self) -> None:
        """What is too late."""
        assert set(self.run(self.spool.expire(self.now))) == self.reference.expire(self.now)

    @rule(data=st.data())
    def requeue(self, data: st.DataObject) -> None:
        """Some are to be sent again."""
        ids = self.known(data)
        assert self.run(self.spool.requeue(ids, self.now)) == self.reference.requeue(ids, self.now)

    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        """Some are not to be sent."""
        ids = self.known(data)
        assert self.run(self.spool.discard(ids, self.now)) == self.reference.discard(ids, self.now)

    @rule(
        data=st.data(),
        change=st.fixed_dictionaries(
            {},
            optional={
                "target": st.just("/edited"),
                "headers": st.just([(b"A", b"b")]),
                "body": st.just(b"edited body"),
                "expires_at": st.just(1_700_000_100.0),
                "note": st.just("a note"),
            },
        ),
        later=st.none() | OFFSETS,
    )
    def edit(self, data, change, later) -> None:  # type: ignore[no-untyped-def]
        """One is changed."""
        if later is not None:
            change["not_before"] = self.now + later
        for one in self.known(data)[:1]:
            done = self.run(self.spool.edit(one, self.now, **change))
            assert done == (bool(change) and self.reference.edit(one, self.now, **change))

    @rule(age=st.sampled_from([0.0, 10.0, 100.0]))
    def forget(self, age: float) -> None:
        """Old ones go; this is after their events were seen."""
        self.events_are_told()
        gone = self.run(self.spool.forget(self.now - age))
        assert gone == self.reference.forget(self.now - age)

    @rule()
    def crash(self) -> None:
        """The process ends; another takes over."""
        self.run(self.leave())
        self.spool = self.run(self.make())
        assert set(self.run(self.spool.recover(self.now))) == self.reference.crash(self.now)

    @rule(
        states=st.sets(st.sampled_from(STATES), max_size=3),
        upstream=st.none() | UPSTREAMS,
        route=st.none() | ROUTES,
        lane=st.none() | st.sampled_from(["a", "b"]),
        newest_first=st.booleans(),
        most=st.integers(1, 4),
    )
    def find(self, states, upstream, route, lane, newest_first, most) -> None:  # type: ignore[no-untyped-def]
        """Page after page, all that match are found once."""
        asked = {"upstream": upstream, "route": route, "lane": lane}
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
