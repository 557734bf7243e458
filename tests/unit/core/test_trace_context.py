import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.trace_context import INSIDE, Context, begin, hand_down, parse, pass_on, read

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{SPAN}-01".encode()
HERE = Context("0" * 31 + "1", "0" * 15 + "2")


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        (VALID, 1),
        (VALID[:-2] + b"00", 0),
        (VALID[:-2] + b"03", 3),
        (VALID[:-2] + b"ff", 3),
        (b" " + VALID + b"\t", 1),
        (b"cc" + VALID[2:], 1),
        (b"cc" + VALID[2:] + b"-what-comes-later", 1),
    ],
)
def test_a_valid_parent_is_read_with_the_flags_that_are_known(value, flags):
    assert parse(value) == Context(TRACE, SPAN, flags)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"00",
        VALID[:-1],
        VALID + b"0",
        VALID + b"-more",
        VALID.upper(),
        VALID.replace(b"4bf9", b"4BF9"),
        b"ff" + VALID[2:],
        b"0" + VALID[2:],
        b"cc" + VALID[2:] + b"more",
        VALID.replace(b"-", b"_"),
        VALID.replace(TRACE.encode(), b"0" * 32),
        VALID.replace(SPAN.encode(), b"0" * 16),
        VALID.replace(b"4bf9", b"xyz9"),
        b"00-" + b"1" * 5000,
    ],
)
def test_what_is_no_valid_parent_counts_as_none(value):
    assert parse(value) is None
    assert read([(b"traceparent", value)]).given is None


def test_two_parents_are_none_and_other_fields_do_not_matter():
    assert read([(b"traceparent", VALID), (b"Traceparent", VALID)]).given is None
    found = read([(b"Accept", b"*/*"), (b"TraceParent", VALID), (b"X-Something-Else", b"1")])
    assert found.given == Context(TRACE, SPAN, 1)
    assert found.inside is None


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1), st.floats(0, 1))
def test_what_begins_here_is_valid_and_read_back(trace, span, ratio):
    context = begin(trace, span, ratio)
    assert parse(context.written()) == context
    assert parse(context.child(span).written()) == context.child(span)


@pytest.mark.parametrize(
    ("low", "ratio", "sampled"),
    [
        (0, 0.0, False),
        (2**64 - 1, 1.0, True),
        (2**62, 0.5, True),
        (2**63, 0.5, False),
        (2**63 - 1, 0.5, True),
    ],
)
def test_the_lower_half_of_the_identifier_decides_as_in_other_samplers(low, ratio, sampled):
    assert begin((7 << 64) | low, 1, ratio).sampled is sampled


def test_a_child_keeps_trace_and_flags():
    child = Context(TRACE, SPAN, 0).child(0xAB)
    assert child == Context(TRACE, "00000000000000ab", 0)


def test_layers_hand_the_context_down_and_the_clients_own_word_there_is_dropped():
    headers = [(b"x-sidecar-trace", VALID), (b"traceparent", VALID)]
    below = read(hand_down(headers, HERE))
    assert below.inside == HERE
    assert below.given == Context(TRACE, SPAN, 1)


def test_the_new_parent_stands_where_the_old_one_did_and_the_state_passes():
    headers = [(b"A", b"1"), (b"TraceParent", VALID), (b"tracestate", b"v=1"), (b"B", b"2")]
    assert pass_on(headers, HERE, given=True) == [
        (b"A", b"1"),
        (b"TraceParent", HERE.written()),
        (b"tracestate", b"v=1"),
        (b"B", b"2"),
    ]


def test_a_broken_parent_is_replaced_and_its_state_is_dropped():
    headers = [(b"traceparent", b"x"), (b"TraceState", b"v=1"), (b"traceparent", VALID)]
    assert pass_on(headers, HERE, given=False) == [(b"traceparent", HERE.written())]


def test_where_there_was_none_one_is_added_at_the_end():
    assert pass_on([(b"A", b"1")], HERE, given=False) == [
        (b"A", b"1"),
        (b"traceparent", HERE.written()),
    ]
    assert INSIDE.startswith(b"X-Sidecar-")
