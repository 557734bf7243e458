"""The storage service: conditional and ranged reads, signed URLs, lists, resumable uploads."""

import base64
import hashlib
import json

import aiohttp
import pytest

from sidecar.demo.authority import AUTHORITY

PUBLIC = "/storage/v1/object/public/public/welcome.txt"
TUS = "/storage/v1/upload/resumable"


async def kept(call, name: str, content: bytes = b"content") -> None:
    answer = await call("POST", f"/storage/v1/object/media/{name}", data=content)
    assert answer.status == 200, await answer.text()


@pytest.mark.parametrize(
    ("field", "status", "content_range", "length"),
    [
        ("bytes=0-4", 206, "bytes 0-4/1360", 5),
        ("bytes=1355-", 206, "bytes 1355-1359/1360", 5),
        ("bytes=-10", 206, "bytes 1350-1359/1360", 10),
        ("bytes=1000-9999", 206, "bytes 1000-1359/1360", 360),
        ("bytes=1-2,4-5", 200, None, 1360),
        ("items=0-4", 200, None, 1360),
    ],
)
async def test_ranges_are_cut(call, field, status, content_range, length):
    answer = await call("GET", PUBLIC, "", headers={"Range": field})
    seen = (answer.status, answer.headers.get("Content-Range"), len(await answer.read()))
    assert seen == (status, content_range, length)


async def test_a_range_behind_the_end_is_not_satisfiable(call):
    assert (await call("GET", PUBLIC, headers={"Range": "bytes=1360-"})).status == 416


async def test_the_entity_tag_is_the_digest_and_validates(call):
    answer = await call("GET", PUBLIC)
    etag = answer.headers["ETag"]
    assert etag == f'"{hashlib.md5(await answer.read()).hexdigest()}"'
    for field in (etag, f'W/"x", {etag}', "*"):
        again = await call("GET", PUBLIC, headers={"If-None-Match": field})
        assert (again.status, await again.read()) == (304, b"")
    assert (await call("GET", PUBLIC, headers={"If-None-Match": '"x"'})).status == 200


async def test_head_has_the_length_of_the_object(call):
    answer = await call("HEAD", PUBLIC)
    assert (answer.headers["Content-Length"], await answer.read()) == ("1360", b"")


async def test_forms_and_bare_bodies_are_kept(call):
    form = aiohttp.FormData()
    form.add_field("cacheControl", "60")
    form.add_field("metadata", json.dumps({"by": "form"}))
    form.add_field("", b"\x00\xff", filename="blob", content_type="image/png")
    assert (await call("POST", "/storage/v1/object/media/a/f.png", data=form)).status == 200
    read = await call("GET", "/storage/v1/object/media/a/f.png")
    assert (await read.read(), read.headers["Cache-Control"]) == (b"\x00\xff", "max-age=60")
    info = await (await call("GET", "/storage/v1/object/info/media/a/f.png")).json()
    assert (info["content_type"], info["metadata"]) == ("image/png", {"by": "form"})
    encoded = base64.b64encode(b'{"by":"header"}').decode()
    await call("POST", "/storage/v1/object/media/b", data=b"x", headers={"x-metadata": encoded})
    info = await (await call("GET", "/storage/v1/object/info/media/b")).json()
    assert info["metadata"] == {"by": "header"}


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("/storage/v1/object/media/there", b"x", "409"),
        ("/storage/v1/object/nothing/x", b"x", "404"),
        ("/storage/v1/object/media/%2Fx", b"x", "400"),
        ("/storage/v1/object/small/x", b"too long", "413"),
        ("/storage/v1/bucket", b'{"name":"media"}', "409"),
        ("/storage/v1/object/move", b'{"bucketId":"media","sourceKey":"x"}', "404"),
    ],
)
async def test_refusals_hold_the_real_status_in_the_body(call, target, body, status):
    await kept(call, "there")
    await call("POST", "/storage/v1/bucket", json={"name": "small", "file_size_limit": 3})
    answer = await call("POST", target, data=body)
    seen = await answer.json()
    assert (answer.status, seen["statusCode"]) == (400, status)
    assert set(seen) == {"statusCode", "error", "message"}


