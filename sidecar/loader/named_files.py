"""Files that the configuration names: they must be there and readable when it is loaded.

Opens them and reads nothing: what is in them is judged by whoever uses them.
"""

from collections.abc import Iterator
from pathlib import Path as FilePath

from sidecar.loader.problems import Problem
from sidecar.loader.tree import Path, Table

_SERVER = ("certificate", "key")
_CLIENT = ("ca", "certificate", "key")


def unreadable_files(root: Table) -> list[Problem]:
    """A problem at each file name that cannot be opened."""
    return list(_unreadable(root))


def _unreadable(root: Table) -> Iterator[Problem]:
    yield from _in(root, ("listen", "tls"), (), _SERVER)
    for name, _, upstream in root.tables("upstreams"):
        yield from _in(upstream, ("tls",), ("upstreams", name), _CLIENT)


def _in(
    table: Table, place: tuple[str, ...], above: Path, keys: tuple[str, ...]
) -> Iterator[Problem]:
    for key in keys:
        leaf = table.leaf(*place, key)
        if leaf is None or not isinstance(leaf.value, str):
            continue
        try:
            FilePath(leaf.value).open("rb").close()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            message = f"this file cannot be read: {reason.lower()}"
            yield Problem(leaf.origin, (*above, *place, key), message)
