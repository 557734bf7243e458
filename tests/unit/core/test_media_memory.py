import pytest

from sidecar.core.media import Call, Callers, call_of, id_in, is_expired, tag_of, url_in
from sidecar.core.media_urls import MediaUrls
from tests.support.builders import request

ALICE = [(b"Authorization", b"Bearer alice")]
BOB = [(b"Authorization", b"Bearer bob")]
CALLERS = Callers(b"secret")


@pytest.mark.parametrize(
    ("method", "target", "call"),
    [
        ("GET", "/v23.0/123", Call("lookup", "123")),
        ("GET", "/v23.0/123/?phone_number_id=9", Call("lookup", "123")),
        ("DELETE", "/v23.0/123", Call("delete", "123")),
        ("POST", "/v23.0/9/media", Call("upload", "9")),
        ("POST", "/v23.0/9/media/?x=1", Call("upload", "9")),
        ("POST", "/v23.0/9/messages", None),
        ("POST", "/v23.0/123", None),
        ("GET", "/v23.0/9/media", None),
        ("HEAD", "/v23.0/123", None),
        ("GET", "/123", None),
        ("GET", "/v23.0/a%2Fb", None),
    ],
)
def test_calls_about_media_are_known_by_their_path(method, target, call):
    assert call_of(request(method, target)) == call


URL = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&ext=2&hash=AT%2B"


@pytest.mark.parametrize(
    ("answer", "base", "target"),
    [
        ({"id": "1", "url": URL}, "", "/whatsapp_business/attachments/?mid=1&ext=2&hash=AT%2B"),
        ({"id": "1", "url": URL}, "/whatsapp_business/", "/attachments/?mid=1&ext=2&hash=AT%2B"),
        ({"id": "1", "url": URL}, "/whatsapp", None),  # the beginning of a segment only
        ({"id": "1", "url": "https://h/base"}, "/base", "/"),
        ({"id": "1", "url": "http://h:1"}, "", "/"),
        ({"id": "2", "url": URL}, "", None),
        ({"url": URL}, "", None),
        ({"id": "1"}, "", None),
        ({"id": "1", "url": 5}, "", None),
        ({"id": "1", "url": "ftp://h/a"}, "", None),
        ({"id": "1", "url": "/a"}, "", None),
        ({"id": "1", "url": "https://h/a b\n"}, "", None),
        ({"id": "1", "url": "https://h/a b"}, "", None),
        ({"id": "1", "url": "https://[h/a"}, "", None),
        ({"id": "1", "url": "https://h/é"}, "", None),
        ({"id": "1", "url": "https://h/" + "a" * 5000}, "", None),
        ([], "", None),
        (None, "", None),
    ],
)
def test_the_url_in_an_answer_becomes_a_target(answer, base, target):
    assert url_in(answer, "1", base) == target


@pytest.mark.parametrize(
    ("answer", "media_id"),
    [
        ({"id": "1"}, "1"),
        ({"id": 1}, None),
        ({"id": ""}, None),
        ({"id": "1" * 65}, None),
        ({}, None),
        ("1", None),
        (None, None),
    ],
)
def test_the_id_of_an_upload_is_a_text(answer, media_id):
    assert id_in(answer) == media_id


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_url_that_is_refused_is_old_only_after_a_minute(status):
    assert not is_expired(status, 59.9)
    assert is_expired(status, 60.0)


@pytest.mark.parametrize("status", [200, 206, 302, 400, 416, 429, 500])
def test_other_answers_have_nothing_to_do_with_the_age_of_a_url(status):
    assert not is_expired(status, 1000.0)


def asked(media_id="1", headers=ALICE):
    return request("GET", f"/v23.0/{media_id}", headers)


def got(target, headers=ALICE, method="GET"):
    return request(method, target, headers)


def test_all_urls_of_a_file_have_one_name():
    urls = MediaUrls(CALLERS)
    urls.learn(asked(), "1", "/a?1", 10.0)
    urls.learn(asked(), "1", "/a?2", 20.0)
    assert urls.name_of(got("/a?1")) == urls.name_of(got("/a?2", method="HEAD")) == tag_of("1")
    assert urls.tags_of(got("/a?1")) == (tag_of("1"),)
    first = urls.of(got("/a?1"))
    assert (first.asked, first.since) == ("/v23.0/1", 10.0)
    assert urls.newest(first.caller, "1").target == "/a?2"


@pytest.mark.parametrize(
    "download",
    [got("/a?1", BOB), got("/a?1", []), got("/a?2"), got("/a?1", method="POST")],
)
def test_only_who_was_told_a_url_gets_what_is_kept_by_it(download):
    urls = MediaUrls(CALLERS)
    urls.learn(asked(), "1", "/a?1", 0.0)
    assert urls.of(download) is None
    assert urls.name_of(download) is None
    assert urls.tags_of(download) == ()


def test_nobody_is_remembered_nothing():
    urls = MediaUrls(CALLERS)
    urls.learn(asked(headers=[]), "1", "/a?1", 0.0)
    assert len(urls) == 0


def test_an_older_answer_makes_a_url_no_older_and_no_newest():
    urls = MediaUrls(CALLERS)
    urls.learn(asked(), "1", "/a?1", 20.0)
    urls.learn(asked(), "1", "/a?1", 10.0)
    known = urls.of(got("/a?1"))
    assert known.since == 20.0
    urls.learn(asked(), "1", "/a?0", 15.0)
    assert urls.newest(known.caller, "1").target == "/a?1"


def test_a_url_that_is_given_out_for_another_file_is_of_that_one_only():
    urls = MediaUrls(CALLERS)
    for media_id in ("1", "2", "3"):
        urls.learn(asked(media_id), media_id, "/a", 0.0)
    known = urls.of(got("/a"))
    assert known.media_id == "3"
    assert urls.newest(known.caller, "1") is None
    assert len(urls._newest) == 1


def test_urls_are_bounded_and_go_in_the_order_of_use():
    urls = MediaUrls(CALLERS, most=2)
    urls.learn(asked("1"), "1", "/a?1", 0.0)
    urls.learn(asked("2"), "2", "/a?2", 0.0)
    caller = urls.of(got("/a?1")).caller
    urls.learn(asked("3"), "3", "/a?3", 0.0)
    assert urls.of(got("/a?2")) is None
    assert urls.newest(caller, "2") is None
    assert len(urls._newest) == 2
    assert urls.newest(caller, "1").target == "/a?1"
    assert repr(urls) == "<MediaUrls 2 of at most 2>"


def test_a_file_that_is_deleted_is_forgotten_for_all():
    urls = MediaUrls(CALLERS)
    for headers in (ALICE, BOB):
        urls.learn(asked(headers=headers), "1", "/a?1", 0.0)
    urls.learn(asked("2"), "2", "/a?2", 0.0)
    urls.forget("1")
    assert len(urls) == 1
    assert urls.of(got("/a?2")) is not None
