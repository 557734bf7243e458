"""How fast a sidecar delivers what it has queued, by its own figures."""

import time
import urllib.request

from bench.load import LoadError

_LONGEST = 300.0
"""Seconds that the deliveries of one measurement may take."""


def drained(ops: int) -> float:
    """Wait until all is delivered; how many a second, from now on.

    Raises:
        LoadError: it takes too long, or one failed.
    """
    began, first = time.monotonic(), _delivered(ops)
    while True:
        time.sleep(0.1)
        waiting = _figure(ops, 'sidecar_queue_deliveries{state="queued"}')
        waiting += _figure(ops, 'sidecar_queue_deliveries{state="sending"}')
        took = time.monotonic() - began
        if not waiting and took > 2.5:  # the depth is looked up every two seconds
            return (_delivered(ops) - first) / took
        if took > _LONGEST:
            raise LoadError(f"{waiting:.0f} messages are not delivered after {took:.0f} s")


def _delivered(ops: int) -> float:
    labels = 'outcome="delivered",route="messages",upstream="whatsapp"'
    return _figure(ops, f"sidecar_queue_outcomes_total{{{labels}}}")


def _figure(ops: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{ops}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
    return 0.0
