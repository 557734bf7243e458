import pytest

from sidecar.demo.supabase.postgrest.errors import PostgrestError
from sidecar.dialects import postgrest
from tests.support.dialects import CLOUDFLARE, WALL, body_of, page

DOWN, LOST = ("failure", "refused"), ("failure", "ambiguous")
CONTENDED, NEVER = ("ignore", "refused"), ("ignore", "permanent")


def judged(status, headers=(), body=b""):
    return postgrest.judge("POST", status, list(headers), body, WALL)


@pytest.mark.parametrize(
    ("code", "status", "meaning", "reason"),
    [
        ("PGRST000", 503, DOWN, "pgrst_PGRST000"),
        ("PGRST001", 503, LOST, "pgrst_PGRST001"),
        ("PGRST002", 503, DOWN, "pgrst_PGRST002"),
        ("PGRST003", 504, DOWN, "pgrst_PGRST003"),
        ("PGRSTX00", 500, LOST, "pgrst_PGRSTX00"),
        ("PGRST111", 500, NEVER, "pgrst_PGRST1"),
        ("PGRST205", 404, NEVER, "pgrst_PGRST2"),
        ("PGRST300", 500, NEVER, "pgrst_PGRST3"),
        ("08006", 503, LOST, "pgrst_08"),
        ("08007", 503, LOST, "pgrst_08"),
        ("22P02", 400, NEVER, "pgrst_22"),
        ("23505", 409, NEVER, "pgrst_23"),
        ("23503", 409, NEVER, "pgrst_23"),
        ("25006", 405, NEVER, "pgrst_25"),
        ("25P04", 500, NEVER, "pgrst_25"),
        ("28P01", 403, NEVER, "pgrst_28"),
        ("40000", 500, CONTENDED, "pgrst_40000"),
        ("40001", 500, CONTENDED, "pgrst_40001"),
        ("40002", 500, NEVER, "pgrst_40002"),
        ("40003", 500, LOST, "pgrst_40003"),
        ("40P01", 500, CONTENDED, "pgrst_40P01"),
        ("42501", 403, NEVER, "pgrst_42"),
        ("42P17", 500, NEVER, "pgrst_42"),
        ("53100", 503, DOWN, "pgrst_53"),
        ("53300", 503, DOWN, "pgrst_53"),
        ("53400", 500, NEVER, "pgrst_53400"),
        ("54001", 500, NEVER, "pgrst_54"),
        ("55P03", 500, CONTENDED, "pgrst_55P03"),
        ("57014", 500, NEVER, "pgrst_57014"),
        ("57P01", 500, LOST, "pgrst_57"),
        ("57P03", 500, DOWN, "pgrst_57P03"),
        ("58030", 500, LOST, "pgrst_58"),
        ("F0000", 500, LOST, "pgrst_F0"),
        ("HV000", 500, LOST, "pgrst_HV"),
        ("P0001", 400, NEVER, "pgrst_P0"),
        ("XX000", 500, LOST, "pgrst_XX"),
    ],
)
def test_each_code(code, status, meaning, reason):
    found = judged(status, [(b"Retry-After", b"2")], body_of({"code": code, "message": ""}))
    assert (found[:2], found.reason, found.wait) == (meaning, reason, 2.0)


@pytest.mark.parametrize(
    ("status", "meaning", "most_attempts"),
    [(540, NEVER, None), (544, LOST, None), (546, ("ignore", "ambiguous"), 2)],
)
def test_each_status_of_the_gateway(status, meaning, most_attempts):
    found = judged(status, CLOUDFLARE, b"<html>")
    assert (found[:2], found.reason) == (meaning, f"supabase_{status}")
    assert found.most_attempts == most_attempts


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"code": "PGRST0',
        b'{"code": 503}',
        b'{"code": "503"}',
        b'{"code": "PT503"}',
        b'{"code": "over_request_rate_limit"}',
        b"[1]",
    ],
)
def test_without_a_known_code_the_status_decides(body):
    assert judged(503, (), body)[:3] == ("failure", "ambiguous", "http_503")
    assert judged(429, (), body)[:3] == ("ignore", "refused", "http_429")


@pytest.mark.parametrize(
    "value", [b"PostgREST; error=PGRST003", b'PostgREST;error="PGRST003"; details="x"']
)
def test_answer_to_a_head_has_its_code_in_proxy_status(value):
    assert judged(504, [(b"Proxy-Status", value)]).reason == "pgrst_PGRST003"


def test_cloudflare_in_front_is_recognised():
    assert judged(521, CLOUDFLARE, page(521))[1:3] == ("refused", "cloudflare_521")


@pytest.mark.parametrize("code", ["57014", "40001", "23505", "PGRST116", "08006"])
def test_simulator_speaks_this_dialect(code):
    error = PostgrestError(code, "x")
    assert judged(error.status, (), body_of(error.body)).reason.startswith("pgrst_")


def test_what_is_no_error_is_done():
    assert judged(201, (), b'{"code": "40001"}').kind == "done"
