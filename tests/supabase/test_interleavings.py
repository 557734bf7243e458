"""Users who read and write at once: nobody sees another's rows, or their own as they were."""

import asyncio
import random
import time
from collections import Counter

import pytest

from tests.supabase.people import cached, world
from tests.supabase.slow_network import Held, jitter, relayed

pytestmark = pytest.mark.timeout(120)

SECONDS, PATIENCE = 5.0, 30.0
WRITES = 10
"""By each user, at least, before `PATIENCE` is at its end: a machine may be busy."""
PEOPLE = 3
READERS = 1
TABLE = "/rest/v1/conversations"
MESSAGES = "/rest/v1/messages"
KINDS = ("insert", "update", "update", "update", "delete", "delete", "upsert", "message", "message")
KINDS += ("rename",)


class Life:
    """One user's rows, written by nobody else; so what is right is what the server says now."""

    def __init__(self, there, person, dice):
        self.person = person
        self.past = there.past(person)
        self.dice = dice
        self.ids = []
        self.last = 0
        self.wanted = []
        self.seen = Counter()

    def reads(self):
        """Targets that choose rows in every way that a write may change."""
        some = self.dice.choice([*self.ids, self.last, self.last])
        account = self.dice.randint(1, 3)
        return [
            f"{TABLE}?select=*&order=id",
            f"{TABLE}?select=*&id=eq.{some}",
            f"{TABLE}?select=*&id=in.({some},{some + 1})&order=id",
            f"{TABLE}?select=*&account_id=eq.{account}&order=id",
            f"{TABLE}?select=*&user_id=eq.{self.person.id}&order=id",
            f"{TABLE}?select=*&title=eq.T{self.dice.randint(0, 3)}&order=id",
            f"{TABLE}?select=*&unread=gte.{self.dice.randint(0, 3)}&order=id",
            f"{TABLE}?select=*,accounts(name),messages(*)&order=id&messages.order=id",
            f"{MESSAGES}?select=*&conversation_id=eq.{some}&order=id",
            f"{MESSAGES}?select=*&order=id",
            f"{MESSAGES}?select=*,conversations(title,user_id)&order=id",
            "/rest/v1/rpc/unread_total",
        ]

    async def write(self):
        """One write of any kind, with the rows in its answer or without."""
        dice, back = self.dice, self.dice.random() < 0.5
        row = {
            "account_id": dice.randint(1, 3),
            "title": f"T{dice.randint(0, 3)}",
            "unread": dice.randint(0, 3),
        }
        some = self.last = dice.choice(self.ids) if self.ids else 0
        chosen = dice.choice((f"id=eq.{some}", f"title=eq.{row['title']}", "unread=gte.2"))
        changes = {name: row[name] for name in dice.sample(sorted(row), dice.randint(1, 3))}
        kind = dice.choice(KINDS)
        self.seen["write"] += 1
        if kind == "insert" or not some:
            made = await self.person.write("POST", TABLE, row, back=True)
            self.ids.append(made.data[0]["id"])
        elif kind == "update":
            await self.person.write("PATCH", f"{TABLE}?{chosen}", changes, back=back)
        elif kind == "delete" and len(self.ids) > 2:
            await self.person.write("DELETE", f"{TABLE}?id=eq.{some}", back=back)
            self.ids.remove(some)
        elif kind == "upsert":
            data, prefer = {"id": some, **row}, "resolution=merge-duplicates"
            await self.person.write("POST", TABLE, data, back=back, prefer=prefer)
        elif kind == "message":
            data = {"conversation_id": some, "body": row["title"]}
            await self.person.write("POST", MESSAGES, data, back=back)
        else:
            data = {"target": some, "new_title": row["title"]}
            await self.person.write("POST", "/rest/v1/rpc/rename", data)

    async def read(self, target):
        """Read by the sidecar; all rows must be this user's own.

        Raises:
            AssertionError: they are not.
        """
        answer = await self.person.get(target)
        assert answer.status == 200, answer
        self.seen["hit" if answer.is_hit else "miss"] += 1
        self.seen["joined"] += "collapsed" in answer.note
        rows = answer.data if isinstance(answer.data, list) else []
        assert {row["user_id"] for row in rows} <= {self.person.id}, target
        return answer.text

    async def live(self, until):
        """Write, and read what was written."""
        while time.monotonic() < until or self.seen["write"] < WRITES:
            self.wanted = self.dice.sample(self.reads(), 3)
            if self.dice.random() < 0.5:  # else they are under way when the write is
                await asyncio.gather(*(self.read(target) for target in self.wanted))
            await self.write()
            chosen = [*self.wanted, self.dice.choice(self.reads())]
            first = [await self.read(target) for target in chosen]
            past = await asyncio.gather(*(self.past.get(target) for target in chosen))
            again = await asyncio.gather(*(self.read(target) for target in chosen))
            for target, one, other, right in zip(chosen, first, again, past, strict=True):
                assert one == other == right.text, target

    async def look(self):
        """Only read, at the same time: it keeps answers, and has flights for others to join."""
        while True:
            await self.read(self.dice.choice(self.wanted or self.reads()))
            await asyncio.sleep(self.dice.uniform(0, 0.01))


