from sidecar.dialects.tokens import Tokens
from sidecar.tracing.tokens import CountedBody, counted
from tests.support.builders import response

ANSWER = b'{"usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2}}'


async def test_a_body_passes_unchanged_and_is_read_once_for_all_who_ask():
    answer = response(body=ANSWER)
    reader = counted(answer)
    assert counted(answer) is reader
    assert isinstance(answer.body, CountedBody)
    assert answer.body.length == len(ANSWER)
    assert reader.tokens() is None
    assert await answer.body.read() == ANSWER
    assert answer.body.take() == b""
    assert reader.tokens() == Tokens(7, 2, 0)
