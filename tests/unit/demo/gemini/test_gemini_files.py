"""Resumable uploads, files and cached contents of the simulated Gemini API."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sidecar.demo import gemini
from sidecar.demo.authority import AUTHORITY
from sidecar.demo.gemini.uploads import GRANULARITY

KEY = {"x-goog-api-key": "key"}
START = KEY | {
    "X-Goog-Upload-Protocol": "resumable",
    "X-Goog-Upload-Command": "start",
    "X-Goog-Upload-Header-Content-Type": "text/plain",
}


@pytest.fixture
async def api(clock):
    app = gemini.make_app(now=clock, chunk_delay=0)
    async with TestClient(TestServer(app)) as client:
        app[AUTHORITY].value = f"{client.host}:{client.port}"
        yield client


async def started(api, length=None, **file):
    headers = START | ({"X-Goog-Upload-Header-Content-Length": str(length)} if length else {})
    response = await api.post("/upload/v1/files", json={"file": file}, headers=headers)
    assert (response.status, response.headers["X-Goog-Upload-Status"]) == (200, "active")
    assert response.headers["X-Goog-Upload-Control-URL"] == response.headers["X-Goog-Upload-URL"]
    url = response.headers["X-Goog-Upload-URL"]
    assert url.startswith(f"http://{api.host}:{api.port}/upload/v1/files?upload_id=")
    return url.removeprefix(f"http://{api.host}:{api.port}")


def put(api, url, data, offset, command):
    headers = {"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": str(offset)}
    return api.post(url, data=data, headers=headers)


async def test_a_file_arrives_in_chunks_without_a_key(api):
    url = await started(api, GRANULARITY + 3, displayName="big")
    first = await put(api, url, b"a" * GRANULARITY, 0, "upload")
    assert first.headers["X-Goog-Upload-Status"] == "active"
    asked = await api.post(url, headers={"X-Goog-Upload-Command": "query"})
    assert asked.headers["X-Goog-Upload-Size-Received"] == str(GRANULARITY)
    last = await put(api, url, b"end", GRANULARITY, "upload, finalize")
    assert last.headers["X-Goog-Upload-Status"] == "final"
    file = (await last.json())["file"]
    assert file["sizeBytes"] == str(GRANULARITY + 3)
    assert (file["displayName"], file["mimeType"], file["state"]) == ("big", "text/plain", "ACTIVE")
    assert file["uri"] == f"https://generativelanguage.googleapis.com/v1/{file['name']}"


@pytest.mark.parametrize(
    ("data", "offset", "command"),
    [
        (b"abc", 0, "upload"),  # not a multiple of the granularity
        (b"abc", 5, "upload, finalize"),  # not where the last one ended
        (b"ab", 0, "upload, finalize"),  # fewer than announced
        (b"abc", 0, "nonsense"),
    ],
)
async def test_a_chunk_that_does_not_fit_is_refused(api, data, offset, command):
    url = await started(api, 3)
    assert (await put(api, url, data, offset, command)).status == 400


async def test_a_cancelled_upload_takes_no_more(api):
    url = await started(api, 3)
    cancelled = await api.post(url, headers={"X-Goog-Upload-Command": "cancel"})
    assert cancelled.headers["X-Goog-Upload-Status"] == "cancelled"
    assert (await put(api, url, b"abc", 0, "upload, finalize")).status == 400


async def test_an_upload_needs_a_key_and_a_known_id(api):
    without = {name: value for name, value in START.items() if name not in KEY}
    assert (await api.post("/upload/v1/files", json={}, headers=without)).status == 403
    assert (await put(api, "/upload/v1/files?upload_id=x", b"", 0, "upload")).status == 404
    other = START | {"X-Goog-Upload-Protocol": "raw"}
    assert (await api.post("/upload/v1/files", json={}, headers=other)).status == 400


async def uploaded(api, content=b"abc"):
    url = await started(api, len(content))
    return (await (await put(api, url, content, 0, "upload, finalize")).json())["file"]


async def test_files_are_listed_newest_first_read_and_deleted(api):
    first, second = await uploaded(api), await uploaded(api, b"second")
    listed = await (await api.get("/v1/files", headers=KEY)).json()
    assert [file["name"] for file in listed["files"]] == [second["name"], first["name"]]
    path = f"/v1beta/{second['name']}"
    assert await (await api.get(path, headers=KEY)).json() == second
    content = await api.get(f"{path}:download?alt=media", headers=KEY)
    assert (await content.read(), content.content_type) == (b"second", "text/plain")
    assert (await api.delete(path, headers=KEY)).status == 200
    assert (await api.get(path, headers=KEY)).status == 403


async def created(api, **more):
    body = {"model": "models/gemini-2.5-flash", "contents": [{"parts": [{"text": "x" * 400}]}]}
    return await api.post("/v1/cachedContents", json=body | more, headers=KEY)


async def test_a_cache_is_created_used_prolonged_and_deleted(api):
    cache = await (await created(api, ttl="60s", displayName="doc")).json()
    assert cache["expireTime"] == "2026-09-21T14:14:20.000000Z"
    assert "contents" not in cache
    use = {"contents": [{"parts": [{"text": "Hi"}]}], "cachedContent": cache["name"]}
    flash = "/v1/models/gemini-2.5-flash:generateContent"
    answer = await (await api.post(flash, json=use, headers=KEY)).json()
    assert answer["usageMetadata"]["cachedContentTokenCount"] == 100
    path = f"/v1/{cache['name']}"
    longer = await (await api.patch(path, json={"ttl": "120s"}, headers=KEY)).json()
    assert longer["expireTime"] == "2026-09-21T14:15:20.000000Z"
    assert (await api.delete(path, headers=KEY)).status == 200
    assert (await api.get(path, headers=KEY)).status == 403
    assert await (await api.get("/v1/cachedContents", headers=KEY)).json() == {}


async def test_a_cache_ends_with_its_time(api, clock):
    cache = await (await created(api, ttl="60s")).json()
    clock.now += 59
    assert (await api.get(f"/v1/{cache['name']}", headers=KEY)).status == 200
    clock.now += 1
    assert (await api.get(f"/v1/{cache['name']}", headers=KEY)).status == 403


@pytest.mark.parametrize(
    ("more", "status"), [({"model": "models/none"}, 404), ({"ttl": "soon"}, 400)]
)
async def test_a_cache_that_cannot_be_is_refused(api, more, status):
    assert (await created(api, **more)).status == status