SETTINGS = {
    "as shipped": cached(drops="[table]"),
    "by target too": cached(),
    "stale while asked anew": cached("{ttl: 100ms, tags: table, stale_while_revalidate: 1m}"),
}


@pytest.mark.parametrize("name", SETTINGS)
async def test_users_who_read_and_write_at_once_see_their_own_rows_as_they_are(shared, name):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    async with (
        relayed(shared.port, jitter(dice)) as relay,
        world(shared, *SETTINGS[name], by=relay) as there,
    ):
        lives = [Life(there, await there.user(), dice) for _ in range(PEOPLE)]
        looking = [asyncio.ensure_future(life.look()) for life in lives for _ in range(READERS)]
        until = time.monotonic() + SECONDS
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(life.live(until) for life in lives))
        finally:
            for task in looking:
                task.cancel()
            ended = await asyncio.gather(*looking, return_exceptions=True)
        assert [error for error in ended if isinstance(error, AssertionError)] == []
    seen = sum((life.seen for life in lives), Counter())
    print(seen)
    assert min(seen["hit"], seen["miss"]) > 50, seen
    assert seen["joined"] > 0, seen


async def test_a_session_that_ends_while_it_is_read_is_not_read_afterwards(shared):
    async with world(shared, *cached()) as there:
        for _ in range(8):
            user = await there.user()
            out = asyncio.Event()

            async def read(user=user, out=out):
                late = []
                while not late:
                    gone = out.is_set()
                    answer = await user.get("/auth/v1/user")
                    if gone:
                        late.append(answer.status)
                return late[0]

            readers = [asyncio.ensure_future(read()) for _ in range(6)]
            await asyncio.sleep(0.03)
            assert (await user.call("POST", "/auth/v1/logout")).status == 204
            out.set()
            assert await asyncio.gather(*readers) == [403] * 6


WRITES_OF = {
    "update": ("PATCH", f"{TABLE}?id=eq.{{id}}", {"title": "Second"}),
    "delete": ("DELETE", f"{TABLE}?id=eq.{{id}}", None),
    "insert": ("POST", TABLE, {"account_id": 1, "title": "Second"}),
    "function": ("POST", "/rest/v1/rpc/rename", {"target": 0, "new_title": "Second"}),
}


@pytest.mark.parametrize("back", [True, False], ids=["representation", "minimal"])
@pytest.mark.parametrize("name", WRITES_OF)
async def test_a_read_from_before_a_write_is_neither_joined_nor_kept_after_it(shared, name, back):
    method, target, values = WRITES_OF[name]
    held = Held(b"title=neq.Held")
    async with (
        relayed(shared.port, held) as relay,
        world(shared, *cached(drops="[table]"), by=relay) as there,
    ):
        user = await there.user()
        row = {"account_id": 1, "title": "First"}
        made = (await user.write("POST", TABLE, row, back=True)).data[0]
        read = f"{TABLE}?select=title&title=neq.Held&order=id"
        early = asyncio.ensure_future(user.get(read))
        await asyncio.wait_for(held.is_held.wait(), 10.0)
        data = {k: v or made["id"] for k, v in values.items()} if values else None
        await user.write(method, target.format(id=made["id"]), data, back=back)
        right = (await there.past(user).get(read)).text
        after = await user.get(read)
        held.let_go.set()
        assert after.text == right
        assert (await early).data == [{"title": "First"}]
        assert (await user.get(read)).text == right
