"""A secret that was planted anywhere in an exchange or an event is in no line about it."""

import json
from string import ascii_letters, digits

from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.telemetry import lines
from sidecar.telemetry.record import Record
from tests.fuzz.budget import few

WORD = st.text(ascii_letters + digits, min_size=24, max_size=40).filter(
    lambda word: any(each.isdigit() for each in word) and word.lower() != word != word.upper()
)
"""As dense as the tokens of providers are."""
NOISE = st.text(max_size=30)
TARGETS = st.sampled_from(
    [
        "/rest/v1/t?apikey={}",
        "/x?a=b&access_token={}&c=d",
        "/x?{}",
        "/x?{}=1",
        "//user:{}@h/p",
        "/v1/upload/resumable/{}",
        "/v20.0/upload:{}",
        "/p/{}/q",
        "/p;token={}/q",
        "/x#access_token={}",
        "http://u:{}@h/x",
        "/%2e%2e/{}%2f?q=%00{}",
    ]
)
MESSAGES = st.sampled_from(
    [
        "Authorization: Bearer {}",
        "authorization='Basic {}'",
        '{{"token": "{}"}}',
        "password={} failed",
        "https://u:{}@host/path?x=y",
        "redis://:{}@h:1/0 is down",
        "GET https://h/p?apikey={} HTTP/1.1",
        "cookie: {}",
        "key: AIza{}",
        "sk-{}",
    ]
)


@few(150)
@given(TARGETS, WORD, NOISE, st.text(max_size=70), st.booleans())
def test_no_line_of_an_exchange_shows_a_secret(form, secret, noise, odd, failed):
    assume(secret not in noise + odd)
    record = Record(
        id=odd,
        upstream="api",
        route="r",
        method=noise,
        target=form.format(secret, secret) + noise,
        status=502 if failed else 200,
        error="upstream_reset" if failed else None,
        started_wall=1_700_000_000.25,
    )
    shown = [lines.exchange_json(record, "info")]
    shown += [lines.exchange_text(record, "warning", colour=colour) for colour in (False, True)]
    for line in shown:
        assert secret not in line
        assert "\n" not in line
        assert line.isascii()
    assert json.loads(shown[0])["event"] == "exchange"


@few(150)
@given(MESSAGES, WORD, NOISE, NOISE)
def test_no_line_of_an_event_shows_a_secret(form, secret, before, after):
    assume(secret not in before + after)
    text = f"{before} {form.format(secret)} {after}"
    fields = {"error": text, "count": 1, "nothing": None}
    shown = [
        lines.event_json(1.5, "error", "library", fields),
        lines.event_text(1.5, "error", "library", fields, colour=True),
    ]
    for line in shown:
        assert secret not in line
        assert "\n" not in line
    assert json.loads(shown[0])["count"] == 1
