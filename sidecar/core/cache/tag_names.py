"""Decides under which names tags are kept and told to others: as keyed digests.

A tag may hold what was asked for, such as a row's key, and it goes into stores and messages that
others can read. Knows which tags all sidecars give the same answers, and which they need not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from sidecar.core.cache.tables import ALL, ANY_WRITE

_HERE = "."
_FOREIGN = ".."
_TOLD = ">"
_EXACT = "@#=~"
"""With what the tags begin that depend on nothing but the request and the configuration."""


class Change(NamedTuple):
    """What a write drops, as tags that are kept."""

    here: tuple[str, ...]
    """In this process."""
    told: tuple[str, ...]
    """In all others that share its store."""


@dataclass(frozen=True, slots=True)
class TagNames:
    """The tags of one installation.

    Which columns rows are read by is learnt from traffic, so that two sidecars give an answer
    different tags of rows: those are of use to the one that gave them only.
    """

    secret: bytes
    """The same for all who share a store; at most 64 bytes."""

    def of(self, names: Iterable[str]) -> tuple[str, ...]:
        """The tags of an answer, as they are kept."""
        return tuple(map(self._digest, names))

    def change(self, names: Iterable[str]) -> Change:
        """What a write drops, given its tags and those that are only `for_others`."""
        mine: list[str] = []
        others: list[str] = []
        for name in names:
            (others if name.startswith(_TOLD) else mine).append(name.removeprefix(_TOLD))
        here = self.of(mine)
        told = (*filter(is_told, here), *self.of(others))
        return Change(here, tuple(dict.fromkeys(told)))

    def _digest(self, name: str) -> str:
        data = name.encode("utf-8", "surrogateescape")
        digest = blake2b(data, digest_size=12, key=self.secret, person=b"sidecar tag").hexdigest()
        return digest if _is_the_same_everywhere(name) else _HERE + digest


def for_others(name: str) -> str:
    """The tag, to be dropped by others and not here."""
    return _TOLD + name


def for_everybody(names: Iterable[str]) -> tuple[str, ...]:
    """The same tags, those for others to be dropped here too: of whole tables, not of rows.

    For a time at which rows may be known by other columns than now.
    """
    return tuple(name.removeprefix(_TOLD) for name in names)


def of_others(tags: Iterable[str]) -> tuple[str, ...]:
    """Further tags of an answer that another sidecar has stored, for those that others are told of.

    That one knew other columns than this one: what is dropped here row by row would not reach it.
    So a write here drops by these what it tells others to drop.
    """
    return tuple(_FOREIGN + tag for tag in tags if is_told(tag))


def is_told(tag: str) -> bool:
    """Whether others are told of a change of this tag, as it is kept."""
    return not tag.startswith(_HERE)


def _is_the_same_everywhere(name: str) -> bool:
    """Without the name of the upstream, the tags are those of `core/cache/tables.py`, and others.

    In doubt, yes: then it is told and looked up for nothing.
    """
    own = name.partition("/")[2] or name
    return own[0] in _EXACT or own in (ALL, ANY_WRITE) or own.endswith("!") or "/" not in name
