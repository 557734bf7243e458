"""Takes another configuration: reads it, says what is new in it, has it put in force, or not.

One at a time. Whatever is wrong with it, the one before stays in force, and that is said. How a
configuration is read and put in force is the caller's.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.core.config_diff import differences
from sidecar.telemetry import logs
from sidecar.telemetry.reload_stats import ReloadStats
from sidecar.watching import Digests, digests

_faults = logging.getLogger("sidecar.fault")
_SHOWN = 50
"""Lines of one change that are logged; the result has all of them."""


class Fresh(NamedTuple):
    """A configuration as it is written now."""

    config: Config
    files: Sequence[Path] = ()
    """What it was read from."""
    place: Callable[[tuple[str, ...]], str] = ".".join
    """`file:line:col` of a value, by its path."""
    origins: Mapping[tuple[str | int, ...], object] | None = None
    """Where each value comes from, as a text for people, by its path."""
    warnings: Sequence[str] = ()
    """What it can be used in spite of."""


class Unusable(Exception):
    """What is written cannot be used.

    Args:
        errors: `file:line:col: error: …`, one each; without a credential.
    """

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


Source = Callable[[], Fresh]
"""Reads the configuration anew; raises Unusable. It may block: it is called in a thread."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a reload."""

    ok: bool
    at: float
    """Unix seconds."""
    changes: tuple[str, ...] = ()
    """What is in force now that was not before; where it was refused, what was asked for."""
    errors: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """For the summary of the admin listener."""
        error = "\n".join(self.errors) or None
        return {"ok": self.ok, "at": self.at, "error": error, "changes": list(self.changes)}


class NotNow(Exception):
    """It was not even tried: there is nothing to read, or the sidecar stops. Says why."""


class Reloading:
    """The configuration in force, and the reloads that have changed it.

    Args:
        first: the one that the sidecar starts with.
        source: reads it anew; None where it came from no file.
        adopt: puts another in force, wholly, and says what else has changed; or raises OSError,
            and has changed nothing.
        clock: says when.
    """

    def __init__(
        self,
        first: Fresh,
        source: Source | None,
        adopt: Callable[[Config], Awaitable[Sequence[str]]],
        clock: Clock,
    ) -> None:
        self.config, self.origins = first.config, first.origins
        """The one in force, and where its values come from."""
        self.generation = 1
        self.loaded_at = clock.wall()
        self.last: Outcome | None = None
        self.stats = ReloadStats(success_at=self.loaded_at)
        self.seen: Digests = digests(first.files)
        self._source = source
        self._adopt = adopt
        self._clock = clock
        self._turn = asyncio.Lock()
        self._begun = asyncio.Event()
        self._stopped = False
        self._tasks: set[asyncio.Task[Outcome]] = set()

    def __repr__(self) -> str:
        return f"<Reloading generation {self.generation}, {self.last!r}>"

    @property
    def is_possible(self) -> bool:
        """Whether the configuration came from something that can be read again."""
        return self._source is not None

    @property
    def every(self) -> float | None:
        """How often the files are to be looked at, in seconds; None while nobody wants it."""
        return self.config.reload.every if self.config.reload.watch else None

    async def reload(self, why: str) -> Outcome:
        """Read the configuration, and put it in force if it can be used.

        It goes on when the caller is cancelled: nothing is left half-done.

        Args:
            why: `signal`, `file` or `admin`.

        Raises:
            NotNow: the configuration came from no file, or the sidecar stops.
        """
        if self._source is None:
            raise NotNow("the sidecar was started without a configuration file")
        return await asyncio.shield(self._begin(self._source, why))

    async def attempt(self, why: str) -> Outcome | None:
        """The same; None where it cannot even be tried."""
        try:
            return await self.reload(why)
        except NotNow:
            return None

    def soon(self, why: str) -> None:
        """The same beside all else, for a handler of signals."""
        if self._source is not None:
            self._begin(self._source, why)

    def _begin(self, source: Source, why: str) -> asyncio.Task[Outcome]:
        task = asyncio.get_running_loop().create_task(self._reload(source, why))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Outcome]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits for it is told

    def begin(self) -> None:
        """The sidecar serves; reloads that were asked for before are made now."""
        self._begun.set()

    async def stop(self) -> None:
        """Take no other configuration any more; one that is about to be taken still is."""
        self._stopped = True
        self._begun.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _reload(self, source: Source, why: str) -> Outcome:
        await self._begun.wait()
        async with self._turn:
            if self._stopped:
                raise NotNow("the sidecar is stopping")
            changes: list[str] = []
            try:
                fresh = await asyncio.to_thread(self._read, source)
                changes = self._compare(fresh)
                changes += await self._adopt(fresh.config)
            except Unusable as error:
                return self._refused(why, error.errors, changes)
            except OSError as error:
                return self._refused(why, (f"error: {error}",), changes)
            except Exception as fault:
                _faults.error("a reload failed inside the sidecar", exc_info=fault)
                return self._refused(why, ("error: a fault of the sidecar; see its log",), changes)
            return self._taken(why, fresh, changes)

    def _read(self, source: Source) -> Fresh:
        """In a thread. What is looked at is noted before it is read: what changes later is news."""
        self.seen = digests(tuple(self.seen))
        fresh = source()
        self.seen = {**digests(fresh.files), **_only(self.seen, fresh.files)}
        return fresh

    def _compare(self, fresh: Fresh) -> list[str]:
        """What is new in it.

        Raises:
            Unusable: something of it needs a restart.
        """
        found = differences(self.config, fresh.config)
        fixed = [each for each in found if each.needs_restart]
        if fixed:
            raise Unusable(
                [f"{fresh.place(each.path)}: error: {each} (needs a restart)" for each in fixed]
            )
        return [str(each) for each in found]

    def _taken(self, why: str, fresh: Fresh, changes: Sequence[str]) -> Outcome:
        self.config, self.origins = fresh.config, fresh.origins
        self.generation += 1
        self.loaded_at = self._clock.wall()
        self.stats.taken(self.loaded_at)
        self.last = Outcome(ok=True, at=self.loaded_at, changes=tuple(changes))
        logs.event("config_reloaded", by=why, changes=len(changes), generation=self.generation)
        for line in fresh.warnings[:_SHOWN]:
            logs.event("config_warning", "warning", warning=line)
        for line in changes[:_SHOWN]:
            logs.event("config_changed", change=line)
        return self.last

    def _refused(self, why: str, errors: Sequence[str], changes: Sequence[str]) -> Outcome:
        self.stats.refused()
        self.last = Outcome(
            ok=False, at=self._clock.wall(), changes=tuple(changes), errors=tuple(errors)
        )
        logs.event("config_refused", "error", by=why, errors=len(errors))
        for line in errors[:_SHOWN]:
            logs.event("config_error", "error", error=line)
        return self.last


def _only(seen: Digests, files: Sequence[Path]) -> Digests:
    return {each: digest for each, digest in seen.items() if each in files}
