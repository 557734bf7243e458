"""URLs that the simulated providers return, as clients that come by every way follow them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from sidecar.demo.simulators import simulators
from sidecar.demo.supabase import SERVICE_KEY
from sidecar.loader import loads
from tests.support.ports import free_port
from tests.support.sidecar import running_sidecar

BEARER = {"Authorization": "Bearer EAAtest"}


class World:
    """A client of the sidecar, and the simulators behind it."""

    def __init__(self, running, session):
        self.running = running
        self.session = session

    def base(self, way, name):
        if way == "prefix":
            return f"{self.running.proxy_url}/{name}"
        return self.running.port_url(name)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    async with simulators() as running:
        lines = ["listen: {proxy: 127.0.0.1:0, ops: 127.0.0.1:0, admin: 127.0.0.1:0}"]
        lines += ["log: {level: error}", "upstreams:"]
        for name, one in running.items():
            lines.append(f"  {name}: {{preset: {name}, url: '{one.url}', port: {free_port()}}}")
        config = loads("\n".join(lines), env={}).config
        async with running_sidecar(config) as sidecar, aiohttp.ClientSession() as session:
            yield World(sidecar, session)


@pytest.mark.parametrize("way", ["prefix", "port"])
async def test_an_upload_to_gemini_stays_in_the_sidecar(way):
    async with world() as here:
        base = here.base(way, "gemini")
        start = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": "5",
            "x-goog-api-key": "AIzaTest",
        }
        async with here.session.post(f"{base}/upload/v1beta/files", headers=start, json={}) as got:
            url = got.headers["X-Goog-Upload-URL"]
            assert got.headers["X-Goog-Upload-Control-URL"] == url
        assert url.startswith(f"{base}/upload/v1beta/files?upload_id=")
        chunk = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
        async with here.session.post(url, headers=chunk, data=b"hello") as got:
            assert got.status == 200
            uri = (await got.json())["file"]["uri"]
        assert uri.startswith(
            "https://generativelanguage.googleapis.com/"
        )  # a reference for Google, not a URL to call


@pytest.mark.parametrize("way", ["prefix", "port"])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_media_of_whatsapp_is_downloaded_through_the_sidecar(way, coding):
    async with world() as here:
        base = here.base(way, "whatsapp")
        form = aiohttp.FormData({"messaging_product": "whatsapp"})
        form.add_field("file", b"picture", filename="a.png", content_type="image/png")
        url = f"{base}/v26.0/106540352242922/media"
        async with here.session.post(url, headers=BEARER, data=form) as got:
            media_id = (await got.json())["id"]
        asking = {**BEARER, "Accept-Encoding": coding}
        async with here.session.get(f"{base}/v26.0/{media_id}", headers=asking) as got:
            raw = await got.read()
            assert got.headers["ETag"].startswith('W/"')
            if coding == "identity":
                assert int(got.headers["Content-Length"]) == len(raw)
            assert "Content-Encoding" not in got.headers
            assert b'"url":"http:\\/\\/127.0.0.1:' in raw  # slashes stay escaped
        url = json.loads(raw)["url"]
        assert url.startswith(here.base(way, "whatsapp-media") + "/")
        async with here.session.get(url, headers=BEARER) as got:
            assert await got.read() == b"picture"


@pytest.mark.parametrize("way", ["prefix", "port"])
async def test_pages_of_graph_follow_each_other_through_the_sidecar(way):
    async with world() as here:
        base = here.base(way, "whatsapp")
        url = f"{base}/v26.0/102290129340398/message_templates?limit=1"
        seen = 0
        while url and seen < 3:
            async with here.session.get(url, headers=BEARER) as got:
                assert got.status == 200, await got.text()
                page = await got.json()
            seen += len(page["data"])
            url = page.get("paging", {}).get("next")
            assert url is None or url.startswith(base + "/")
        assert seen > 1


@pytest.mark.parametrize("way", ["prefix", "port"])
async def test_a_resumable_upload_to_storage_goes_on_at_its_location(way):
    async with world() as here:
        base = here.base(way, "supabase")
        key = {"apikey": SERVICE_KEY, "Authorization": f"Bearer {SERVICE_KEY}"}
        bucket = {"id": "b", "name": "b"}
        async with here.session.post(f"{base}/storage/v1/bucket", headers=key, json=bucket) as got:
            assert got.status == 200, await got.text()
        start = {**key, "Tus-Resumable": "1.0.0", "Upload-Length": "5"}
        start["Upload-Metadata"] = "bucketName Yg==,objectName bw=="
        url = f"{base}/storage/v1/upload/resumable"
        async with here.session.post(url, headers=start) as got:
            assert got.status == 201, await got.text()
            location = got.headers["Location"]
        assert location.startswith(url + "/")
        part = {**key, "Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
        part["Content-Type"] = "application/offset+octet-stream"
        async with here.session.patch(location, headers=part, data=b"hello") as got:
            assert (got.status, got.headers["Upload-Offset"]) == (204, "5")
        signed = f"{base}/storage/v1/object/sign/b/o"
        async with here.session.post(signed, headers=key, json={"expiresIn": 60}) as got:
            assert (await got.json())["signedURL"].startswith("/object/sign/b/o?token=")
