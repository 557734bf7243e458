"""`/storage/v1/…` over HTTP: buckets, objects, lists, signed and public URLs.

Every key may read and write everything: this project has no storage policies. Images are not
resized: `render/image` serves the original.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from sidecar.demo.supabase.caller import caller_of
from sidecar.demo.supabase.encoding import json_answer
from sidecar.demo.supabase.jwt import BadTokenError
from sidecar.demo.supabase.project import PROJECT
from sidecar.demo.supabase.storage import buckets, tus
from sidecar.demo.supabase.storage.asked import Asked, read_json
from sidecar.demo.supabase.storage.download import served
from sidecar.demo.supabase.storage.listing import listed, paged
from sidecar.demo.supabase.storage.objects import StorageError
from sidecar.demo.supabase.storage.signed import check_token, sign_download, sign_upload
from sidecar.demo.supabase.storage.upload import received
from sidecar.demo.supabase.target import Target

Handler = Callable[[Asked], Awaitable[web.StreamResponse]]


async def handle(request: web.Request, target: Target) -> web.StreamResponse:
    """Answer a request below `/storage/v1`; errors in the storage server's shape."""
    project, path = request.app[PROJECT], target.segments[2:]
    try:
        if path[:2] == ("upload", "resumable"):
            _check_key(request, target, project.now())
            return await tus.handle(request, project.store, target)
        if path[:1] == ("bucket",):
            _check_key(request, target, project.now())
            body = await read_json(request)
            return json_answer(
                request, buckets.answer(project.store, request.method, path[1:], body)
            )
        kind, handler, rest = _route(request.method, path)
        if kind not in ("public", "sign", "upload/sign") or request.method == "POST":
            _check_key(request, target, project.now())
        return await handler(Asked(request, project.store, project.now(), target, rest))
    except StorageError as error:
        body = {"statusCode": str(error.status), "error": error.error, "message": str(error)}
        return json_answer(request, body, status=error.http)


def _route(method: str, path: tuple[str, ...]) -> tuple[str, Handler, tuple[str, ...]]:
    if path[:2] == ("render", "image"):
        path = ("object", *path[2:])
    if path[:1] != ("object",) or len(path) < 2:
        raise StorageError(404, "not_found", "Route not found", http=404)
    method = "GET" if method == "HEAD" else method
    for size in (2, 1):
        kind = "/".join(path[1 : 1 + size])
        if handler := _HANDLERS.get((method, kind)):
            return kind, handler, path[1 + size :]
    if handler := _HANDLERS.get((method, "")):
        return "", handler, path[1:]
    raise StorageError(404, "not_found", f"Route {method} not found", http=404)


def _check_key(request: web.Request, target: Target, now: float) -> None:
    key = request.headers.get("apikey") or target.last("apikey")
    authorization = request.headers.get("Authorization")
    if not key and not authorization:
        message = "headers must have required property 'authorization'"
        raise StorageError(400, "Error", message)
    try:
        caller_of(authorization, key, now)
    except BadTokenError as error:
        raise StorageError(403, "Unauthorized", str(error)) from None


async def _download(asked: Asked) -> web.StreamResponse:
    one = asked.store.bucket(asked.bucket).object(asked.name)
    return served(asked.request, one, asked.target)


async def _download_public(asked: Asked) -> web.StreamResponse:
    if not asked.store.bucket(asked.bucket).public:
        raise StorageError(404, "Bucket not found", "Bucket not found")
    return await _download(asked)


async def _download_signed(asked: Asked) -> web.StreamResponse:
    check_token(asked, f"{asked.bucket}/{asked.name}", upload=False)
    return await _download(asked)


async def _upload(asked: Asked) -> web.StreamResponse:
    upsert = asked.request.headers.get("x-upsert", "") == "true"
    return await _keep(asked, upsert=upsert or asked.request.method == "PUT")


async def _upload_signed(asked: Asked) -> web.StreamResponse:
    claims = check_token(asked, f"{asked.bucket}/{asked.name}", upload=True)
    return await _keep(asked, upsert=bool(claims.get("upsert")))


async def _keep(asked: Asked, *, upsert: bool) -> web.StreamResponse:
    upload = await received(asked.request)
    one = asked.store.put(
        asked.bucket,
        asked.name,
        upload.data,
        upload.mime,
        cache_control=upload.cache_control,
        metadata=upload.metadata,
        upsert=upsert,
    )
    key = f"{asked.bucket}/{asked.name}"
    return json_answer(asked.request, {"Id": one.id, "Key": key})


async def _list(asked: Asked) -> web.StreamResponse:
    bucket = asked.store.bucket(asked.bucket)
    return json_answer(asked.request, listed(bucket, await asked.json()))


async def _list_v2(asked: Asked) -> web.StreamResponse:
    bucket = asked.store.bucket(asked.bucket)
    return json_answer(asked.request, paged(bucket, await asked.json()))


async def _info(asked: Asked) -> web.StreamResponse:
    one = asked.store.bucket(asked.bucket).object(asked.name)
    return json_answer(asked.request, buckets.info(asked.bucket, one))


async def _remove(asked: Asked) -> web.StreamResponse:
    bucket = asked.store.bucket(asked.bucket)
    if asked.name:
        bucket.object(asked.name)
        bucket.remove([asked.name])
        return json_answer(asked.request, {"message": "Successfully deleted"})
    removed = bucket.remove((await asked.json()).get("prefixes") or [])
    return json_answer(asked.request, [one.described() for one in removed])


async def _copy(asked: Asked) -> web.StreamResponse:
    given = await asked.json()
    source, new = str(given.get("bucketId")), str(given.get("destinationKey"))
    target = str(given.get("destinationBucket") or source)
    old = str(given.get("sourceKey"))
    upsert = asked.request.headers.get("x-upsert", "") == "true"
    one = asked.store.copy(source, old, target, new, upsert=upsert)
    if asked.target.segments[3] == "move":
        asked.store.bucket(source).remove([old])
        return json_answer(asked.request, {"message": "Successfully moved"})
    return json_answer(asked.request, {"Id": one.id, "Key": f"{target}/{new}"})


_HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", ""): _download,
    ("GET", "authenticated"): _download,
    ("GET", "public"): _download_public,
    ("GET", "sign"): _download_signed,
    ("GET", "info"): _info,
    ("GET", "info/public"): _info,
    ("GET", "info/authenticated"): _info,
    ("POST", ""): _upload,
    ("PUT", ""): _upload,
    ("POST", "list"): _list,
    ("POST", "list-v2"): _list_v2,
    ("POST", "sign"): sign_download,
    ("POST", "upload/sign"): sign_upload,
    ("PUT", "upload/sign"): _upload_signed,
    ("POST", "move"): _copy,
    ("POST", "copy"): _copy,
    ("DELETE", ""): _remove,
}
