"""supabase-py: storage and edge functions."""

import hashlib
from typing import Any

import httpx
from supabase_functions.utils import FunctionRegion

BIG = bytes(range(256)) * 4096
"""1 MiB in which the position tells the byte."""


def _bucket(c: Any) -> Any:
    return c.service.storage.from_("files")


def _fetch(c: Any, url: str, **headers: str) -> Any:
    answer = httpx.get(url, headers=headers, trust_env=False)
    kept = ("content-type", "content-range", "etag", "cache-control", "content-disposition")
    shown = {name: answer.headers[name] for name in kept if name in answer.headers}
    return {"status": answer.status_code, "headers": shown, "text": answer.text[:200]}


def _conditional(c: Any) -> list[Any]:
    url = f"{c.base_url}/storage/v1/object/public/public/welcome.txt"
    whole = _fetch(c, url)
    return [
        whole,
        _fetch(c, url, **{"If-None-Match": whole["headers"]["etag"]}),
        _fetch(c, url, Range="bytes=6-9"),
        _fetch(c, url, Range="bytes=-8"),
        _fetch(c, url, Range="bytes=99999-"),
    ]


def _signed(c: Any) -> list[Any]:
    url = _bucket(c).create_signed_url("dir x/ünï(1).bin", 60)["signedURL"]
    named = _bucket(c).create_signed_url("dir x/ünï(1).bin", 60, {"download": "a b.bin"})
    return [
        url,
        _fetch(c, url),
        _fetch(c, named["signedURL"]),
        _fetch(c, url.replace("token=", "token=x")),
    ]


def _signed_upload(c: Any) -> list[Any]:
    made = _bucket(c).create_signed_upload_url("in/by-token.txt")
    kept = c.anon.storage.from_("files").upload_to_signed_url(
        "in/by-token.txt", made["token"], b"by token", {"content-type": "text/plain"}
    )
    return [made, kept.dict(), _bucket(c).download("in/by-token.txt")]


def _upload(path: str, data: bytes, **options: str) -> Any:
    def check(c: Any) -> Any:
        kept = _bucket(c).upload(path, data, options)
        return [kept.path, kept.full_path]

    return check


def _sum(data: bytes) -> list[Any]:
    return [len(data), hashlib.sha256(data).hexdigest()]


def _stamped(c: Any) -> Any:
    info = _bucket(c).info("dir x/ünï(1).bin")
    return {key: value for key, value in info.items() if key not in ("id", "version")}


def _echo(c: Any, **options: Any) -> Any:
    """What the function received: the headers that every way must leave alone."""
    seen = c.anon.functions.invoke("echo", {"responseType": "json", **options})
    changed = ("host", "connection")
    seen["headers"] = [pair for pair in seen["headers"] if pair[0].lower() not in changed]
    return seen


CHECKS = {
    "storage: buckets": lambda c: [b.id for b in c.service.storage.list_buckets()],
    "storage: create": lambda c: c.service.storage.create_bucket("files"),
    "storage: create again": lambda c: c.service.storage.create_bucket("files"),
    "storage: get": lambda c: c.service.storage.get_bucket("files"),
    "storage: get none": lambda c: c.service.storage.get_bucket("nothing"),
    "storage: update": lambda c: c.service.storage.update_bucket("files", {"public": True}),
    "storage: upload": _upload(
        "dir x/ünï(1).bin", b"\x00\xffbytes", **{"content-type": "image/png", "cache-control": "60"}
    ),
    "storage: upload again": _upload("dir x/ünï(1).bin", b"other"),
    "storage: upsert": _upload("dir x/ünï(1).bin", b"other", upsert="true"),
    "storage: odd name": _upload("dir x/a+b;v=1,2@&c.txt", b"odd"),
    "storage: empty": _upload("empty.bin", b""),
    "storage: upload 1 MiB": _upload("big.bin", BIG),
    "storage: download 1 MiB": lambda c: _sum(_bucket(c).download("big.bin")),
    "storage: download odd name": lambda c: _bucket(c).download("dir x/a+b;v=1,2@&c.txt"),
    "storage: download none": lambda c: _bucket(c).download("nothing.bin"),
    "storage: info": _stamped,
    "storage: exists": lambda c: [_bucket(c).exists("big.bin"), _bucket(c).exists("no.bin")],
    "storage: replace": lambda c: _bucket(c).update("empty.bin", b"not empty").path,
    "storage: list": lambda c: _bucket(c).list("dir x"),
    "storage: list root": lambda c: _bucket(c).list(
        "", {"limit": 2, "offset": 1, "sortBy": {"column": "name", "order": "desc"}}
    ),
    "storage: list by cursor": lambda c: _bucket(c).list_v2({"limit": 2, "prefix": ""}),
    "storage: copy": lambda c: _bucket(c).copy("big.bin", "copy/of big.bin"),
    "storage: move": lambda c: _bucket(c).move("empty.bin", "moved/full.bin"),
    "storage: move none": lambda c: _bucket(c).move("nothing", "x"),
    "storage: signed URL": _signed,
    "storage: signed URLs": lambda c: _bucket(c).create_signed_urls(["big.bin", "none"], 60),
    "storage: signed upload": _signed_upload,
    "storage: public URL": lambda c: _bucket(c).get_public_url(
        "dir x/ünï(1).bin", {"download": True}
    ),
    "storage: public object": lambda c: _fetch(c, _bucket(c).get_public_url("dir x/ünï(1).bin")),
    "storage: private object": lambda c: _fetch(
        c, c.anon.storage.from_("media").get_public_url("x.bin")
    ),
    "storage: conditional and ranges": _conditional,
    "storage: remove": lambda c: _bucket(c).remove(["big.bin", "nothing"]),
    "storage: delete while full": lambda c: c.service.storage.delete_bucket("files"),
    "storage: empty bucket": lambda c: c.service.storage.empty_bucket("files"),
    "storage: delete": lambda c: c.service.storage.delete_bucket("files"),
    "functions: json": lambda c: _echo(c, body={"a": [1, "ü"]}),
    "functions: text": lambda c: _echo(c, body="text", headers={"X-One": "1"}),
    "functions: region": lambda c: _echo(c, body={}, region=FunctionRegion("eu-west-1")),
    "functions: bytes": lambda c: _sum(c.anon.functions.invoke("bytes?n=300000&framing=chunked")),
    "functions: events": lambda c: c.anon.functions.invoke("sse?n=3&delay_ms=5"),
    "functions: gzip events": lambda c: c.anon.functions.invoke("gzip-sse?n=3&delay_ms=5"),
    "functions: error": lambda c: c.anon.functions.invoke("error?status=422"),
    "functions: relay error": lambda c: c.anon.functions.invoke("error?relay=1"),
    "functions: none": lambda c: c.anon.functions.invoke("nothing"),
}
