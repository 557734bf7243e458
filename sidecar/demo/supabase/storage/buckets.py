"""`/storage/v1/bucket…`, and how one object is described. No HTTP types in here."""

from typing import Any

from sidecar.demo.supabase.ids import zulu
from sidecar.demo.supabase.storage.objects import Object, StorageError, Store


def answer(store: Store, method: str, path: tuple[str, ...], body: dict[str, Any]) -> Any:
    """What a request about buckets is answered; `path` is what follows `bucket`.

    Raises:
        StorageError: there is no such bucket, or no such route.
    """
    name = path[0] if path else ""
    match method, len(path), path[1:]:
        case "GET", 0, _:
            return [bucket.described() for bucket in store.buckets.values()]
        case "POST", 0, _:
            name = str(body.get("name") or body.get("id") or "")
            store.create(name, body)
            return {"name": name}
        case "GET", 1, _:
            return store.bucket(name).described()
        case "PUT", 1, _:
            store.change(name, body)
            return {"message": "Successfully updated"}
        case "DELETE", 1, _:
            store.delete(name)
            return {"message": "Successfully deleted"}
        case "POST", 2, ("empty",):
            store.bucket(name).objects.clear()
            return {"message": "Successfully emptied"}
    raise StorageError(404, "not_found", f"Route {method} not found", http=404)


def info(bucket: str, one: Object) -> dict[str, Any]:
    """All that is known about an object."""
    return {
        "id": one.id,
        "name": one.name,
        "version": one.version,
        "bucket_id": bucket,
        "size": len(one.data),
        "content_type": one.mime,
        "cache_control": one.cache_control,
        "etag": one.etag,
        "metadata": one.metadata,
        "last_modified": zulu(one.changed),
        "created_at": zulu(one.created),
    }
