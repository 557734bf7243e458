import gzip
import zlib

import pytest

from sidecar.core.json_path import field, parsed
from sidecar.dialects.body import MOST, decoded, json_of

TEXT = b'{"error": {"code": 4}}'


def coded(value):
    return [(b"Content-Encoding", value)]


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", gzip.compress(TEXT, mtime=0)),
        (b"x-gzip", gzip.compress(TEXT, mtime=0)),
        (b" GZIP ", gzip.compress(TEXT, mtime=0)),
        (b"identity, gzip", gzip.compress(TEXT, mtime=0)),
        (b"deflate", zlib.compress(TEXT)),
        (b"deflate", raw_deflate(TEXT)),
        (b"identity", TEXT),
        (b"", TEXT),
        (b"gzip", TEXT),
        (b"br", TEXT),
    ],
)
def test_body_is_read_through_its_coding(coding, body):
    assert decoded(coded(coding), body) == TEXT


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"br", b"\x0b\x02\x80"),
        (b"gzip", b"\x1f\x8bgarbage"),
        (b"deflate", b"garbage"),
        (b"gzip, gzip", gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0)),
        (b"gzip", b""),
    ],
)
def test_what_cannot_be_read_is_empty(coding, body):
    assert decoded(coded(coding), body) == b""


def test_truncated_gzip_gives_what_is_there():
    whole = gzip.compress(bytes(range(256)) * 100)
    assert decoded(coded(b"gzip"), whole[:-20]).startswith(bytes(range(256)))


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, raw_deflate])
def test_a_bomb_unfolds_to_the_bound_and_no_further(pack):
    coding = b"gzip" if pack is gzip.compress else b"deflate"
    assert len(decoded(coded(coding), pack(b"a" * 4 * MOST))) == MOST


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": ', b"<html>", b"\xff", b"[" * 60_000])
def test_what_is_no_json_is_nothing(text):
    assert parsed(text) is None
    assert json_of([], text) is None


def test_field_follows_names_and_positions_and_nothing_else():
    value = parsed(b'{"a": [{"b": 1}], "0": 2}')
    assert field(value, "a", 0, "b") == 1
    for path in (("a", 1), ("a", -1), ("a", "0"), (0,), ("a", 0, "b", "c"), ("z",)):
        assert field(value, *path) is None
