import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache.model import Head
from sidecar.core.cache.targets import Targets, ends_session
from tests.support.builders import request

HERE = Targets("https://api.test/base")


def met(read, write, status=200, headers=(), where=HERE):
    """Whether the write drops the read's answer."""
    head = None if status is None else Head(status, b"", list(headers))
    tags = where.written_tags(request("POST", write), head)
    return bool(set(where.read_tags(request(target=read))) & set(tags))


@pytest.mark.parametrize(
    ("read", "write", "dropped"),
    [
        ("/a", "/a", True),
        ("/a?x=1", "/a", True),
        ("/a", "/a?x=1", True),
        ("/a/", "/a", True),
        ("/a", "/a/5", True),
        ("/a?page=2", "/a/5", True),
        ("/a/5", "/a/5/activate", True),
        ("/a/5", "/a", False),
        ("/a/5", "/a/7", False),
        ("/b", "/a", False),
        ("/A", "/a", False),
        ("/a/~x", "/a/%7ex", True),
        ("/a/%28x%29", "/a/(x)", True),
        ("/%61", "/a/caf%c3%A9", True),
        ("/a/caf\udcc3\udca9", "/a/caf%C3%A9", True),
        ("/a/%7f", "/a/%7e", False),
    ],
)
def test_a_write_drops_its_own_path_and_the_collection_that_holds_it(read, write, dropped):
    assert met(read, write) == dropped


@pytest.mark.parametrize(
    ("status", "dropped"),
    [
        *[(status, True) for status in (200, 201, 204, 302, None, 502, 503, 504)],
        *[(status, True) for status in (408, 499, 520, 524, 546)],
        *[(status, False) for status in (400, 404, 409, 500)],
    ],
)
def test_only_a_write_that_may_have_been_done_counts(status, dropped):
    assert met("/a", "/a", status) == dropped


@pytest.mark.parametrize("name", [b"Location", b"content-location"])
@pytest.mark.parametrize(
    ("value", "dropped"),
    [
        (b"/base/b/5", True),
        (b"/base/b/5?x=1", True),
        (b"b/5", True),
        (b"./b/5#part", True),
        (b"/base/%62/5", True),
        (b"https://api.test/base/b/5", True),
        (b"https://API.test/base/b/5", True),
        (b"https://api.test:443/base/b/5", True),
        (b"https://api.test:80/base/b/5", False),
        (b"http://api.test/base/b/5", False),
        (b"https://evil.test/base/b/5", False),
        (b"//evil.test/base/b/5", False),
        (b"https://api.test:444/base/b/5", False),
        (b"/b/5", False),
        (b"https://[", False),
        (b"https://api.test:x/base/b/5", False),
        (b"\xff", False),
    ],
)
def test_what_the_answer_names_is_dropped_if_it_is_of_the_same_origin(name, value, dropped):
    assert met("/b/5", "/a", 201, [(name, value)]) == dropped


def test_upstreams_are_told_apart_and_tags_give_nothing_away():
    other = Targets("https://other.test/base")
    (tag,) = HERE.read_tags(request(target="/secret?key=secret"))
    assert tag not in other.read_tags(request(target="/secret?key=secret"))
    assert "secret" not in tag


@given(st.text(max_size=20), st.binary(max_size=20))
def test_no_target_and_no_location_makes_it_raise(target, value):
    subject = request("POST", "/" + target)
    HERE.read_tags(subject)
    HERE.written_tags(subject, Head(200, b"", [(b"Location", value)]))
    ends_session(subject)


@pytest.mark.parametrize(
    ("target", "ends"),
    [
        ("/auth/v1/logout", True),
        ("/auth/v1/logout?scope=global", True),
        ("/auth/v1/logout/", True),
        ("/Sign-Out", True),
        ("/revoke", True),
        ("/logouts", False),
        ("/logout/5", False),
        ("/x?next=/logout", False),
        ("/", False),
    ],
)
def test_signing_out_ends_a_session(target, ends):
    assert ends_session(request("POST", target)) == ends
