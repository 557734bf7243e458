"""URLs in headers that lead back to the sidecar, and the validators of what was changed."""

import pytest

from tests.support.builders import response
from tests.support.returned import World


async def test_a_304_has_the_weak_etag_that_the_body_would_have_had():
    answer = await World(response(304, b"", [(b"ETag", b'"e"')])).call()
    assert answer.headers == [(b"ETag", b'W/"e"')]


@pytest.mark.parametrize(
    ("status", "name", "url", "expected"),
    [
        (302, b"Location", b"/next", b"/api/next"),
        (302, b"Location", b"https://graph.facebook.com/x", b"http://127.0.0.1:8080/api/x"),
        (302, b"Location", b"https://lookaside.fbsbx.com/x", None),
        (201, b"Location", b"https://lookaside.fbsbx.com/x", b"http://127.0.0.1:8080/media/x"),
        (302, b"X-Goog-Upload-URL", b"https://lookaside.fbsbx.com/x", b"http://127.0.0.1:8080/media/x"),
        (200, b"X-Other", b"https://graph.facebook.com/x", None),
    ],
)  # fmt: skip
async def test_urls_in_headers_lead_back(status, name, url, expected):
    fields = [(name, url), (b"X-A", b"1")]
    names = ("Location", "X-Goog-Upload-URL")
    world = World(response(status, b"", fields), headers=names, json=())
    answer = await world.call()
    assert answer.headers == [(name, expected or url), (b"X-A", b"1")]
    assert world.stats.headers == (expected is not None)
    assert (answer.headers is fields) == (expected is None)


async def test_a_redirect_may_lead_to_an_upstream_that_is_named():
    fields = [(b"Location", b"https://lookaside.fbsbx.com/x")]
    answer = await World(response(302, b"", fields), redirects_to=("media",)).call()
    assert answer.headers == [(b"Location", b"http://127.0.0.1:8080/media/x")]