async def test_a_signed_url_is_relative_and_opens_one_object_for_its_time(call, clock):
    await kept(call, "dir/a")
    await kept(call, "dir/b")
    answer = await call("POST", "/storage/v1/object/sign/media/dir/a", json={"expiresIn": 60})
    url = (await answer.json())["signedURL"]
    assert url.startswith("/object/sign/media/dir/a?token=")
    assert (await call("GET", f"/storage/v1{url}", "")).status == 200
    assert (await call("GET", f"/storage/v1{url.replace('dir/a', 'dir/b')}", "")).status == 400
    clock.now += 61
    assert (await call("GET", f"/storage/v1{url}", "")).status == 400


async def test_private_objects_need_a_key(call):
    await kept(call, "a")
    assert (
        await call("GET", "/storage/v1/object/media/a", "", headers={"apikey": ""})
    ).status == 400
    assert (await call("GET", "/storage/v1/object/public/media/a")).status == 400
    assert (await call("GET", "/storage/v1/object/authenticated/media/a")).status == 200


async def test_a_folder_lists_objects_and_folders(call):
    for name in ("x/a", "x/b", "x/y/c", "z"):
        await kept(call, name)
    asked = {"prefix": "x", "limit": 2, "sortBy": {"column": "name", "order": "desc"}}
    entries = await (await call("POST", "/storage/v1/object/list/media", json=asked)).json()
    assert [(entry["name"], entry["id"] is None) for entry in entries] == [
        ("y", True),
        ("b", False),
    ]


async def test_the_list_by_cursor_goes_through_everything(call):
    names = [f"n{number}" for number in range(5)]
    for name in names:
        await kept(call, name)
    seen, cursor = [], ""
    while True:
        asked = {"limit": 2, "cursor": cursor}
        page = await (await call("POST", "/storage/v1/object/list-v2/media", json=asked)).json()
        seen += [one["name"] for one in page["objects"]]
        if not page["hasNext"]:
            break
        cursor = page["nextCursor"]
    assert seen == names


def metadata(name: str) -> str:
    pairs = {"bucketName": "media", "objectName": name, "contentType": "text/x"}
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items()
    )


async def begun(call, name: str, size: int, **headers: str):
    fields = {"Upload-Length": str(size), "Upload-Metadata": metadata(name), **headers}
    return await call("POST", TUS, headers=fields)


async def test_a_resumable_upload_goes_on_where_it_stopped(app, call):
    app[AUTHORITY].value = "project.example"
    host = {"Host": "project.example"}
    created = await begun(call, "big", 10, **host)
    prefix = "http://project.example"
    assert created.status == 201
    assert created.headers["Location"].startswith(f"{prefix}{TUS}/")
    target = created.headers["Location"].removeprefix(prefix)
    first = await call("PATCH", target, data=b"01234", headers={"Upload-Offset": "0", **host})
    assert (first.status, first.headers["Upload-Offset"]) == (204, "5")
    wrong = await call("PATCH", target, data=b"x", headers={"Upload-Offset": "3", **host})
    assert wrong.status == 409
    where = await call("HEAD", target, headers=host)
    assert (where.headers["Upload-Offset"], where.headers["Upload-Length"]) == ("5", "10")
    last = await call("PATCH", target, data=b"56789", headers={"Upload-Offset": "5", **host})
    assert last.headers["Upload-Offset"] == "10"
    read = await call("GET", "/storage/v1/object/media/big", headers=host)
    assert (await read.read(), read.headers["Content-Type"]) == (b"0123456789", "text/x")


async def test_a_resumable_upload_can_be_given_up_and_may_not_replace(call):
    target = (await begun(call, "x", 10)).headers["Location"].partition(TUS)[2]
    assert (await call("DELETE", TUS + target)).status == 204
    assert (await call("HEAD", TUS + target)).status == 404
    await kept(call, "x")
    assert (await begun(call, "x", 10)).status == 409
    assert (await begun(call, "x", 10, **{"x-upsert": "true"})).status == 201


async def test_more_than_announced_is_refused(call):
    target = (await begun(call, "x", 3)).headers["Location"].partition(TUS)[2]
    answer = await call("PATCH", TUS + target, data=b"12345", headers={"Upload-Offset": "0"})
    assert answer.status == 413
