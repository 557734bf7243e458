"""Which uploads are the same file once more."""

import aiohttp
import pytest

from sidecar.core.media import Callers
from sidecar.core.media_uploads import Uploads
from tests.support.builders import request
from tests.support.forms import form, part, upload

ALICE = [(b"Authorization", b"Bearer alice")]
BOB = [(b"Authorization", b"Bearer bob")]
CALLERS = Callers(b"secret")


def post(parts, credentials=ALICE, target="/v23.0/9/media", more=()):
    headers, body = parts
    return request("POST", target, [*credentials, *headers, *more], body)


def key(subject, number="9"):
    return Uploads(CALLERS, 10.0).key(subject, number, subject.body.data)


def test_the_same_file_has_the_same_key_whatever_the_boundary_and_the_order():
    fields = part("messaging_product", b"whatsapp"), part("file", b"x"), part("type", b"image/png")
    expected = key(post(form(*fields)))
    assert expected is not None
    assert key(post(form(*reversed(fields), boundary="another"))) == expected
    assert key(post(form(*fields), target="/v24.0/9/media")) == expected


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        (post(upload(b"other")), "9"),
        (post(upload(filename="b.png")), "9"),
        (post(upload()), "8"),
        (post(upload(), BOB), "9"),
        (post(upload(), target="/v23.0/9/media?access_token=t"), "9"),
    ],
)
def test_another_file_name_number_or_caller_has_another_key(subject, number):
    found = key(subject, number)
    assert found is not None
    assert found != key(post(upload()))


@pytest.mark.parametrize(
    "subject",
    [
        post(upload(), []),
        post(form(part("type", b"image/png"))),
        post(form(part("file", b"x"), part("ttl", b"1"))),
        post(([(b"Content-Type", b"application/json")], b"{}")),
        post(([], b"{}")),
        post(upload(), more=[(b"Content-Encoding", b"gzip")]),
        post(upload(), more=[(b"Content-Type", b"text/plain")]),
    ],
)
def test_what_cannot_be_told_apart_has_no_key(subject):
    assert key(subject) is None


async def test_the_form_that_aiohttp_writes_has_a_key():
    keys = set()
    for _ in range(2):
        data = aiohttp.FormData()
        data.add_field("messaging_product", "whatsapp")
        data.add_field("type", "image/png")
        data.add_field("file", b"bytes", filename="a b.png", content_type="image/png")
        payload = data()
        body = await payload.as_bytes()
        kind = payload.headers["Content-Type"].encode()
        headers = [(b"Content-Type", kind)]
        keys.add(key(post((headers, body))))
    assert len(keys) == 1
    assert None not in keys


def test_an_upload_is_remembered_for_a_while():
    uploads = Uploads(CALLERS, 10.0)
    uploads.remember(b"k", "1", b'{"id":"1"}', 100.0)
    assert uploads.get(b"k", 109.9).answer == b'{"id":"1"}'
    assert uploads.get(b"k", 110.0) is None
    assert len(uploads) == 0


def test_uploads_are_bounded():
    uploads = Uploads(CALLERS, 10.0, most=2)
    for name in (b"a", b"b", b"c"):
        uploads.remember(name, "1", b"", 0.0)
    assert uploads.get(b"a", 0.0) is None
    assert repr(uploads) == "<Uploads 2 of at most 2>"


def test_an_upload_whose_file_is_deleted_is_forgotten():
    uploads = Uploads(CALLERS, 10.0)
    uploads.remember(b"a", "1", b"", 0.0)
    uploads.remember(b"b", "2", b"", 0.0)
    uploads.forget("1")
    assert uploads.get(b"a", 0.0) is None
    assert uploads.get(b"b", 0.0) is not None
