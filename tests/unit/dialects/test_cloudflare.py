import gzip
import time

import pytest

from sidecar.dialects import cloudflare
from tests.support.dialects import CLOUDFLARE, page

HTML = [(b"Content-Type", b"text/html; charset=UTF-8")]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "an internal error"),
        (502, "no valid answer"),
        (503, "unavailable"),
        (504, "did not answer in time"),
        (520, "empty or invalid"),
        (521, "refuses connections"),
        (522, "timed out"),
        (523, "cannot be reached"),
        (524, "did not answer in time"),
        (525, "handshake"),
        (526, "certificate"),
        (530, "cannot be resolved"),
    ],
)
def test_each_page_becomes_a_sentence(status, words):
    found = cloudflare.sentence(status, HTML + CLOUDFLARE, page(status))
    assert found.startswith(f"Cloudflare {status}: ")
    assert words in found
    assert found.endswith(" (ray 8f1e2d3c4b5a6978-CDG)")


def test_ray_is_found_in_the_page_when_no_header_has_it():
    assert cloudflare.sentence(522, HTML, page(522)).endswith("(ray 987161315ade05f9)")


def test_ray_that_is_none_is_left_out():
    found = cloudflare.sentence(522, [(b"cf-ray", b"<script>")], b"<a id=cf-wrapper>")
    assert found == "Cloudflare 522: the connection to the server behind it timed out"


def test_compressed_page_is_read():
    headers = [*HTML, (b"Content-Encoding", b"gzip")]
    assert cloudflare.sentence(521, headers, gzip.compress(page(521)))
    assert cloudflare.judge(521, headers, gzip.compress(page(521)))


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (522, HTML, b"<html>my own page</html>"),
        (522, CLOUDFLARE, b""),
        (522, [(b"Content-Type", b"application/json")], page(522)),
        (522, HTML, b'{"page": "cf-wrapper"}'),
        (404, HTML, page(404)),
        (200, HTML, page(200)),
    ],
)
def test_anything_else_is_no_page_of_cloudflare(status, headers, body):
    assert cloudflare.sentence(status, headers, body) is None


def test_made_up_status_of_another_server_is_not_judged():
    assert cloudflare.judge(521, HTML, b"<html>my own page</html>") is None
    assert cloudflare.judge(502, CLOUDFLARE, page(502)) is None


@pytest.mark.parametrize(
    ("status", "headers", "worth"),
    [
        (522, HTML, True),
        (502, [(b"content-type", b"Text/HTML")], True),
        (404, HTML, False),
        (599, HTML, False),
        (522, [(b"Content-Type", b"application/json")], False),
        (522, [], False),
    ],
)
def test_only_an_html_page_with_a_known_status_is_worth_a_look(status, headers, worth):
    assert cloudflare.may_be_page(status, headers) is worth


@pytest.mark.parametrize("unit", [b"Ray ID:<>", b"<Ray ID:<>", b"Ray ID: ", b"<>", b" "])
def test_no_page_takes_long(unit):
    body = b"<a id=cf-wrapper>Ray ID:" + unit * 10_000
    began = time.process_time()
    assert cloudflare.sentence(502, HTML, body)
    assert time.process_time() - began < 0.2
