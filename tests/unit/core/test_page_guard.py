import pytest

from sidecar.core.page_guard import check_reader
from sidecar.errors import BadRequest

OURS = [
    "",
    "localhost",
    "LOCALHOST:8080",
    "app.localhost",
    "127.0.0.1",
    "127.0.0.1:80",
    "[::1]",
    "[::1]:80",
    "10.1.2.3:",
    "sidecar",
    "sidecar:8080",
    "sidecar.shop.svc.cluster.local",
    "sidecar.shop.svc",
    "box.internal.",
    "known.example.com",
    "Known.Example.com:8080",
]
NOT_OURS = [
    "evil.example",
    "evil.example.:80",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io",
    "local.evil.example",
    "1.2.3",
    "x.known.example.com",
]


@pytest.mark.parametrize("host", OURS)
def test_a_name_that_nobody_else_can_have_is_let_in(host):
    check_reader(host, [], frozenset(("known.example.com",)))


@pytest.mark.parametrize("host", NOT_OURS)
def test_a_name_that_somebody_else_may_own_is_not(host):
    with pytest.raises(BadRequest, match=r"admin\.hosts") as refused:
        check_reader(host, [], frozenset(("known.example.com",)))
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Origin", b"https://evil.example"),
        (b"origin", b"http://localhost:3000"),
        (b"Origin", b"null"),
        (b"Origin", b""),
        (b"Sec-Fetch-Site", b"cross-site"),
        (b"sec-fetch-site", b"same-site"),
    ],
)
def test_a_page_of_another_site_is_not_let_in(name, value):
    with pytest.raises(BadRequest) as refused:
        check_reader("localhost:8080", [(b"Accept", b"*/*"), (name, value)], ())
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Origin", b"http://localhost:8080"),
        (b"Origin", b"https://LOCALHOST:8080"),
        (b"Sec-Fetch-Site", b"none"),
        (b"Sec-Fetch-Site", b"same-origin"),
    ],
)
def test_a_page_of_its_own_is(name, value):
    check_reader("localhost:8080", [(name, value)], ())
