"""What somebody wants gone from the cache, and which stored answers that is. Pure."""

from typing import Literal, NamedTuple, TypeAlias

from sidecar.core.cache.model import Entry

TABLE_PREFIX = "table:"
"""With what the name of a PostgREST table begins where a tag is asked for."""


class Scope(NamedTuple):
    """What to purge, as people say it. All empty: everything."""

    upstream: str = ""
    """One upstream, or all."""
    prefix: str = ""
    """Of paths at the upstream."""
    tag: str = ""
    """A name of `cache.tags`, or `table:` and the name of a table."""
    url: str = ""
    """Path and query at the proxy listener, `/supabase/rest/v1/x?id=eq.1`; for whoever asked."""


class Purge(NamedTuple):
    """What is to go: what carries one of these tags; without any, what is below the path."""

    tags: tuple[str, ...] = ()
    """As they are kept."""
    upstream: str = ""
    prefix: str = ""

    def meets(self, entry: Entry) -> bool:
        """Whether this answer is meant."""
        if self.tags:
            return any(tag in self.tags for tag, _ in entry.tags)
        return self.upstream in ("", entry.upstream) and entry.path.startswith(self.prefix)


Others: TypeAlias = Literal["none", "told", "later"]
"""Whether other sidecars know. `none`: nothing is told; `later`: once the shared store is up."""


class Cleared(NamedTuple):
    """What a purge came to."""

    entries: int
    """Answers in the memory of this process that it met."""
    bytes: int
    refreshed: int
    """How many of them are fetched again."""
    others: Others


def target_tag(target: str) -> str:
    """The tag of the answers to one target, whoever asked, in whatever order its query is."""
    path, mark, query = target.partition("?")
    return f"={path}{mark}{'&'.join(sorted(query.split('&')))}"
