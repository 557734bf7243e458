import pytest

from sidecar.admin.endpoint import Refused
from sidecar.admin.guard import guard_of
from sidecar.config import Address
from sidecar.config.admin import Admin

TOKEN = "0123456789abcdef"  # not a secret
LOCAL = Address("127.0.0.1", 9901)
WRITE = {"Host": "localhost:9901", "X-Sidecar-Admin": "1"}


def outcome(method, headers, admin=None, address=LOCAL, *, public=False):
    """200 or the status of the refusal."""
    try:
        guard_of(admin or Admin(), address).check(method, headers, public=public)
    except Refused as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9901", 200),
        ("localhost", 200),
        ("LOCALHOST:9901", 200),
        ("[::1]:9901", 200),
        ("sidecar.internal:9901", 200),
        ("sidecar.internal.:9901", 200),
        ("localhost.", 200),
        ("localhost:", 200),
        ("evil.test", 403),
        ("evil.test:9901", 403),
        ("localhost.evil.test", 403),
        ("localhost:evil", 403),
        ("", 403),
    ],
)
def test_only_its_own_names_address_it(host, status):
    assert outcome("GET", {"Host": host}, Admin(hosts=("Sidecar.internal",))) == status


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [
        (Address("10.0.0.5", 9901), "10.0.0.5:9901", 200),
        (Address("::", 9901), "[::]:9901", 403),
        (Address("0.0.0.0", 9901), "0.0.0.0:9901", 403),
        (Address("fd00::5", 9901), "[fd00::5]:9901", 200),
        (Address(path="/run/admin"), "localhost", 200),
    ],
)
def test_the_address_that_it_is_bound_to_is_a_name_of_its_own(address, host, status):
    headers = {"Host": host, "Authorization": f"Bearer {TOKEN}"}
    assert outcome("GET", headers, Admin(token=TOKEN), address) == status


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("", 401),
        (TOKEN, 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer é\udce9", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
    ],
)
def test_with_a_token_nothing_goes_without_it(given, status):
    for method in ("GET", "POST"):
        assert outcome(method, {**WRITE, "Authorization": given}, Admin(token=TOKEN)) == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "X"])
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"X-Sidecar-Admin": "yes"}, 403),
        ({"Origin": "http://localhost:9901"}, 200),
        ({"Origin": "http://localhost:9902"}, 403),
        ({"Origin": "https://localhost:9901"}, 200),
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "ftp://localhost:9901"}, 403),
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_page_of_another_site_changes_nothing(method, change, status):
    assert outcome(method, {**WRITE, **change}) == status


def test_a_write_needs_the_header_and_a_read_does_not():
    assert outcome("POST", {"Host": "localhost"}) == 403
    assert outcome("GET", {"Host": "localhost"}) == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "sidecar", "localhost.test"])
def test_it_does_not_start_for_others_without_a_token(host):
    with pytest.raises(OSError, match=r"needs admin\.token"):
        guard_of(Admin(), Address(host, 9901))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LocalHost"])
def test_for_this_machine_it_needs_none(host):
    assert guard_of(Admin(), Address(host, 9901)).token is None


def test_the_token_is_not_shown():
    admin = Admin(token=TOKEN)
    assert TOKEN not in repr(admin)
    assert TOKEN not in repr(guard_of(admin, LOCAL))


@pytest.mark.parametrize(
    ("method", "change", "status"),
    [
        ("GET", {}, 200),
        ("HEAD", {}, 200),
        ("GET", {"Host": "evil.test"}, 403),
        ("POST", {}, 401),
    ],
)
def test_what_is_public_may_be_read_without_the_token_and_nothing_else(method, change, status):
    headers = {**WRITE, **change}
    assert outcome(method, headers, Admin(token=TOKEN), public=True) == status
