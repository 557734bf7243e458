"""Edits a delivery in a Redis server. What is in hand or being sent is left alone."""

from sidecar.spool.records import Records, Unusable
from sidecar.spool.redis_rows import instant
from sidecar.spool.redis_server import SpoolServer
from sidecar.spool.values import Edit, SpoolDamaged


async def edit(
    server: SpoolServer, records: Records, delivery_id: str, now: float, change: Edit
) -> bool:
    """Change it, if nobody has it in hand.

    Raises:
        SpoolDamaged: only a part of the request is to be changed, and it cannot be read.
    """
    if not any(value is not None for value in change):
        return False
    changes: list[str | bytes] = []
    if change.target is not None:
        changes += ["target", records.target(delivery_id, change.target)]
    if change.headers is not None or change.body is not None:
        changes += await _request(server, records, delivery_id, change)
    if change.expires_at is not None:
        changes += ["expires_at", instant(change.expires_at)]
    if change.note is not None:
        changes += ["note", change.note]
    only_note = "1" if change.only_note else ""
    due = "" if change.not_before is None else instant(change.not_before)
    asked = (delivery_id, instant(now), only_note, due, *changes)
    return bool(await server.run("edit", *asked, again=True))


async def _request(
    server: SpoolServer, records: Records, delivery_id: str, change: Edit
) -> list[str | bytes]:
    """The fields of a request of which something is changed."""
    headers, body = change.headers, change.body
    if headers is None or body is None:
        found = await server.ask("HGET", f"{server.base}d:{delivery_id}", "request")
        try:
            old_headers, old_body = records.read_request(delivery_id, found) if found else ([], b"")
        except Unusable as error:
            raise SpoolDamaged(f"a delivery cannot be read: {error}") from error
        headers = old_headers if headers is None else headers
        body = old_body if body is None else body
    return ["request", records.request(delivery_id, headers, body), "size", str(len(body))]
