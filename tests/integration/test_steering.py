"""What people see and change of a running sidecar through its admin listener."""

import asyncio
import json
import re
from contextlib import asynccontextmanager

import aiohttp
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from sidecar.app import Sidecar
from sidecar.loader import loads
from sidecar.reloading import Fresh
from tests.support.steps import OK
from tests.support.upstream import Upstream

CANARY = "C4naryS3cretT0kenV4lue"
WRITE = {"X-Sidecar-Admin": "1"}
TEXT = """\
upstreams:
  api:
    url: {url}
    credentials: {{header: x-key, value: "${{KEY}}"}}
    pace: [{{rate: 1000/s, name: all}}]
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: "127.0.0.1:0"}}
log: {{level: error}}
drills: {{allowed: true}}
stores: {{spool: {{kind: sqlite, path: {path}}}}}
"""


@asynccontextmanager
async def steered(path):
    """A sidecar, and a session for its admin listener."""
    async with Upstream(OK) as origin:
        text = TEXT.format(url=origin.url, path=path / "spool.db")
        found = loads(text, name="sidecar.yaml", env={"KEY": CANARY})
        sidecar = Sidecar(Fresh(found.config, origins=found.origins))
        await asyncio.wait_for(sidecar.start(), 10)
        admin = aiohttp.ClientSession(f"http://{sidecar.bound['admin']}")
        proxy = aiohttp.ClientSession(f"http://{sidecar.bound['proxy'][0]}")
        try:
            yield admin, proxy
        finally:
            await admin.close()
            await proxy.close()
            await asyncio.wait_for(sidecar.close(), 10)


async def get(admin, path, **headers):
    async with admin.get(path, headers=headers) as answer:
        return await answer.json()


async def test_the_configuration_in_force_says_where_each_value_is_from_and_no_secret(tmp_path):
    async with steered(tmp_path) as (admin, _):
        rows = await get(admin, "/admin/config")
        some = await get(admin, "/admin/config?set=true&prefix=upstreams.api")
        async with admin.get("/admin/config?format=text&prefix=drills") as answer:
            text = await answer.text()
        async with admin.get("/admin/config?set=maybe") as answer:
            assert answer.status == 400
    by_key = {row["key"]: row for row in rows}
    assert by_key["upstreams.api.credentials.value"]["value"] == "***"
    assert "KEY" in by_key["upstreams.api.credentials.value"]["origin"]
    assert by_key["drills.allowed"] == {
        "key": "drills.allowed",
        "value": "true",
        "origin": "sidecar.yaml:8:19",
    }
    assert by_key["drain_timeout"]["origin"] == "default"
    assert CANARY not in json.dumps(rows)
    assert {row["key"].startswith("upstreams.api") for row in some} == {True}
    assert all(row["origin"] != "default" for row in some)
    assert text.splitlines()[0].split() == ["KEY", "VALUE", "ORIGIN"]


async def test_pools_limits_and_paces_are_shown_as_they_stand(tmp_path):
    async with steered(tmp_path) as (admin, proxy):
        async with proxy.get("/api/x") as answer:
            assert answer.status == 200
        (pool,) = await get(admin, "/admin/pools")
        (limit,) = await get(admin, "/admin/limits?upstream=api")
        (pace,) = await get(admin, "/admin/paces")
        async with admin.get("/admin/pools?upstream=apj") as answer:
            refused = answer.status, await answer.json()
    assert (pool["upstream"], pool["open"], pool["dials"]) == ("api", 1, 1)
    assert (limit["upstream"], limit["inflight"]) == ("api", 0)
    assert (pace["pace"], pace["rate"]) == ("all", "1000/s")
    assert refused == (404, {"error": "there is no such upstream (did you mean 'api'?)"})


async def test_the_description_is_valid_and_names_what_each_write_takes(tmp_path):
    async with steered(tmp_path) as (admin, _):
        document = await get(admin, "/admin/openapi.json")
        assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
        rows = await get(admin, "/admin")
        described = [
            (method.upper(), path) for path, each in document["paths"].items() for method in each
        ]
        assert sorted(row["method"] for row in rows) == sorted(m for m, _ in described)
        known = {"name": "api", "action": "open", "id": "0" * 36, "fault": "hang"}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if method == "get":
                    continue
                documented = {
                    each["name"] for each in operation["parameters"] if each["in"] == "query"
                }
                url = re.sub(r"\{(\w+)\}", lambda found: known[found[1]], path)
                async with admin.request(method, f"{url}?zzqqzz=1", headers=WRITE) as answer:
                    said = (await answer.json())["error"]
                assert "(known are " in said, (path, said)
                names = set(said.partition("(known are ")[2].rstrip(")").split(", "))
                assert documented - {"format"} == names, path


@pytest.mark.parametrize("path", ["/admin/config", "/admin/pools", "/admin/openapi.json"])
async def test_nothing_of_it_can_be_had_by_a_foreign_name(tmp_path, path):
    async with steered(tmp_path) as (admin, _), admin.get(path, headers={"Host": "e.test"}) as got:
        assert got.status == 403
        assert got.headers["Cross-Origin-Opener-Policy"] == "same-origin"
