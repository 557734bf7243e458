import asyncio

import pytest

from sidecar.config import ClientTls, Timeouts, Upstream
from sidecar.transport.dial import Dialer
from sidecar.transport.upstream import UpstreamTransport
from tests.support.builders import exchange, request
from tests.support.clock import FakeClock


@pytest.mark.parametrize(
    ("url", "host", "base"),
    [
        ("http://x.test", b"x.test", ""),
        ("http://x.test:80/", b"x.test", ""),
        ("http://x.test:8080", b"x.test:8080", ""),
        ("http://x.test:443", b"x.test:443", ""),
        ("https://x.test:443/v1/", b"x.test", "/v1"),
        ("https://x.test:80/a/b", b"x.test:80", "/a/b"),
        ("http://[::1]:80", b"[::1]", ""),
        ("http://[::443]/", b"[::443]", ""),
        ("http://b\u00fccher.test:81", b"xn--bcher-kva.test:81", ""),
    ],
)
async def test_host_and_base_path_come_from_the_url(url, host, base):
    subject = UpstreamTransport(Upstream(url), FakeClock())
    expected = f"<UpstreamTransport {host.decode()}{base} <Pool 0 open, 0 idle, 0 waiters>>"
    assert repr(subject) == expected
    subject.close()


@pytest.mark.parametrize(
    ("url", "settings", "expected"),
    [
        ("http://x.test", {}, ("x.test", 80, "x.test", False)),
        ("https://x.test", {}, ("x.test", 443, "x.test", True)),
        ("https://[::1]:8443", {}, ("::1", 8443, "::1", True)),
        (
            "https://10.0.0.1",
            {"tls": ClientTls(server_name="api.test")},
            ("10.0.0.1", 443, "api.test", True),
        ),
    ],
)
def test_a_dialer_knows_where_to_connect_and_which_name_to_verify(url, settings, expected):
    subject = Dialer(Upstream(url, **settings), FakeClock(), None)
    assert (subject.host, subject.port, subject.server_name, bool(subject.tls)) == expected
    assert repr(subject) == f"<Dialer {expected[0]}:{expected[1]}{' tls' if expected[3] else ''}>"


def test_a_certificate_that_cannot_be_read_is_found_at_once():
    with pytest.raises(OSError, match="No such file"):
        UpstreamTransport(
            Upstream("https://x.test", tls=ClientTls(ca="/nonexistent.pem")), FakeClock()
        )


async def test_routes_of_an_upstream_share_its_pool():
    subject = UpstreamTransport(Upstream("http://x.test"), FakeClock())
    asked = []

    async def acquire(need):
        asked.append(need.connect)
        raise asyncio.CancelledError

    subject.pool.acquire = acquire
    for connect in (1.0, 2.0):
        with pytest.raises(asyncio.CancelledError):
            await subject.handler(Timeouts(connect=connect))(exchange(request()))
    assert asked == [1.0, 2.0]
    subject.close()
