"""Media, uploads, numbers, templates and QR codes of the simulated Cloud API."""

from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from sidecar.demo import whatsapp
from sidecar.demo.authority import AUTHORITY

TOKEN = {"Authorization": "Bearer token"}
PHONE = "/v26.0/106540352242922"
WABA = "/v26.0/102290129340398"
TEMPLATES = WABA + "/message_templates"


@pytest.fixture
async def hosts(clock):
    """Clients of the Graph API and of its media host."""
    apps = whatsapp.make_apps(now=clock)
    async with TestClient(TestServer(apps[0])) as graph, TestClient(TestServer(apps[1])) as media:
        for app, client in zip(apps, (graph, media), strict=True):
            app[AUTHORITY].value = f"{client.host}:{client.port}"
        yield graph, media


@pytest.fixture
def graph(hosts):
    return hosts[0]


async def uploaded(graph, content=b"0123456789", **fields):
    form = aiohttp.FormData()
    for name, value in ({"messaging_product": "whatsapp", "type": "image/png"} | fields).items():
        form.add_field(name, value)
    form.add_field("file", content, filename="a.png", content_type="image/png")
    return await graph.post(PHONE + "/media", data=form, headers=TOKEN)


async def found(graph):
    media_id = (await (await uploaded(graph)).json())["id"]
    return await (await graph.get(f"/v26.0/{media_id}", headers=TOKEN)).json()


async def test_media_are_fetched_from_the_media_host(hosts):
    graph, media = hosts
    node = await found(graph)
    assert (node["mime_type"], node["file_size"]) == ("image/png", 10)
    url = urlsplit(node["url"])
    assert (url.scheme, url.netloc) == ("http", f"{media.host}:{media.port}")
    target = URL(node["url"], encoded=True)
    async with aiohttp.ClientSession() as session, session.get(target, headers=TOKEN) as response:
        assert (response.status, await response.read()) == (200, b"0123456789")
        assert response.content_type == "image/png"


@pytest.mark.parametrize(
    ("asked", "status", "content", "range_"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("lines=1", 200, b"0123456789", None),
    ],
)
async def test_a_range_of_a_medium_is_served(hosts, asked, status, content, range_):
    graph, media = hosts
    target = urlsplit((await found(graph))["url"])
    response = await media.get(f"{target.path}?{target.query}", headers=TOKEN | {"Range": asked})
    assert (response.status, await response.read()) == (status, content)
    assert response.headers.get("Content-Range") == range_


async def test_a_media_url_needs_the_token_and_ends_after_five_minutes(hosts, clock):
    graph, media = hosts
    target = urlsplit((await found(graph))["url"])
    path = f"{target.path}?{target.query}"
    assert (await media.get(path)).status == 401
    assert (await media.get(path.replace("hash=AT", "hash=AX"), headers=TOKEN)).status == 404
    clock.now += 299
    assert (await media.get(path, headers=TOKEN)).status == 200
    clock.now += 1
    assert (await media.get(path, headers=TOKEN)).status == 404


async def test_the_graph_api_alone_serves_its_media_itself():
    async with TestClient(TestServer(whatsapp.make_app())) as graph:
        url = (await found(graph))["url"]
        async with aiohttp.ClientSession() as session, session.get(url, headers=TOKEN) as response:
            assert await response.read() == b"0123456789"


async def test_a_medium_that_was_deleted_is_gone(graph):
    media_id = (await found(graph))["id"]
    path = f"/v26.0/{media_id}"
    assert await (await graph.delete(path, headers=TOKEN)).json() == {"success": True}
    assert (await graph.delete(path, headers=TOKEN)).status == 400
    error = (await (await graph.get(path, headers=TOKEN)).json())["error"]
    assert (error["code"], error["error_subcode"]) == (100, 33)


async def test_sample_media_need_no_upload(hosts):
    graph, media = hosts
    node = await (await graph.get("/v23.0/media-7", headers=TOKEN)).json()
    assert urlsplit(node["url"]).path == "/media-7"
    content = await (await media.get("/media-7", headers=TOKEN)).read()
    assert len(content) == node["file_size"]
    assert (await media.get("/media-7")).status == 401


async def test_an_upload_of_media_is_checked(graph):
    assert (await uploaded(graph, messaging_product="other")).status == 400
    assert (await graph.post(PHONE + "/media", json={}, headers=TOKEN)).status == 400
    form = aiohttp.FormData({"messaging_product": "whatsapp"}, default_to_multipart=True)
    assert (await graph.post(PHONE + "/media", data=form, headers=TOKEN)).status == 400


async def test_a_resumable_upload_goes_on_where_it_stopped(graph):
    path = "/v26.0/670843887433847/uploads?file_length=6&file_type=image/png"
    session = (await (await graph.post(path, headers=TOKEN)).json())["id"]
    assert session.startswith("upload:MTphdHRhY2htZW50")
    assert "==?sig=AR" in session
    target = URL(f"http://{graph.host}:{graph.port}/v26.0/{session}", encoded=True)

    async def put(data, offset):
        headers = TOKEN | {"file_offset": str(offset)}
        return await (await graph.session.post(target, data=data, headers=headers)).json()

    assert await put(b"abc", 0) == {"id": session, "file_offset": "3"}
    assert (await put(b"abc", 0))["error"]["code"] == 1
    state = await (await graph.session.get(target, headers=TOKEN)).json()
    assert state["file_offset"] == "3"
    assert (await put(b"def", 3))["h"].startswith("4::")


async def test_an_upload_session_needs_a_length_and_its_signature(graph):
    assert (await graph.post("/v26.0/1/uploads", headers=TOKEN)).status == 400
    assert (await graph.get("/v26.0/upload:none?sig=x", headers=TOKEN)).status == 400


