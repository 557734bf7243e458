"""Each fault of a provider means to its dialect what the real answer means."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from sidecar.config.drills import FaultName
from sidecar.core.framing import response_framing
from sidecar.core.headers import read_response
from sidecar.core.outcomes import judge_error
from sidecar.dialects import DIALECTS
from sidecar.dialects.cloudflare import sentence
from sidecar.faults import FAULTS, Failure, Reply
from tests.support.dialects import WALL

REPLIES = {name: fault.act() for name, fault in FAULTS.items() if isinstance(fault.act(), Reply)}
DIALECT_OF = {"gemini": "gemini", "whatsapp": "graph", "supabase": "postgrest"}
JUDGED = {
    "gemini.429_retryinfo": ("ignore", "refused", "gemini_429", 2.0),
    "gemini.429_daily_quota": ("ignore", "permanent", "gemini_429_day", float("inf")),
    "gemini.503_overloaded": ("failure", "refused", "gemini_503", None),
    "gemini.500_internal": ("failure", "ambiguous", "gemini_500", None),
    "whatsapp.131056": ("ignore", "refused", "graph_131056", 1.0),
    "whatsapp.130429": ("ignore", "refused", "graph_130429", None),
    "whatsapp.80007": ("ignore", "refused", "graph_80007", 60.0),
    "whatsapp.131000": ("failure", "ambiguous", "graph_131000", None),
    "whatsapp.190": ("ignore", "permanent", "graph_190", None),
    "supabase.522_html": ("failure", "ambiguous", "cloudflare_522", None),
    "supabase.521_html": ("failure", "refused", "cloudflare_521", None),
    "supabase.544_timeout": ("failure", "ambiguous", "supabase_544", None),
    "supabase.57014": ("ignore", "permanent", "pgrst_57014", None),
    "supabase.PGRST003": ("failure", "refused", "pgrst_PGRST003", None),
    "supabase.401_jwt_expired": ("ignore", "permanent", "pgrst_PGRST3", None),
    "http_500": ("failure", "ambiguous", "http_500", None),
    "http_502": ("failure", "ambiguous", "http_502", None),
    "http_503": ("failure", "ambiguous", "http_503", None),
    "http_504": ("failure", "ambiguous", "http_504", None),
    "503_retry_after": ("failure", "refused", "http_503", 1.0),
    "429_retry_after": ("ignore", "refused", "http_429", 1.0),
}
STREAMS = {"gemini.stream_error_frame", "gemini.stream_truncated"}


def test_the_configuration_and_the_catalogue_have_the_same_names_in_the_same_order():
    assert tuple(FAULTS) == get_args(FaultName)


def test_the_document_explains_every_fault():
    text = (Path(__file__).parents[3] / "docs" / "drills.md").read_text()
    rows = re.findall(r"^\| `([\w.]+)` \| (.+?) \| (yes|no) \|", text, re.MULTILINE)
    reaches = {True: "yes", False: "no"}
    assert rows == [
        (fault.name, fault.text, reaches[fault.reaches_upstream]) for fault in FAULTS.values()
    ]


def test_every_answer_is_judged_below():
    assert set(JUDGED) | STREAMS == set(REPLIES)


@pytest.mark.parametrize("name", JUDGED)
def test_a_dialect_reads_the_fault_as_it_reads_the_real_answer(name):
    reply, dialect = REPLIES[name], DIALECTS[DIALECT_OF.get(name.partition(".")[0], "plain")]
    found = dialect.judge("POST", reply.status, reply.headers, reply.body, WALL)
    assert (found.verdict, found.kind, found.reason, found.wait) == JUDGED[name]


def test_a_stream_that_begins_with_an_error_is_judged_by_it_and_a_good_one_is_not():
    def first_frame(name):
        return DIALECTS["gemini"].first_frame(REPLIES[name].body)

    assert first_frame("gemini.stream_error_frame").reason == "gemini_503"
    assert first_frame("gemini.stream_truncated").kind == "done"
    assert REPLIES["gemini.stream_truncated"].broken


@pytest.mark.parametrize("name", REPLIES)
def test_an_answer_is_valid_http_and_framed_as_it_says(name):
    reply = REPLIES[name]
    head = read_response(reply.headers)
    assert head.forwarded == reply.headers
    assert (head.lengths == ()) is reply.streamed
    if not reply.streamed:
        assert response_framing("GET", reply.status, head) == len(reply.body)


@pytest.mark.parametrize("name", [name for name in REPLIES if "json" in str(REPLIES[name].headers)])
def test_a_body_of_json_is_json(name):
    json.loads(REPLIES[name].body)


@pytest.mark.parametrize(("name", "status"), [("522_html", 522), ("521_html", 521)])
def test_the_page_of_cloudflare_is_recognised_with_its_ray(name, status):
    reply = REPLIES[f"supabase.{name}"]
    said = sentence(status, reply.headers, reply.body)
    assert said.startswith(f"Cloudflare {status}: ")
    assert said.endswith("(ray 8f1e2d3c4b5a6978-FRA)")


@pytest.mark.parametrize(
    ("name", "delay", "said"),
    [
        ("gemini.429_retryinfo", 46.0, b'"retryDelay": "46s"'),
        ("gemini.429_retryinfo", 0.5, b'"retryDelay": "0.5s"'),
        ("503_retry_after", 2.4, b"Retry-After: 3"),
        ("429_retry_after", 7.0, b"Retry-After: 7"),
        ("whatsapp.80007", 300.0, b'"estimated_time_to_regain_access":5'),
    ],
)
def test_the_time_of_a_fault_is_said_as_the_provider_says_it(name, delay, said):
    reply = FAULTS[name].act(delay)
    assert said in b"\n".join([b": ".join(field) for field in reply.headers]) + reply.body


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("connect_refused", "never_sent"),
        ("reset_before_answer", "ambiguous"),
        ("garbage", "ambiguous"),
    ],
)
def test_a_failure_is_the_error_that_the_transport_raises(name, kind):
    failure = FAULTS[name].act()
    assert isinstance(failure, Failure)
    error = failure.kind("text", code=failure.code)
    assert judge_error(error).kind == kind
    assert error.sent is failure.sent


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_every_fault_has_one_line_and_a_source(fault):
    assert fault.text
    assert "\n" not in fault.text
    assert len(fault.text) <= 80
    assert fault.source


def test_only_what_spoils_a_real_answer_reaches_the_upstream():
    reaching = {name for name, fault in FAULTS.items() if fault.reaches_upstream}
    assert reaching == {
        "whatsapp.lost_answer",
        "keepalive_reset",
        "latency",
        "slow_body",
        "trickle",
        "truncated_body",
        "truncated_chunked",
    }
