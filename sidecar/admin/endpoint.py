"""What a group of endpoints is made of. Knows no sockets and nothing of what is asked for."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web

from sidecar.suggestions import hint, nearest


class Answer(NamedTuple):
    """What an endpoint says: dicts, lists and scalars. How it is written, the caller chooses."""

    value: object
    status: int = 200


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
