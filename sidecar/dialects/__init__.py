"""How each provider words its outcomes: status, headers and part of a body give a `Judgement`.

Pure; knows no loop, clock or socket. A dialect is a module, or a `Described`.
"""

from collections.abc import Mapping
from typing import Protocol

from sidecar.config import DescribedDialect, DialectChoice, DialectName
from sidecar.dialects import gemini, graph, graph_media, plain, postgrest
from sidecar.dialects.described import Described
from sidecar.dialects.stream_end import Marks
from sidecar.exchange import RawHeaders
from sidecar.judgement import Judgement

__all__ = ["DIALECTS", "Described", "Dialect", "dialect_of"]


class Dialect(Protocol):
    """Reads the words of one provider. Never raises, whatever the bytes."""

    def judge(
        self, method: str, status: int, headers: RawHeaders, body: bytes, wall: float
    ) -> Judgement:
        """What a response means.

        Args:
            method: of the request.
            status: of the response.
            headers: of the response.
            body: its first part, at most 64 KiB, content-coded as it came or not any more;
                unread when the status is no error.
            wall: seconds since 1970, for dates.
        """
        ...

    def first_frame(self, data: bytes) -> Judgement | None:
        """What the beginning of a 200 text/event-stream means, content coding removed.

        None while no frame is complete: comments and keep-alives are no frames.
        """
        ...

    @property
    def streams(self) -> bool:
        """Whether a 200 stream is passed on only after its first frame was judged."""
        ...

    def end_of(self, target: str) -> Marks | None:
        """What every whole event stream carries that answers `target`; None: frames alone tell."""
        ...


DIALECTS: Mapping[DialectName, Dialect] = {
    "plain": plain,
    "graph": graph,
    "graph_media": graph_media,
    "postgrest": postgrest,
    "gemini": gemini,
}
"""By the name that a configuration gives."""


def dialect_of(choice: DialectChoice) -> Dialect:
    """The dialect that a configuration chooses or describes."""
    return Described(choice) if isinstance(choice, DescribedDialect) else DIALECTS[choice]
