"""An API of media that answers as told, and the memory of uploads and URLs in front of it."""

from collections.abc import Awaitable
from typing import Any

from sidecar.core.media import Callers
from sidecar.core.media_uploads import Uploads
from sidecar.core.media_urls import MediaUrls
from sidecar.exchange import Exchange, RawHeaders, Request, Response, stack
from sidecar.layers.media import Parts, Room, media
from sidecar.telemetry.media_stats import MediaStats
from tests.support.bodies import Chunks, whole
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.forms import upload

ALICE = [(b"Authorization", b"Bearer alice")]
JSON = [(b"Content-Type", b"application/json")]
ID = b'{"id":"77"}'


class Streamed(Chunks):
    """A request's body that arrives in pieces and is not kept."""

    rewindable = False

    def __init__(self, *pieces: bytes | Exception | None, length: int | None) -> None:
        super().__init__(*pieces)
        self.length = length

    def known(self) -> bytes | None:
        """Not the whole of it."""
        return None

    def rewind(self) -> None:
        """It cannot."""
        raise AssertionError


class World:
    """The API, which answers with what is next in `answers`, and the memory in front of it."""

    def __init__(self, *answers: Response | BaseException, **settings: Any) -> None:
        self.clock = FakeClock()
        self.answers = list(answers)
        self.sent: list[Exchange] = []
        self.dropped: list[Any] = []
        self.stats = MediaStats()
        callers = Callers(b"secret")
        self.urls = MediaUrls(callers)
        self.uploads = Uploads(callers, 100.0)
        self.room = Room(1000)
        values: dict[str, Any] = {
            "urls": self.urls,
            "uploads": self.uploads,
            "max_object": 800,
            "room": self.room,
            "drop": self.dropped.append,
            "stats": self.stats,
            "clock": self.clock,
            **settings,
        }
        self.parts = Parts(**values)
        self.handler = stack(media(self.parts), on=self._upstream)

    async def _upstream(self, subject: Exchange) -> Response:
        self.sent.append(subject)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def upload(
        self, parts: Any = None, headers: RawHeaders = ALICE, **settings: Any
    ) -> tuple[Response, bytes, Exchange]:
        """Send a form with a file: the answer, its body, and the exchange."""
        fields, body = parts or upload(**settings)
        subject = exchange(request("POST", "/v23.0/9/media", [*headers, *fields], body))
        answer = await self.handler(subject)
        return answer, await whole(answer), subject

    def stream(
        self, *pieces: bytes | Exception | None, length: int | None, deadline: float = float("inf")
    ) -> Awaitable[Response]:
        """Send one that arrives in pieces."""
        headers, _ = upload()
        body = Streamed(*pieces, length=length)
        subject = Request("POST", "/v23.0/9/media", [*ALICE, *headers], body)
        return self.handler(exchange(subject, deadline=deadline))

    async def look_up(self, target: str = "/v23.0/1", headers: RawHeaders = ALICE) -> bytes:
        """Ask for the URL of a file."""
        answer = await self.handler(exchange(request("GET", target, headers)))
        return await whole(answer)

    def known(self, target: str = "/a?1", headers: RawHeaders = ALICE) -> Any:
        """What is remembered of a URL."""
        return self.urls.of(request("GET", target, headers))


def ok(body: bytes = ID, headers: RawHeaders = JSON, status: int = 200) -> Response:
    """An answer whose body is there."""
    return response(status, body, headers)


def chunked(*pieces: bytes | Exception | None, headers: RawHeaders = JSON) -> Response:
    """An answer whose body comes in pieces."""
    answer = response(200, b"", headers)
    answer.body = Chunks(*pieces)
    return answer
