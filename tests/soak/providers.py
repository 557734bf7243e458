"""The simulated providers as a process of their own: told by lines on stdin how to be.

Each line is JSON: `{"mood": {"rows": "hangs"}}`, `{"life": 2}`, `{"tell": true}`. Each is answered
by a line with what was seen so far.
"""

import asyncio
import json
import sys
from random import Random
from typing import Any

from tests.simulation.journal import Journal
from tests.simulation.providers import Messages, Mood, Provider, Rows
from tests.support import wire


class _OnSockets(Provider):
    async def be(self, mood: str) -> None:
        """From now on."""
        if mood == "refused" and self.mood != "refused":
            await self.upstream.__aexit__(None, None, None)
            self.upstream.connections.clear()
        elif self.mood == "refused" and mood != "refused":
            await self.upstream.__aenter__()
        self.moods = [Mood(0.0, mood)]

    def reset(self, connection: Any) -> None:
        wire.reset(connection.transport)


class RealRows(_OnSockets, Rows):
    large = 2_000_000


class RealMessages(_OnSockets, Messages):
    """On sockets."""


async def main(rows_port: int, messages_port: int) -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    journal = Journal(loop.time)
    well = [Mood(0.0, "well")]
    providers: dict[str, _OnSockets] = {
        "rows": RealRows("rows", rows_port, "soak", journal, well),
        "messages": RealMessages("messages", messages_port, "soak", journal, well),
    }
    for each in providers.values():
        each.dice = Random(each.name)
        await each.upstream.__aenter__()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print("ready", flush=True)
    while line := await reader.readline():
        asked = json.loads(line)
        for name, mood in asked.get("mood", {}).items():
            await providers[name].be(mood)
        journal.life = asked.get("life", journal.life)
        told: dict[str, Any] = {"arrived": journal.counts["arrives"]}
        if asked.get("tell"):
            told["violations"] = journal.violations
            told["sent"] = dict(journal.sent)
            told["lanes"] = dict(journal.lanes)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
