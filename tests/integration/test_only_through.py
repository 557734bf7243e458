"""Providers that only the sidecar can reach: whatever URL they return leads through it.

The URLs that the simulators write lead to ports that refuse: a client that left the sidecar would
fail here.
"""

from contextlib import asynccontextmanager

import aiohttp
import pytest

from sidecar.demo.authority import AUTHORITY
from sidecar.demo.supabase import SERVICE_KEY
from tests.e2e.supabase import project
from tests.support.sidecar import running_sidecar
from tests.support.simulated import Apps, gemini, simulated, whatsapp
from tests.support.unreachable import only_through

BEARER = {"Authorization": "Bearer EAAtest"}
GRAPH = "/v26.0/106540352242922"
UPLOAD = "/upload/v1beta/files"
TUS = "/storage/v1/upload/resumable"
KEY = {"apikey": SERVICE_KEY, "Authorization": f"Bearer {SERVICE_KEY}"}


def make() -> Apps:
    return {**project.make(), **whatsapp(), **gemini()}


@asynccontextmanager
async def world(way):
    """A client, a function that gives the base URL of an upstream, and the simulators."""
    with simulated(make) as simulators:
        async with (
            running_sidecar(only_through(simulators)) as sidecar,
            aiohttp.ClientSession() as session,
        ):

            def base(name):
                by_port = way == "port"
                return sidecar.port_url(name) if by_port else f"{sidecar.proxy_url}/{name}"

            yield session, base, simulators


async def uploaded(session, base) -> str:
    """The id of a picture that was uploaded."""
    form = aiohttp.FormData({"messaging_product": "whatsapp"})
    form.add_field("file", b"picture", filename="a.png", content_type="image/png")
    async with session.post(f"{base}{GRAPH}/media", headers=BEARER, data=form) as answer:
        return (await answer.json())["id"]


async def test_the_url_that_a_provider_writes_refuses():
    """So the tests below can fail."""
    async with world("prefix") as (session, base, simulators):
        media = await uploaded(session, base("whatsapp"))
        url = f"{simulators.urls['whatsapp']}/v26.0/{media}"
        async with session.get(url, headers=BEARER) as answer:
            written = (await answer.json())["url"]
        assert simulators.apps["whatsapp-media"][AUTHORITY].value in written
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(written, headers=BEARER)


@pytest.mark.parametrize("way", ["prefix", "port"])
async def test_media_are_found_and_downloaded(way):
    async with world(way) as (session, base, _):
        media = await uploaded(session, base("whatsapp"))
        async with session.get(f"{base('whatsapp')}/v26.0/{media}", headers=BEARER) as answer:
            url = (await answer.json())["url"]
        async with session.get(url, headers=BEARER) as answer:
            assert await answer.read() == b"picture"


@pytest.mark.parametrize("way", ["prefix", "port"])
async def test_pages_are_followed_to_the_last(way):
    async with world(way) as (session, base, _):
        url = f"{base('whatsapp')}/v26.0/102290129340398/message_templates?limit=1"
        seen = []
        while url:
            async with session.get(url, headers=BEARER) as answer:
                page = await answer.json()
            seen += [template["name"] for template in page["data"]]
            url = page.get("paging", {}).get("next")
        assert len(seen) > 2
        assert len(seen) == len(set(seen))


@pytest.mark.parametrize("way", ["prefix", "port"])
async def test_an_upload_to_gemini_goes_on_where_it_is_told(way):
    async with world(way) as (session, base, _):
        start = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": "5",
            "x-goog-api-key": "key-1",
        }
        async with session.post(base("gemini") + UPLOAD, headers=start, json={}) as answer:
            url = answer.headers["X-Goog-Upload-URL"]
        chunk = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
        async with session.post(url, headers=chunk, data=b"hello") as answer:
            assert (await answer.json())["file"]["sizeBytes"] == "5"


@pytest.mark.parametrize("way", ["prefix", "port"])
async def test_a_resumable_upload_to_storage_goes_on_at_its_location(way):
    async with world(way) as (session, base, _):
        bucket = f"{base('supabase')}/storage/v1/bucket"
        async with session.post(bucket, headers=KEY, json={"id": "b", "name": "b"}) as answer:
            assert answer.status == 200
        start = {**KEY, "Tus-Resumable": "1.0.0", "Upload-Length": "5"}
        start["Upload-Metadata"] = "bucketName Yg==,objectName bw=="
        async with session.post(base("supabase") + TUS, headers=start) as answer:
            location = answer.headers["Location"]
        part = {**KEY, "Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
        part["Content-Type"] = "application/offset+octet-stream"
        async with session.patch(location, headers=part, data=b"hello") as answer:
            assert answer.headers["Upload-Offset"] == "5"
