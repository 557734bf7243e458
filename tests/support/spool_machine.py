"""Does to a spool whatever may be done, in any order, and holds it against the reference."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from sidecar.spool import Answer, Place, Settlement
from tests.support.spool_kept import seen
from tests.support.spool_views import PLACES, ROUTES, UPSTREAMS, SpoolViews
from tests.support.spools import delivery

LANES = st.sampled_from(["", "", "a", "b"])
OFFSETS = st.sampled_from([-5.0, 0.0, 0.0, 0.0, 3.0, 30.0])
LIVES = st.sampled_from([2.0, 50.0, float("inf")])
ANSWER = Answer(200, [(b"X", b"\xff")], b"s3cret-answer", truncated=True)


class SpoolMachine(SpoolViews):
    """The rules that change it."""

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

    @rule(most=st.integers(1, 5), paused=st.sets(PLACES, max_size=2))
    def take(self, most: int, paused: set[Place]) -> None:
        """Some are claimed; each comes as a whole."""
        taken = self.run(self.spool.take(self.now, most, paused=paused))
        expected = self.reference.take(self.now, most, paused)
        assert [one.id for one in taken] == expected
        assert taken == [seen(self.reference.kept[one]) for one in expected]

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
