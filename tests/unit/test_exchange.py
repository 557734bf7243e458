import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import TruncatedBody
from sidecar.exchange import BytesBody, stack
from tests.support.builders import exchange, response


def layer(name, log):
    def wrap(following):
        async def handler(subject):
            log.append(f"in {name}")
            answer = await following(subject)
            log.append(f"out {name}")
            return answer

        return handler

    return wrap


async def test_the_first_layer_is_the_outermost_and_none_is_no_layer():
    log = []
    answer = response()

    async def innermost(_subject):
        log.append("innermost")
        return answer

    handler = stack(None, layer("a", log), None, layer("b", log), on=innermost)
    assert await handler(exchange()) is answer
    assert log == ["in a", "in b", "innermost", "out b", "out a"]


@pytest.mark.parametrize("layers", [(), (None,), (None, None)])
def test_without_layers_the_handler_is_left_as_it_is(layers):
    async def innermost(_subject):
        return response()

    assert stack(*layers, on=innermost) is innermost


def test_closing_runs_the_last_added_callback_first_and_each_once():
    log = []
    subject = response()
    for number in range(3):
        subject.on_close(lambda error, number=number: log.append((number, error)))
    error = TruncatedBody("x", code="truncated_body")
    subject.close(error)
    subject.close()
    subject.close(TruncatedBody("y", code="truncated_body"))
    assert log == [(2, error), (1, error), (0, error)]


def test_a_callback_that_closes_again_starts_nothing_over():
    log = []
    subject = response()
    subject.on_close(lambda _: log.append("first"))
    subject.on_close(lambda _: subject.close())
    subject.close()
    assert log == ["first"]


def test_responses_do_not_share_their_callbacks():
    log = []
    one, other = response(), response()
    one.on_close(log.append)
    other.close()
    assert log == []


@given(st.binary())
def test_bytes_are_read_once_then_the_end_for_ever(data):
    body = BytesBody(data)
    assert body.length == len(data)
    assert body.take() == data
    assert (body.take(), body.take()) == (b"", b"")


async def test_bytes_are_read_or_taken_but_not_twice():
    body = BytesBody(b"abc")
    assert await body.read() == b"abc"
    assert body.take() == b""
    assert await body.read() == b""


def test_rewound_bytes_are_read_from_the_start_again():
    body = BytesBody(b"abc")
    body.take()
    body.rewind()
    body.rewind()
    assert (body.take(), body.take()) == (b"abc", b"")
    assert (body.data, body.length) == (b"abc", 3)


def test_a_callback_that_raises_does_not_stop_the_others():
    log, subject = [], response()

    def bad(_error):
        raise RuntimeError

    subject.on_close(log.append)
    subject.on_close(bad)
    with pytest.raises(RuntimeError):
        subject.close()
    assert log == [None]


def test_a_callback_added_after_the_end_runs_at_once():
    log, subject = [], response()
    subject.close()
    subject.on_close(log.append)
    assert log == [None]
