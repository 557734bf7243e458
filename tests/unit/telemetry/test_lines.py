import json
import re
from dataclasses import replace

import pytest

from sidecar.telemetry import lines
from sidecar.telemetry.record import Record

RECORD = Record(
    id="9f2c4a7be1d05683",
    upstream="supabase",
    route="conversations",
    method="GET",
    target="/rest/v1/conversations?select=id&apikey=C4naryS3cret",
    status=200,
    attempts=1,
    started_wall=1795380677.1234,
    duration=0.0123456789,
    first_byte=0.011,
    bytes_down=512,
)


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, "info"),
        ({"status": 404}, "info"),
        ({"status": 429}, "info"),
        ({"status": 503}, "warning"),
        ({"status": 504, "error": "first_byte_timeout", "source": "sidecar"}, "warning"),
        ({"status": 404, "error": "no_upstream", "source": "sidecar"}, "warning"),
        ({"status": 200, "error": "truncated_body"}, "warning"),
        ({"status": 499, "error": "client_closed", "client_closed": True}, "info"),
    ],
)
def test_level_is_warning_when_the_sidecar_or_the_upstream_failed(changes, level):
    assert lines.level_of(replace(RECORD, **changes)) == level


def test_json_line_has_the_documented_keys_and_values():
    assert json.loads(lines.exchange_json(RECORD, "info")) == {
        "time": "2026-11-22T20:51:17.123Z",
        "level": "info",
        "event": "exchange",
        "id": "9f2c4a7be1d05683",
        "upstream": "supabase",
        "route": "conversations",
        "method": "GET",
        "target": "/rest/v1/conversations?select=*&apikey=*",
        "status": 200,
        "source": "upstream",
        "error": None,
        "attempts": 1,
        "duration": 0.012346,
        "first_byte": 0.011,
        "pool_wait": 0.0,
        "backoff": 0.0,
        "held": 0.0,
        "paced": 0.0,
        "queued": 0.0,
        "dial": 0.0,
        "reused": False,
        "bytes_up": 0,
        "bytes_down": 512,
        "client_closed": False,
    }


@pytest.mark.parametrize("target", ["/x", "/rest/v1/" + "conversations/" * 20 + "?a=1"])
def test_text_line_fits_a_terminal_of_100_columns(target):
    line = lines.exchange_text(replace(RECORD, target=target), "info", colour=False)
    assert len(line) <= lines.COLUMNS
    assert target[:20] in line


def test_text_line_of_a_failure_names_the_error_and_the_id():
    record = replace(RECORD, status=504, error="idle_timeout", target="/x")
    assert lines.exchange_text(record, "warning", colour=False) == (
        "2026-11-22T20:51:17.123Z 504   12ms GET    supabase/conversations"
        " idle_timeout id=9f2c4a7be1d05683 /x"
    )


def test_colour_changes_nothing_but_the_colour():
    record = replace(RECORD, status=504, error="idle_timeout")
    plain = lines.exchange_text(record, "warning", colour=False)
    coloured = lines.exchange_text(record, "warning", colour=True)
    assert "\x1b[31m504" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0us"), (0.00085, "850us"), (0.0124, "12ms"), (3.4159, "3.42s"), (512.4, "512s")],
)
def test_durations_are_short_enough_to_read(seconds, shown):
    assert lines.human(seconds) == shown


def test_a_line_feed_in_any_field_stays_inside_its_line():
    record = replace(RECORD, method="GET\nX", target="/a\nb?c\r\n=d", id="1\n2")
    for line in (
        lines.exchange_json(record, "info"),
        lines.exchange_text(record, "warning", colour=False),
        lines.event_text(0, "info", "stopped", {"why": "a\nb"}, colour=False),
    ):
        assert "\n" not in line
        assert "\r" not in line


def test_event_lines_hide_credentials_in_their_fields():
    fields = {"url": "https://u:C4naryS3cret@h.test/?key=C4naryS3cret", "count": 3}
    assert "C4nary" not in lines.event_json(0, "info", "started", fields)
    shown = lines.event_text(0, "info", "started", fields, colour=False)
    assert shown == "1970-01-01T00:00:00.000Z started url=https://*@h.test/?key=* count=3"
