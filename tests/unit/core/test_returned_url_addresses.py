import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config import Address, Upstream
from sidecar.core.json_spans import Swap
from sidecar.core.returned_urls import Addresses, ReturnedUrl, changed_headers
from sidecar.entered import Entered

UPSTREAMS = {
    "supabase": Upstream(url="https://ref.supabase.co", port=8081, tls_port=8481),
    "storage": Upstream(url="https://ref.storage.supabase.co"),
    "whatsapp": Upstream(url="https://graph.facebook.com:443/"),
    "media": Upstream(url="https://lookaside.fbsbx.com", hosts=("media.internal",)),
    "gemini": Upstream(url="http://gateway:9000/llm", hosts=("gemini.internal",)),
    "deep": Upstream(url="http://gateway:9000/llm/deep", port=8085),
}
ADDRESSES = Addresses(
    UPSTREAMS,
    {"gemini": ("https://generativelanguage.googleapis.com",)},
    proxy=(Address(path="/run/s.sock"), Address("127.0.0.1", 8080)),
    proxy_tls=(Address("127.0.0.1", 8443),),
)
PREFIX = Entered("prefix", "127.0.0.1:8080")


def back(url, upstream="supabase", entered=PREFIX, **more):
    swap = ADDRESSES.back(url, ReturnedUrl(upstream, entered, **more))
    return url if swap is None else swap.text + url[swap.length :]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ref.supabase.co/a/b?x=1#f", "http://127.0.0.1:8080/supabase/a/b?x=1#f"),
        ("HTTPS://Ref.Supabase.CO:443/a", "http://127.0.0.1:8080/supabase/a"),
        ("https://ref.supabase.co", "http://127.0.0.1:8080/supabase/"),
        ("https://ref.supabase.co?x", "http://127.0.0.1:8080/supabase/?x"),
        ("//ref.supabase.co//a", "http://127.0.0.1:8080/supabase//a"),
        ("https://lookaside.fbsbx.com/w/?mid=1&hash=%2F",
         "http://127.0.0.1:8080/media/w/?mid=1&hash=%2F"),
        ("https://graph.facebook.com/v26.0/x", "http://127.0.0.1:8080/whatsapp/v26.0/x"),
        ("http://gateway:9000/llm/v1/x", "http://127.0.0.1:8080/gemini/v1/x"),
        ("http://gateway:9000/llm", "http://127.0.0.1:8080/gemini/"),
        ("http://gateway:9000/llm/deep/x", "http://127.0.0.1:8080/deep/x"),
        ("http://gateway:9000/llm/deeper", "http://127.0.0.1:8080/gemini/deeper"),
        ("https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=U",
         "http://127.0.0.1:8080/gemini/upload/v1beta/files?upload_id=U"),
    ],
)  # fmt: skip
def test_a_url_of_a_configured_upstream_leads_through_the_sidecar(url, expected):
    assert back(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://accounts.google.com/o/oauth2",
        "http://ref.supabase.co/a",  # another scheme, another origin
        "https://ref.supabase.co:8443/a",
        "https://ref.supabase.co.evil.example/a",
        "https://evil.ref.supabase.co/a",
        "https://user@ref.supabase.co/a",
        "https://user:p@ref.supabase.co/a",
        "https://ref.supabase.co/a/../../whatsapp/x",
        "https://ref.supabase.co/%2e%2E/whatsapp/x",
        "https://ref.supabase.co/.",
        "https://ref.supabase.co\\..\\x",
        "https://ref.supabase.co/a b",
        "https://ref.supabase.co:port/a",
        "https://ref.supabase.co:999999/a",
        "https://[::1/a",
        "http://gateway:9000/other",
        "http://gateway:9000/llmx",
        "http://gateway:9000",
        "ftp://ref.supabase.co/a",
        "wss://ref.supabase.co/a",
        "mailto:a@ref.supabase.co",
        "a/b",
        "?x=1",
        "",
        "//",
        "https://",
        "/object/sign/x?token=t",  # relative, as in storage's signedURL
    ],
)
def test_any_other_url_stays_as_it_is(url):
    assert back(url) == url


@pytest.mark.parametrize(
    ("upstream", "by", "url", "expected"),
    [
        ("supabase", "prefix", "/x?y", "/supabase/x?y"),
        ("supabase", "host", "/x", "/x"),
        ("supabase", "port", "/x//y", "/x//y"),
        ("supabase", "port", "x", "x"),
        ("gemini", "prefix", "/llm/x", "/gemini/x"),
        ("gemini", "host", "/llm/x", "/x"),
        ("gemini", "host", "/llm", "/"),
        ("gemini", "host", "/llm?x", "/?x"),
        ("gemini", "host", "/llm//evil/x", "http://here:1//evil/x"),
        ("gemini", "host", "/other", "http://gateway:9000/other"),
        ("gemini", "prefix", "/llm/deep/x", "http://here:1/deep/x"),
        ("gemini", "prefix", "/llm/../x", "/llm/../x"),
    ],
)
def test_a_relative_location_is_meant_for_the_root_of_its_upstream(upstream, by, url, expected):
    assert back(url, upstream, Entered(by, "here:1"), relative=True) == expected


