import json

import pytest

from sidecar.errors import TruncatedBody
from sidecar.exchange import stack
from sidecar.layers.tokens import count_tokens
from sidecar.telemetry.token_stats import TokenStats
from tests.support.bodies import Chunks
from tests.support.builders import exchange, request, response

SAID = {"promptTokenCount": 7, "candidatesTokenCount": 20, "cachedContentTokenCount": 5}
ANSWER = json.dumps({"candidates": [{"finishReason": "STOP"}], "usageMetadata": SAID}).encode()
BROKEN = TruncatedBody("cut", code="truncated_body")


class Counted:
    """One answer through the layer, and what was counted."""

    def __init__(self, *pieces, status=200):
        self.stats = None
        self._answer = response(status)
        self._answer.body = Chunks(*pieces)

    def _asked(self):
        self.stats = self.stats or TokenStats()
        return self.stats

    async def call(self, error=None):
        async def upstream(_exchange):
            return self._answer

        answer = await stack(count_tokens(self._asked), on=upstream)(exchange(request("POST")))
        parts = []
        try:
            while part := await answer.body.read():
                parts.append(part)
        except TruncatedBody:
            pass
        assert self.stats is None, "counted before the end"
        answer.close(error)
        return b"".join(parts)


def sums(stats):
    return stats.input.sum, stats.output.sum, stats.cached


@pytest.mark.parametrize("cut", range(1, len(ANSWER), 9))
async def test_what_an_answer_says_is_counted_once_and_it_passes_unchanged(cut):
    counted = Counted(ANSWER[:cut], ANSWER[cut:])
    assert await counted.call() == ANSWER
    assert sums(counted.stats) == (7, 20, 5)


async def test_a_stream_that_breaks_after_it_has_said_what_it_took_is_counted():
    counted = Counted(b"data: " + ANSWER + b"\n\n", BROKEN)
    await counted.call(BROKEN)
    assert sums(counted.stats) == (7, 20, 5)


@pytest.mark.parametrize(
    ("pieces", "status"), [((b"{}",), 200), ((), 200), ((ANSWER,), 429), ((ANSWER[:40],), 200)]
)
async def test_where_nothing_is_said_nothing_is_counted(pieces, status):
    counted = Counted(*pieces, status=status)
    await counted.call()
    assert counted.stats is None
