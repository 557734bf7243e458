"""Buckets and objects of the storage server, in memory. No HTTP in here."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sidecar.demo.supabase.ids import EPOCH, Ids, zulu

SIZE_LIMIT = 50 * 1024 * 1024
"""Bytes of the largest object."""
KEPT = 256 * 1024 * 1024
"""Bytes that all objects may take; more is refused."""


class StorageError(Exception):
    """A refusal of the storage server. HTTP says 400; the real status is in the body."""

    def __init__(self, status: int, error: str, message: str, *, http: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.http = http


@dataclass(slots=True)
class Object:
    """One stored file."""

    id: str
    version: str
    name: str
    data: bytes
    mime: str
    cache_control: str
    created: float
    changed: float
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """The entity tag, in quotes: MD5 of the content, as an S3 store makes it."""
        return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'

    def described(self) -> dict[str, Any]:
        """As lists show it."""
        return {
            "name": self.name,
            "id": self.id,
            "updated_at": zulu(self.changed),
            "created_at": zulu(self.created),
            "last_accessed_at": zulu(self.created),
            "metadata": {
                "eTag": self.etag,
                "size": len(self.data),
                "mimetype": self.mime,
                "cacheControl": self.cache_control,
                "lastModified": zulu(self.changed),
                "contentLength": len(self.data),
                "httpStatusCode": 200,
            },
        }


@dataclass(slots=True)
class Bucket:
    """A named set of objects."""

    id: str
    public: bool
    size_limit: int | None
    mime_types: list[str] | None
    created: float
    changed: float
    objects: dict[str, Object] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "name": self.id,
            "owner": "",
            "public": self.public,
            "type": "STANDARD",
            "file_size_limit": self.size_limit,
            "allowed_mime_types": self.mime_types,
            "created_at": zulu(self.created),
            "updated_at": zulu(self.changed),
        }

    def object(self, name: str) -> Object:
        """The object, or 404."""
        if name not in self.objects:
            raise StorageError(404, "not_found", "Object not found")
        return self.objects[name]

    def remove(self, names: Iterable[str]) -> list[Object]:
        """Take objects away; those that are not there are passed over."""
        return [self.objects.pop(name) for name in names if name in self.objects]


@dataclass(slots=True)
class Partial:
    """A resumable upload that is not complete."""

    meta: dict[str, str]
    size: int
    upsert: bool
    data: bytearray = field(default_factory=bytearray)


class Store:
    """Every bucket. Two are there at first: `media` (private) and `public`."""

    def __init__(self, ids: Ids, now: Callable[[], float]) -> None:
        self._ids, self._now = ids, now
        self.buckets = {
            name: Bucket(name, name == "public", None, None, EPOCH, EPOCH)
            for name in ("media", "public")
        }
        self.partial: dict[str, Partial] = {}
        text = b"Hello from the simulated storage.\n" * 40
        self.put("public", "welcome.txt", text, "text/plain;charset=UTF-8")

    def bucket(self, name: str) -> Bucket:
        """The bucket, or 404."""
        if name not in self.buckets:
            raise StorageError(404, "Bucket not found", "Bucket not found")
        return self.buckets[name]

    def create(self, name: str, options: dict[str, Any]) -> None:
        """A new bucket."""
        if not name or "/" in name:
            raise StorageError(400, "InvalidBucketName", "Bucket name invalid")
        if name in self.buckets:
            raise StorageError(409, "Duplicate", "The resource already exists")
        now = self._now()
        self.buckets[name] = Bucket(name, False, None, None, now, now)
        self.change(name, options)

    def change(self, name: str, options: dict[str, Any]) -> None:
        """Set what `options` names of a bucket."""
        bucket = self.bucket(name)
        bucket.public = bool(options.get("public", bucket.public))
        bucket.size_limit = options.get("file_size_limit", bucket.size_limit)
        bucket.mime_types = options.get("allowed_mime_types", bucket.mime_types)
        bucket.changed = self._now()

    def delete(self, name: str) -> None:
        """Remove an empty bucket."""
        if self.bucket(name).objects:
            message = "The bucket you tried to delete is not empty"
            raise StorageError(409, "InvalidRequest", message)
        del self.buckets[name]

    def put(
        self,
        bucket: str,
        name: str,
        data: bytes,
        mime: str,
        *,
        cache_control: str = "max-age=3600",
        metadata: dict[str, Any] | None = None,
        upsert: bool = False,
    ) -> Object:
        """Keep an object.

        Raises:
            StorageError: it exists and `upsert` is false, its name, size or type is not allowed.
        """
        where = self.bucket(bucket)
        before = where.objects.get(name)
        if before and not upsert:
            raise StorageError(409, "Duplicate", "The resource already exists")
        self._check(where, name, len(data), mime)
        now = self._now()
        identity, created = (before.id, before.created) if before else (self._id(), now)
        where.objects[name] = Object(
            identity, self._id(), name, data, mime, cache_control, created, now, metadata or {}
        )
        return where.objects[name]

    def copy(self, source: str, name: str, target: str, new: str, *, upsert: bool) -> Object:
        """A second object with the same content."""
        one = self.bucket(source).object(name)
        return self.put(
            target,
            new,
            one.data,
            one.mime,
            cache_control=one.cache_control,
            metadata=one.metadata,
            upsert=upsert,
        )

    def begin(self, meta: dict[str, str], size: int, *, upsert: bool) -> str:
        """Start a resumable upload of `size` bytes; its key."""
        bucket, name = self.bucket(meta["bucketName"]), meta["objectName"]
        self._check(bucket, name, size, meta.get("contentType", ""))
        if name in bucket.objects and not upsert:
            raise StorageError(409, "Duplicate", "The resource already exists", http=409)
        key = self._ids.token("upload", 18)
        self.partial[key] = Partial(meta, size, upsert)
        return key

    def finish(self, key: str) -> None:
        """Make an object of a resumable upload that is complete."""
        part = self.partial.pop(key)
        self.put(
            part.meta["bucketName"],
            part.meta["objectName"],
            bytes(part.data),
            part.meta.get("contentType", "application/octet-stream"),
            cache_control=f"max-age={part.meta.get('cacheControl', '3600')}",
            upsert=part.upsert,
        )

    def _check(self, bucket: Bucket, name: str, size: int, mime: str) -> None:
        if not name or name.startswith("/") or "\\" in name:
            raise StorageError(400, "InvalidKey", f"Invalid key: {name}")
        if size > min(bucket.size_limit or SIZE_LIMIT, SIZE_LIMIT):
            message = "The object exceeded the maximum allowed size"
            raise StorageError(413, "Payload too large", message)
        kept = sum(len(one.data) for each in self.buckets.values() for one in each.objects.values())
        if kept + size > KEPT:
            raise StorageError(413, "Payload too large", "The simulated storage is full")
        if bucket.mime_types and mime.partition(";")[0] not in bucket.mime_types:
            raise StorageError(415, "invalid_mime_type", f"mime type {mime} is not supported")

    def _id(self) -> str:
        return self._ids.uuid("object")
