"""Latencies that the loads read off what comes back."""

import pytest

from bench import load
from bench.proxy import events, slow
from bench.proxy.place import Door


class Transport:
    """Keeps what is written."""

    def __init__(self):
        self.written = b""

    def write(self, data):
        self.written += data


def heard(parts, monkeypatch, now):
    monkeypatch.setattr(events.time, "monotonic_ns", lambda: now)
    delays = []
    connection = events._Connection(b"GET", delays.append)
    connection.connection_made(Transport())
    for part in parts:
        connection.data_received(part)
    return delays


def test_an_event_that_comes_in_pieces_counts_once(monkeypatch):
    frame = b'data: {"text":"1000000"}\r\n\r\n'
    for cut in range(1, len(frame)):
        delays = heard([frame[:cut], frame[cut:]], monkeypatch, 3_500_000)
        assert delays == [2500.0]


def test_events_that_come_together_count_each(monkeypatch):
    frames = b'data: {"text":"1000"}\r\n\r\ndata: {"text":"2000"}\r\n\r\n'
    assert heard([frames], monkeypatch, 5000) == [4.0, 3.0]


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + body.ljust(load.BODY, b" ")


@pytest.mark.parametrize(
    ("body", "latency"), [(b'{"held":"000050000"}', 0.01), (b'{"id":1}', 0.06)]
)
def test_what_the_upstream_held_is_not_the_proxys_latency(body, latency, monkeypatch):
    found, broken = [], []
    connection = load._Connection(lambda _, took: found.append(took), broken)
    connection.connection_made(Transport())
    connection.send(b"GET", 100.0)
    monkeypatch.setattr(load.time, "perf_counter", lambda: 100.06)
    whole = answer(body)
    connection.data_received(whole[:500])
    assert not found
    connection.data_received(whole[500:])
    assert found == [pytest.approx(latency)]
    assert not broken


async def test_the_slow_upstream_answers_with_the_usual_size_and_says_how_long_it_took(monkeypatch):
    monkeypatch.setattr(slow, "DELAY", 0)
    transport = Transport()
    connection = slow._Connection()
    connection.connection_made(transport)
    clock = iter([1_000_000, 51_000_000])
    monkeypatch.setattr(slow.time, "monotonic_ns", lambda: next(clock))
    connection._answer(next(clock))
    head, _, body = transport.written.partition(b"\r\n\r\n")
    assert len(body) == load.BODY
    assert b'"held":"000050000"' in body
    assert b"Content-Length: 1024" in head


def test_a_stream_is_asked_for_with_its_length():
    request = events._request(Door(80, "/gemini"))
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /gemini/v1beta/")
    assert f"Content-Length: {len(body)}".encode() in head
