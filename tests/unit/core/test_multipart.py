from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.multipart import read_form
from tests.support.forms import form, part, upload

KIND = b"multipart/form-data; boundary=b"
GOOD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\ndata\r\n--b--\r\n'


def read(kind, body):
    found = read_form(kind, body)
    return found and [(each.name, each.filename, bytes(each.data)) for each in found]


def test_a_form_is_taken_apart():
    headers, body = upload(b"bytes\r\n")
    assert [
        (each.name, each.filename, each.content_type, bytes(each.data))
        for each in read_form(headers[0][1], body)
    ] == [
        ("messaging_product", b"", b"", b"whatsapp"),
        ("type", b"", b"", b"image/png"),
        ("file", b'; filename="a.png"', b"image/png", b"bytes\r\n"),
    ]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (KIND, GOOD),
        (KIND, GOOD[:-2]),
        (b"Multipart/Form-Data;boundary=b", GOOD),
        (b'multipart/form-data; boundary="b"', GOOD),
        (KIND, GOOD.replace(b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\n")),
        (KIND, GOOD.replace(b'filename="x"', b"filename=\"x\"; filename*=utf-8''%C3%A9")),
        (KIND, GOOD.replace(b"Content-Disposition", b"content-disposition")),
    ],
)
def test_what_clients_write_is_read(kind, body):
    assert [each[::2] for each in read(kind, body)] == [("file", b"data")]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"multipart/mixed; boundary=b", GOOD),
        (KIND + b"; charset=utf-8", GOOD),
        (b"multipart/form-data", GOOD),
        (b"multipart/form-data; boundary=", GOOD),
        (b"multipart/form-data; boundary=" + b"b" * 71, GOOD),
        (KIND, b""),
        (KIND, b"--b--\r\n"),
        (KIND, b"\r\n" + GOOD),
        (KIND, b"preamble\r\n" + GOOD),
        (KIND, GOOD + b"epilogue"),
        (KIND, GOOD[:-4]),
        (KIND, GOOD.replace(b"\r\n", b"\n")),
        (KIND, GOOD.replace(b"data", b"da\r\n--bta")),
        (KIND, GOOD.replace(b"data", b"da\r\n--b\r\nta")),
        (KIND, GOOD.replace(b"--b\r\n", b"--b \r\n")),
        (KIND, GOOD.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n")),
        (KIND, GOOD.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n")),
        (KIND, GOOD.replace(b"\r\n\r\n", b"\r\n folded\r\n\r\n")),
        (KIND, GOOD.replace(b"\r\n\r\n", b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n')),
        (KIND, GOOD.replace(b'"x"', b'"x\\"y"')),
        (KIND, GOOD.replace(b'; filename="x"', b'; filename="x"; name="type"')),
        (KIND, GOOD.replace(b"form-data;", b"attachment;")),
        (KIND, GOOD.replace(b"\r\n\r\ndata", b"\r\n")),
        (KIND, GOOD.replace(b"\r\ndata", b"data")),
        (KIND, GOOD[:-4] + b"\r\n" + GOOD),
        (KIND, b"--b\r\n\r\n" + GOOD),
        (KIND, b"--b\r\n--b--\r\n"),
    ],
)
def test_what_is_unusual_is_not_read(kind, body):
    assert read(kind, body) is None


def test_two_parts_of_one_name_are_not_read():
    headers, body = form(part("file", b"x"), part("file", b"y"))
    assert read(headers[0][1], body) is None


def test_many_parts_are_not_read():
    headers, body = form(*(part(f"p{number}", b"x") for number in range(17)))
    assert read(headers[0][1], body) is None
    headers, body = form(*(part(f"p{number}", b"x") for number in range(16)))
    assert len(read(headers[0][1], body)) == 16


NAMES = st.lists(st.sampled_from(["file", "type", "messaging_product", "x"]), unique=True)
DATA = st.binary(max_size=50) | st.text(st.sampled_from("\r\n-b0undary"), max_size=20).map(
    str.encode
)


@given(NAMES.filter(bool), st.data())
def test_every_form_comes_apart_into_what_it_was_made_of(names, data):
    contents = [(name, data.draw(DATA)) for name in names]
    headers, body = form(*(part(name, content, filename="f") for name, content in contents))
    found = read(headers[0][1], body)
    if not any(b"\r\n--b0undary" in b"\r\n" + content + b"\r\n" for _, content in contents):
        assert [each[::2] for each in found] == contents
    elif found is not None:  # a part that looks like several: all readers see it so
        assert _by_email(headers[0][1], body) == [each[::2] for each in found]


def _by_email(kind, body):
    """What Python's mail parser, which takes anything, makes of it."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + body)
    assert message.is_multipart()
    return [
        (each.get_param("name", header="content-disposition"), each.get_payload(decode=True))
        for each in message.iter_parts()
    ]


CUT = st.tuples(st.integers(0, len(GOOD)), st.integers(0, 12), st.binary(max_size=8))
TOKENS = st.sampled_from(
    [
        b"\r\n--b",
        b"--b\r\n",
        b"--b--",
        b"\r\n\r\n",
        b'name="',
        b"; ",
        b"\r",
        b"\n",
        b":",
        b'"',
        b"\0",
    ]
)


@given(st.lists(CUT, max_size=3), st.lists(st.tuples(st.integers(0, 90), TOKENS), max_size=3))
def test_a_damaged_form_is_read_as_others_read_it_or_not_at_all(cuts, tokens):
    body = GOOD
    for at, length, new in cuts:
        body = body[:at] + new + body[at + length :]
    for at, token in tokens:
        body = body[:at] + token + body[at:]
    found = read_form(KIND, body)
    if found is not None:
        payloads = [bytes(each.data) for each in found]
        if all(b"\r" not in data and b"\n" not in data for data in payloads):
            assert [content for _, content in _by_email(KIND, body)] == payloads


@given(st.binary(max_size=80), st.binary(max_size=200))
def test_nothing_is_too_odd(kind, body):
    assert read_form(kind, body) is None
    assert read_form(KIND, b"--b\r\n" + body) is None or b"form-data" in body
