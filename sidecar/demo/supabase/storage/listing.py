"""What a folder holds: the objects and the sub-folders under a prefix, sorted and cut. Pure."""

from collections.abc import Mapping
from typing import Any

from sidecar.demo.supabase.storage.objects import Bucket, Object

Entry = dict[str, Any]


def listed(bucket: Bucket, asked: Mapping[str, Any]) -> list[Entry]:
    """The first version of the list: one folder, names relative to it."""
    prefix = str(asked.get("prefix") or "").strip("/")
    start = f"{prefix}/" if prefix else ""
    wanted = str(asked.get("search") or "").lower()
    found: dict[str, Entry] = {}
    for name, stored in bucket.objects.items():
        if not name.startswith(start):
            continue
        head, slash, _ = name[len(start) :].partition("/")
        if wanted in head.lower():
            found[head] = _folder(head) if slash else {**stored.described(), "name": head}
    order = asked.get("sortBy") or {}
    column = str(order.get("column") or "name")
    entries = sorted(found.values(), key=lambda entry: str(entry.get(column) or ""))
    if order.get("order") == "desc":
        entries.reverse()
    first = int(asked.get("offset") or 0)
    return entries[first : first + int(asked.get("limit") or 100)]


def paged(bucket: Bucket, asked: Mapping[str, Any]) -> Entry:
    """The second version: full names under a prefix, by cursor; folders on request."""
    prefix, limit = str(asked.get("prefix") or ""), int(asked.get("limit") or 1000)
    after = str(asked.get("cursor") or "")
    keys: dict[str, Object | None] = {}
    for name, stored in sorted(bucket.objects.items()):
        head, slash, _ = name[len(prefix) :].partition("/")
        if name.startswith(prefix):
            folder = slash and asked.get("with_delimiter")
            keys.setdefault(f"{prefix}{head}/" if folder else name, None if folder else stored)
    names = [name for name in keys if name > after]
    page = names[:limit]
    more = len(names) > limit
    return {
        "hasNext": more,
        "folders": [{"key": name, "name": name} for name in page if keys[name] is None],
        "objects": [
            {**one.described(), "key": name} for name in page if (one := keys[name]) is not None
        ],
        **({"nextCursor": page[-1]} if more else {}),
    }


def _folder(name: str) -> Entry:
    blank = ("id", "updated_at", "created_at", "last_accessed_at", "metadata")
    return {"name": name, **dict.fromkeys(blank)}
