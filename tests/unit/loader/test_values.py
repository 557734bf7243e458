"""How single values are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from sidecar.config import values
from sidecar.config.patterns import path_pattern
from sidecar.core.paths import compile_path


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("10s", 10.0), ("1.5m", 90.0), ("24h", 86400.0), ("7d", 604800.0), ("0s", 0)],
)
def test_durations(text, seconds):
    assert values.duration(text) == seconds


@pytest.mark.parametrize(
    "value", [10, 1.5, "10", "-1s", "1 s", "s", "", None, True, "9" * 400 + "d"]
)
def test_a_duration_has_a_unit_and_a_bound(value):
    with pytest.raises(PydanticCustomError):
        values.duration(value)


@given(st.integers(1, 10**9))
def test_a_duration_is_written_as_it_is_read(milliseconds):
    text = values.format_duration(milliseconds / 1000)
    assert values.duration(text) == pytest.approx(milliseconds / 1000)


@given(st.integers(1, 2**40))
def test_a_size_is_written_as_it_is_read(count):
    assert values.size(values.format_size(count)) == count


@pytest.mark.parametrize("value", [1024, "1024", "1MB", "1.5MiB", "-1B", None])
def test_a_size_has_a_binary_unit(value):
    with pytest.raises(PydanticCustomError):
        values.size(value)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("[::1]:0", "::1", 0),
        ("0.0.0.0:65535", "0.0.0.0", 65535),
        ("bücher.internal.:1", "bücher.internal.", 1),
    ],
)
def test_addresses(text, host, port):
    assert values.address(text) == values.Address(host=host, port=port)


@pytest.mark.parametrize(
    "value",
    [
        "8080", ":8080", "::1:8080", "[]:1", "h:65536", "h:-1", "h:", "http://h:1", "unix:", 8080,
        "a..b:1", f"{'a' * 64}.b:1",
    ],
)  # fmt: skip
def test_an_address_has_a_host_that_can_be_one_and_a_port(value):
    with pytest.raises(PydanticCustomError):
        values.address(value)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "https://x.test", "https://x.test:8443/base/", "http://[::1]:80/a"],
)
def test_urls(url):
    assert values.url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "x.test", "ftp://x", "https://", "https://u:p@x", "https://x?k=v", "https://x/#f",
        "https:///x", "https://x:99999", "https://x:abc", "https://[::1",
        f"https://{'a' * 64}.test", "https://x y", None,
    ],
)  # fmt: skip
def test_a_url_has_a_host_and_no_credentials_query_or_fragment(url):
    with pytest.raises(PydanticCustomError):
        values.url(url)


@pytest.mark.parametrize(
    "pattern",
    [
        "/", "/**", "/rest/v1/**", "/v{version}/x", "/{version}/*/{model}:generateContent",
        "/a/**/b", "/*.json",
    ],
)  # fmt: skip
def test_a_pattern_that_is_accepted_compiles(pattern):
    assert compile_path(path_pattern(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a",
        "/a**",
        "/{A}",
        "/{a}/{a}",
        "/{a",
        "/a}",
        "/{}",
        "/a?b",
        "/a b",
        "/a#b",
        "/ü",
        None,
        1,
    ],
)
def test_a_broken_pattern_is_refused(pattern):
    with pytest.raises(PydanticCustomError):
        path_pattern(pattern)


@given(st.text(alphabet="/ab{}*:_1", max_size=20))
def test_whatever_is_accepted_as_a_pattern_compiles(text):
    try:
        pattern = path_pattern("/" + text)
    except PydanticCustomError:
        return
    assert compile_path(pattern)
