"""What a group of endpoints is made of. Knows no sockets and nothing of what is asked for."""

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

from aiohttp import web

from sidecar.suggestions import hint, nearest


class Answer(NamedTuple):
    """What an endpoint says: dicts, lists and scalars. How it is written, the caller chooses."""

    value: object
    status: int = 200


class Parameter(NamedTuple):
    """What may be said to an endpoint: in the query, and of a write in a JSON object as well."""

    name: str
    text: str
    """What it is, in a line."""
    kind: Literal["text", "number", "flag", "duration"] = "text"
    one_of: tuple[str, ...] = ()
    """The words that it may be, where only certain ones are."""
    needed: bool = False


FOR = Parameter("for", "how long it lasts; 10m if not said, 24h at most", "duration")


class Endpoint(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    """As aiohttp's router writes it; below `/admin`."""
    text: str
    """One line, for the index."""
    handle: Callable[[web.Request], Awaitable[Answer]]
    shown: str = ""
    """The path for people, where the router's notation would not be read."""
    parameters: tuple[Parameter, ...] = ()
    """Beside what is in the path, and `format`, and `reason` and `by` of writes."""
    answer: str = ""
    """What a good answer holds, in a line; `text` where it says enough."""


class Refused(Exception):
    """It will not be done; the message is for the caller.

    Args:
        status: 4xx.
        message: one sentence, without a credential.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def unknown(what: str, name: str, known: list[str]) -> Refused:
    """404 for a name that does not exist, with what was probably meant."""
    return Refused(404, f"there is no such {what}{hint(nearest(name[:100], known))}")
