"""What is known of one upstream's data: the tags of its answers, and those that its writes drop."""

from collections.abc import Callable, Collection, Iterable
from functools import partial

from sidecar.clock import Clock
from sidecar.config import Upstream
from sidecar.core.cache.generations import Tags
from sidecar.core.cache.model import Head
from sidecar.core.cache.purge import TABLE_PREFIX, target_tag
from sidecar.core.cache.row_keys import Holds
from sidecar.core.cache.rows_read import asked_of, is_complete, outlived, rows_of
from sidecar.core.cache.tables import ALL, TableRules, Tables, target_of
from sidecar.core.cache.tag_names import for_others
from sidecar.core.cache.targets import Targets, is_given_up
from sidecar.core.cache.told import tables_written
from sidecar.core.cache.writes import begin, write_tags
from sidecar.core.routing import RouteEntry
from sidecar.dialects.body import MOST, json_of
from sidecar.exchange import Request

TARGET, TABLE, CREDENTIAL = "target", "table", "credential"
"""Words of `cache.tags` and `invalidates` that are no names of tags."""


def basis_of(config: Upstream) -> object:
    """What the tags of stored answers follow from. With another one, no write would find them."""
    named = tuple((route.match, route.cache.tags) for route in config.routes)
    return config.url, config.tables, config.cache.tags, named


def tables_of(config: Upstream) -> Tables:
    """The tables of an upstream, of which nothing was seen yet."""
    rules = config.tables
    return Tables(TableRules(rules.functions, rules.views, rules.related))


class UpstreamTags:
    """The tags of one upstream. They begin with its name.

    `tables` knows by which columns rows were read, and is to live as long as the answers do.
    """

    def __init__(self, name: str, config: Upstream, tables: Tables, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._targets = Targets(config.url)
        self._tables = tables
        caches = (config.cache, *(route.cache for route in config.routes))
        self.is_cached = any(cache.is_on for cache in caches)
        self.names: Collection[str] = {
            tag for cache in caches for tag in cache.tags if tag != TABLE
        }
        """The names of `cache.tags`."""

    def __repr__(self) -> str:
        return f"<UpstreamTags {self._name}>"

    def read(self, route: RouteEntry, request: Request) -> tuple[str, ...]:
        """The tags of an answer."""
        named = route.config.cache.tags
        # of tables in any case: a write on another route may drop them
        tables = self._tables.read_tags(request)
        own = (f"#{tag}" for tag in named if tag != TABLE)
        exact = target_tag(request.target)
        return self._mine(*self._targets.read_tags(request), exact, *tables, *own)

    def answered(
        self,
        request: Request,
        head: Head,
        body: bytes,
        as_of: Callable[[Iterable[str]], Tags | None],
    ) -> tuple[str, ...]:
        """Look at the rows of an answer: which of its tags are of no use any more.

        Args:
            request: a read.
            head: of its answer.
            body: of its answer, whole.
            as_of: these tags as they were when the request was sent; None where what was read may
                have changed since.
        """
        asked = asked_of(self._tables, request) if len(body) <= MOST else None
        if asked is None or head.status not in (200, 206):
            return ()
        rows = rows_of(json_of(head.headers, body))
        if self._tables.keys.is_wanted(asked.table):
            stamp = as_of(self._mine(ALL, asked.table + "!"))
            if stamp is not None:
                self._tables.keys.learn(asked.table, rows, stamp, self._clock.now())
        return self._mine(outlived(asked)) if is_complete(asked, rows) else ()

    def begin(self, route: RouteEntry, request: Request) -> Callable[[], None]:
        """A write is about to be made; it ends what is returned before `written` is asked."""
        return begin(self._tables, request) if TABLE in route.config.invalidates else _nothing

    def written(
        self,
        route: RouteEntry,
        request: Request,
        head: Head | None,
        body: bytes | None,
        holds: Holds,
    ) -> tuple[str, ...]:
        """The tags that a write bumps, but for whoever asks.

        Args:
            route: where it came in.
            request: the write.
            head: of its answer; None where there is none.
            body: of its answer, where it is known.
            holds: whether nothing with these tags has changed.
        """
        named = route.config.invalidates
        found = [f"#{tag}" for tag in named if tag not in (TARGET, TABLE, CREDENTIAL)]
        of_tables = TABLE in named and target_of(request) is not None
        if TARGET in named or (TABLE in named and not of_tables):  # where no table is told
            found += self._targets.written_tags(request, head)
        if not of_tables:
            return self._mine(*found)
        known = partial(self._tables.keys.values, holds=holds, now=self._clock.now())
        sure = head is not None and head.status < 500 and not is_given_up(head.status)
        found += write_tags(self._tables, request, body, known, sure=sure)
        others = map(for_others, self._mine(*tables_written(self._tables, request)))
        return (*self._mine(*found), *others)

    def called(self, tag: str) -> tuple[str, ...]:
        """The tags of what people call so: a name of `cache.tags`, or `table:` and a table."""
        if tag.startswith(TABLE_PREFIX):
            tables = self._tables.made_from(tag.removeprefix(TABLE_PREFIX))
            return self._mine(*(f"{table}!" for table in tables))
        return self._mine(f"#{tag}")

    def at(self, target: str) -> tuple[str, ...]:
        """The tag of the answers to one target."""
        return self._mine(target_tag(target))

    def _mine(self, *tags: str) -> tuple[str, ...]:
        return tuple(f"{self._name}/{tag}" for tag in tags)


def _nothing() -> None:
    return None