@pytest.mark.parametrize(
    ("entered", "upstream", "url", "expected"),
    [
        # the same upstream: as the client came
        (Entered("port", "localhost:8081"), "supabase", "https://ref.supabase.co/a",
         "http://localhost:8081/a"),
        (Entered("port", "sidecar"), "supabase", "https://ref.supabase.co/a",
         "http://sidecar/a"),
        (Entered("port", "[::1]:8081"), "supabase", "https://ref.supabase.co/a",
         "http://[::1]:8081/a"),
        (Entered("port", "s:8481", tls=True), "supabase", "https://ref.supabase.co/a",
         "https://s:8481/a"),
        (Entered("host", "Gemini.Internal:8080"), "gemini", "http://gateway:9000/llm/a",
         "http://Gemini.Internal:8080/a"),
        # another one: by prefix at the same place
        (Entered("prefix", "s:8443", tls=True), "supabase", "https://graph.facebook.com/a",
         "https://s:8443/whatsapp/a"),
        # by its own port, else by prefix on the shared listener
        (Entered("port", "s:8085"), "deep", "https://ref.supabase.co/a",
         "http://s:8081/a"),
        (Entered("port", "s:8481", tls=True), "deep", "https://ref.supabase.co/a",
         "https://s:8481/a"),
        (Entered("port", "s:8081"), "supabase", "https://ref.storage.supabase.co/a",
         "http://s:8080/storage/a"),
        (Entered("port", "s:8481", tls=True), "supabase", "https://ref.storage.supabase.co/a",
         "https://s:8443/storage/a"),
        (Entered("port", "[::1]:8081"), "supabase", "https://ref.storage.supabase.co/a",
         "http://[::1]:8080/storage/a"),
        (Entered("port", "media.internal:8081"), "supabase", "https://lookaside.fbsbx.com/a",
         "http://media.internal:8080/a"),
        (Entered("port", "Media.internal:8081"), "supabase", "https://ref.storage.supabase.co/a",
         None),
        # by its host on the same listener, else by its own port
        (Entered("host", "gemini.internal:8080"), "gemini", "https://lookaside.fbsbx.com/a",
         "http://media.internal:8080/a"),
        (Entered("host", "gemini.internal"), "gemini", "https://lookaside.fbsbx.com/a",
         "http://media.internal/a"),
        (Entered("host", "gemini.internal:8080"), "gemini", "https://ref.supabase.co/a",
         "http://gemini.internal:8081/a"),
        (Entered("host", "gemini.internal:8080"), "gemini", "https://graph.facebook.com/a",
         None),
        (Entered("prefix", ""), "supabase", "https://ref.supabase.co/a",
         None),
    ],
)  # fmt: skip
def test_the_client_comes_back_the_way_that_it_came(entered, upstream, url, expected):
    assert back(url, upstream, entered) == (expected or url)


def test_without_a_shared_listener_another_upstream_cannot_be_reached_from_a_port():
    lonely = Addresses(UPSTREAMS)
    returned = ReturnedUrl("supabase", Entered("port", "s:8081"))
    assert lonely.back("https://ref.storage.supabase.co/a", returned) is None


def test_a_redirect_leads_to_other_upstreams_only_where_that_is_allowed():
    url, own = "https://graph.facebook.com/x", "https://ref.supabase.co/x"
    only = ("supabase",)
    assert back(url, relative=True, only=only) == url
    assert back(own, relative=True, only=only) == "http://127.0.0.1:8080/supabase/x"
    assert back("/x", relative=True, only=only) == "/supabase/x"
    assert back(url, only=(*only, "whatsapp")) == "http://127.0.0.1:8080/whatsapp/x"
    deep = back("/llm/deep/x", "gemini", relative=True, only=("gemini",))
    assert deep == "/gemini/deep/x"


def test_of_two_upstreams_at_one_address_the_own_one_is_meant():
    twins = Addresses({"a": Upstream(url="https://api"), "b": Upstream(url="https://api")})
    for name in ("a", "b"):
        swap = twins.back("https://api/x", ReturnedUrl(name, PREFIX))
        assert swap == Swap(len("https://api"), f"http://127.0.0.1:8080/{name}")


_PIECES = st.sampled_from(
    ["https:", "http:", "//", "/", "ref.supabase.co", "gateway:9000", "/llm", "..", "%2e", "@",
     "\\", "?", "#", ":", "443", "x", "é", "[", "]", ".", " "]
)  # fmt: skip


@given(
    st.lists(_PIECES, max_size=8).map("".join),
    st.sampled_from(list(UPSTREAMS)),
    st.sampled_from(["prefix", "host", "port"]),
    st.booleans(),
)
def test_whatever_comes_nothing_climbs_out_of_the_upstream(url, upstream, by, relative):
    new = back(url, upstream, Entered(by, "here:1"), relative=relative)
    if new == url:
        return
    assert not re.search(r"(^|/)(\.|%2e){1,2}(/|$)", re.split("[?#]", new)[0], re.IGNORECASE)
    assert re.match(
        r"/(?!/)|https?://(here:|(?:media|gemini)\.internal|gateway:9000/|ref\.supabase)", new
    ) or (new.startswith("https://") and relative)


def lead(_name, url):
    return Swap(len("https://a"), "http://s/a") if url.startswith("https://a") else None


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ((b"location", b"https://a/x"), b"http://s/a/x"),
        ((b"Location", b"https://a/\xe9"), b"http://s/a/\xe9"),
        ((b"Link", b'<https://a/1>; rel="next", <https://b/2>; rel=x'),
         b'<http://s/a/1>; rel="next", <https://b/2>; rel=x'),
        ((b"X-Other", b"https://a/x"), b"https://a/x"),
    ],
)  # fmt: skip
def test_urls_in_headers(field, expected):
    headers = [(b"A", b"1"), field, (b"A", b"2")]
    new, count = changed_headers(headers, {b"location", b"link"}, lead)
    assert new == [(b"A", b"1"), (field[0], expected), (b"A", b"2")]
    assert (count, new is headers) == ((0, True) if expected == field[1] else (1, False))


@pytest.mark.parametrize("unit", ["\ufdfa", "é", "é.", "a.", "@", "/", "%2e"])
def test_no_url_takes_long(unit):
    began = time.process_time()
    back("http://" + unit * 50_000)
    assert time.process_time() - began < 0.3