async def collect(graph, url):
    """All pages from `url` on, by their absolute links."""
    pages = []
    while url:
        async with aiohttp.ClientSession() as session, session.get(URL(url, encoded=True)) as got:
            assert got.status == 200
            pages.append(await got.json())
        url = pages[-1]["paging"].get("next")
    return pages


async def test_templates_come_in_pages_whose_links_hold_the_token(graph):
    query = "?limit=12&fields=name&access_token=a%2Fb"
    pages = await collect(graph, f"http://{graph.host}:{graph.port}{TEMPLATES}{query}")
    assert [len(page["data"]) for page in pages] == [12, 12, 6]
    assert len({node["name"] for page in pages for node in page["data"]}) == 30
    assert all("access_token=a%2Fb&fields=name" in p["paging"]["next"] for p in pages[:2])
    back = await collect(graph, pages[2]["paging"]["previous"])
    assert back[0]["data"] == pages[1]["data"]
    assert "previous" not in pages[0]["paging"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "after=x", "before=***"])
async def test_a_page_that_does_not_exist_is_refused(graph, query):
    assert (await graph.get(f"{TEMPLATES}?{query}", headers=TOKEN)).status == 400


async def test_fields_are_selected_and_the_list_summed_up(graph):
    path = f"{TEMPLATES}?name=hello_world&fields=name,status&summary=total_count"
    listed = await (await graph.get(path, headers=TOKEN)).json()
    assert listed["summary"] == {"total_count": 1}
    assert [set(node) for node in listed["data"]] == [{"name", "status", "id"}]


NEW = {"name": "shipped", "language": "en_US", "category": "UTILITY", "components": []}


async def test_a_template_is_created_found_changed_and_deleted(graph):
    created = await (await graph.post(TEMPLATES, json=NEW, headers=TOKEN)).json()
    assert (created["status"], created["category"]) == ("PENDING", "UTILITY")
    path = f"/v26.0/{created['id']}"
    assert (await (await graph.get(path, headers=TOKEN)).json())["name"] == "shipped"
    again = await graph.post(TEMPLATES, json=NEW, headers=TOKEN)
    assert (await again.json())["error"]["error_subcode"] == 2388024
    changed = {"category": "MARKETING"}
    assert (await graph.post(path, json=changed, headers=TOKEN)).status == 200
    assert (await (await graph.get(path, headers=TOKEN)).json())["category"] == "MARKETING"
    gone = f"{TEMPLATES}?name=shipped"
    assert [(await graph.delete(gone, headers=TOKEN)).status for _ in "ab"] == [200, 400]


@pytest.mark.parametrize("change", [{"name": "Not A Name"}, {"name": None}, {"language": None}])
async def test_a_template_that_cannot_be_is_refused(graph, change):
    body = {name: value for name, value in (NEW | change).items() if value is not None}
    assert (await graph.post(TEMPLATES, json=body, headers=TOKEN)).status == 400


async def test_a_business_profile_keeps_its_changes(graph):
    path = PHONE + "/whatsapp_business_profile"
    body = {"messaging_product": "whatsapp", "about": "New"}
    assert (await graph.post(path, json=body, headers=TOKEN)).status == 200
    shown = await (await graph.get(f"{path}?fields=about", headers=TOKEN)).json()
    assert shown == {"data": [{"about": "New"}]}
    assert (await graph.post(path, json={"about": "x"}, headers=TOKEN)).status == 400


@pytest.mark.parametrize(
    ("pin", "status", "code"), [("123456", 200, None), ("000000", 400, 133005), ("1", 400, 100)]
)
async def test_a_number_is_registered_with_its_pin(graph, pin, status, code):
    body = {"messaging_product": "whatsapp", "pin": pin}
    response = await graph.post(PHONE + "/register", json=body, headers=TOKEN)
    assert response.status == status
    assert (await response.json()).get("error", {}).get("code") == code
    assert (await graph.post(PHONE + "/deregister", headers=TOKEN)).status == 200


async def test_qr_codes_are_created_changed_listed_and_deleted(graph):
    path = PHONE + "/message_qrdls"
    made = await (await graph.post(path, json={"prefilled_message": "Hi"}, headers=TOKEN)).json()
    one = f"{path}/{made['code']}"
    assert (await graph.post(one, json={"prefilled_message": "Ho"}, headers=TOKEN)).status == 200
    listed = await (await graph.get(path, headers=TOKEN)).json()
    assert [code["prefilled_message"] for code in listed["data"]] == ["Ho"]
    assert [(await graph.delete(one, headers=TOKEN)).status for _ in "ab"] == [200, 400]
    assert (await graph.post(path, json={}, headers=TOKEN)).status == 400


async def test_nodes_are_found_by_their_number(graph):
    numbers = await (await graph.get(WABA + "/phone_numbers", headers=TOKEN)).json()
    flows = await (await graph.get(WABA + "/flows", headers=TOKEN)).json()
    for node in (*numbers["data"], *flows["data"]):
        shown = await (await graph.get(f"/v26.0/{node['id']}", headers=TOKEN)).json()
        assert shown["id"] == node["id"]
    assert (await graph.get("/v26.0/1", headers=TOKEN)).status == 400


async def test_an_app_is_subscribed_and_unsubscribed(graph):
    path = WABA + "/subscribed_apps"
    for method, count in (("POST", 1), ("DELETE", 0)):
        assert (await graph.request(method, path, headers=TOKEN)).status == 200
        assert len((await (await graph.get(path, headers=TOKEN)).json())["data"]) == count
