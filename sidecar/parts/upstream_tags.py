"""What is known of one upstream's data: the tags of its answers, and those that its writes drop."""

from collections.abc import Collection

from sidecar.config import Upstream
from sidecar.core.cache.model import Head
from sidecar.core.cache.purge import TABLE_PREFIX, target_tag
from sidecar.core.cache.tables import TableRules, Tables
from sidecar.core.cache.tag_names import for_others
from sidecar.core.cache.targets import Targets
from sidecar.core.cache.told import tables_written
from sidecar.core.cache.writes import write_tags
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Request

TARGET, TABLE, CREDENTIAL = "target", "table", "credential"
"""Words of `cache.tags` and `invalidates` that are no names of tags."""


class UpstreamTags:
    """The tags of one upstream. They begin with its name."""

    def __init__(self, name: str, config: Upstream) -> None:
        self._name = name
        self._targets = Targets(config.url)
        tables = config.tables
        self._tables = Tables(TableRules(tables.functions, tables.views, tables.related))
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

    def written(
        self, route: RouteEntry, request: Request, head: Head | None, body: bytes | None
    ) -> tuple[str, ...]:
        """The tags that a write bumps, but for whoever asks."""
        named = route.config.invalidates
        found = [f"#{tag}" for tag in named if tag not in (TARGET, TABLE, CREDENTIAL)]
        if TARGET in named:
            found += self._targets.written_tags(request, head)
        if TABLE not in named:
            return self._mine(*found)
        found += write_tags(self._tables, request, body)
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
