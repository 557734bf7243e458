"""`/admin/log-level`: the log level, and forcing it by hand for a while.

Knows the log by a Protocol only.
"""

from collections.abc import Sequence
from typing import Any, Protocol, get_args

from aiohttp import web

from sidecar.admin.asked import asked, lasts
from sidecar.admin.endpoint import FOR, Answer, Endpoint, Parameter, Refused
from sidecar.config.log import LogLevel
from sidecar.suggestions import hint, nearest

_PATH = "/admin/log-level"
_LEVELS: tuple[LogLevel, ...] = get_args(LogLevel)
_RESET = "configured"
_WORDS = (*_LEVELS, _RESET)


class LevelControl(Protocol):
    """The level of a sidecar's log, for people. `telemetry.log_level.LogLevels` is one."""

    def force(self, level: LogLevel, seconds: float) -> None:
        """Have it in force for so long, whatever is configured."""
        ...

    def reset(self) -> None:
        """Be as configured."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """How it stands."""
        ...


def log_level_endpoints(levels: LevelControl) -> Sequence[Endpoint]:
    """The endpoints."""

    async def show(_: web.Request) -> Answer:
        return Answer(levels.snapshot())

    async def change(request: web.Request) -> Answer:
        given = await asked(request, ("level", "for"))
        word = str(given.get("level", ""))
        level = next((each for each in _LEVELS if each == word), None)
        if level is not None:
            levels.force(level, lasts(given))
        elif word == _RESET:
            levels.reset()
        else:
            more = hint(nearest(word[:20], _WORDS))
            raise Refused(400, f"level: expected one of {', '.join(_WORDS)}{more}")
        return Answer(levels.snapshot())

    level = Parameter(
        "level", f"the level, or `{_RESET}` to end what was forced", one_of=_WORDS, needed=True
    )
    now = "how it stands now"
    return (
        Endpoint("GET", _PATH, "the log level", show),
        Endpoint(
            "POST",
            _PATH,
            "change it for a while; level=debug, for=10m",
            change,
            parameters=(level, FOR),
            answer=now,
        ),
    )
