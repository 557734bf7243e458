"""Targets of a hostile client: none reaches what only another one may reach."""

import pytest

from tests.security.raw_requests import HOST, target
from tests.support.proxied import proxied
from tests.support.raw import ask
from tests.support.steps import OK

ELSEWHERE = [
    *(
        b"/apiX/x",
        b"/ap/x",
        b"/API/x",
        b"/api%2fx",
        b"/api%2Fx",
        b"/%61pi/x",
        b"/api\\x",
        b"/api;/x",
    ),
    *(b"/api@evil.test/x", b"/api:80/x", b"//api/x", b"/../api/x", b"/./api/x", b"/%2e%2e/api/x"),
    *(b"/api.evil.test/x", b"/api&/x", b"/", b"/?/api/x", b"/_sidecar/x", b"/api%00/x"),
]


@pytest.mark.parametrize("value", ELSEWHERE)
async def test_what_only_looks_like_the_name_of_an_upstream_is_none(value):
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, target(value))
        assert (answer.status, answer.error) in {(404, "no_upstream"), (404, "reserved_path")}
        assert not origin.connections


FORMS = {
    "absolute": (b"http://evil.test/api/x", "absolute_form"),
    "absolute, own host": (b"http://a.test/api/x", "absolute_form"),
    "absolute, with a user": (b"http://user:pass@a.test/api/x", "absolute_form"),
    "asterisk": (b"*", "bad_target"),
    "fragment": (b"/api/x#/../y", "bad_target"),
    "fragment in the query": (b"/api/x?a=1#b", "bad_target"),
    "fragment alone": (b"/api#x", "bad_target"),
}


@pytest.mark.parametrize("form", FORMS)
async def test_other_forms_of_a_target_reach_nothing(form):
    value, code = FORMS[form]
    method = b"OPTIONS " if form == "asterisk" else b"GET "
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, method + value + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (answer.status, answer.error) == (400, code)
        assert b"pass" not in answer.body
        assert not origin.connections
