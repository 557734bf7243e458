"""`/admin/queue`: what waits, what failed, and sending it again, discarding or editing it.

Knows deliveries by a Protocol only.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from aiohttp import web
from pydantic_core import PydanticCustomError

from sidecar.admin.asked import Scalar, asked, reason
from sidecar.admin.audit import AUDIT
from sidecar.admin.endpoint import Answer, Endpoint, Refused
from sidecar.admin.queue_parameters import said_to
from sidecar.config.pace import rate
from sidecar.config.values import duration
from sidecar.delivering.control import Change, Selection
from sidecar.spool import REPEATABLE, STATES, SpoolUnavailable, State
from sidecar.telemetry import redact

_PATH = "/admin/queue"
_FILTER = ("state", "upstream", "route")
_EDIT = ("after", "expires", "body", "note", "authorization")
_PRIVATE = frozenset(("body", "note", "authorization"))
"""What the log says nothing of."""
_FIELD_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_ROWS = re.compile(r"[0-9]{1,9}")
_MOST_ROWS = 1000
_USUAL_ROWS = 50
_LONGEST_NOTE = 500
_USUAL_REPLAY: tuple[State, ...] = ("failed", "expired")
"""Not `unknown`: those may have been done, so they must be named."""
_DISCARDABLE = REPEATABLE | {"queued"}
_NAME_ONE = "name what is meant: state=failed, and upstream and route where it is not all of them"


class QueueControl(Protocol):
    """The deliveries, for people. `delivering.control.Control` is one."""

    async def rows(self, chosen: Selection, after: str | None, most: int) -> list[dict[str, Any]]:
        """Some of them."""
        ...

    async def show(self, delivery_id: str) -> dict[str, Any] | None:
        """One of them."""
        ...

    async def snapshot(self) -> dict[str, Any]:
        """How it all stands."""
        ...

    async def replay(self, ids: Sequence[str]) -> int:
        """Send these again; how many can be."""
        ...

    async def replay_all(self, chosen: Selection) -> int:
        """Send all of them again; how many it was."""
        ...

    def replay_slowly(self, chosen: Selection, rate: float) -> bool:
        """Begin to; False where that is under way."""
        ...

    async def discard(self, ids: Sequence[str], reason: str) -> int:
        """Never send these; how many it was."""
        ...

    async def discard_all(self, chosen: Selection, reason: str) -> int:
        """Never send any of them; how many it was."""
        ...

    async def edit(self, delivery_id: str, change: Change) -> bool:
        """Change it; False where that cannot be."""
        ...


class _Handlers(NamedTuple):
    """The endpoints' functions."""

    queue: QueueControl

    async def everything(self, request: web.Request) -> Answer:
        given = dict(request.query)
        chosen = _selection(given, ())
        after, most = given.get("after"), _rows(given.get("limit"))
        rows = await self.queue.rows(chosen, after, most)
        return Answer({**await self.queue.snapshot(), "found": rows})

    async def one(self, request: web.Request) -> Answer:
        found = await self.queue.show(request.match_info["id"])
        if found is None:
            raise Refused(404, "there is no such delivery")
        return Answer(found)

    async def replay(self, request: web.Request) -> Answer:
        await asked(request)
        count = await self.queue.replay([request.match_info["id"]])
        return await self._after(request, done=count > 0)

    async def discard(self, request: web.Request) -> Answer:
        given = await asked(request)
        count = await self.queue.discard([request.match_info["id"]], _why(given))
        return await self._after(request, done=count > 0)

    async def edit(self, request: web.Request) -> Answer:
        given = await asked(request, _EDIT)
        for name in _PRIVATE & given.keys():
            request[AUDIT][name] = redact.HIDDEN
        change = _change(given)
        if change == Change():
            raise Refused(400, f"change what? Give any of {', '.join(_EDIT)}")
        done = await self.queue.edit(request.match_info["id"], change)
        return await self._after(request, done=done)

    async def replay_all(self, request: web.Request) -> Answer:
        given = await asked(request, (*_FILTER, "rate"))
        chosen = _selection(given, _USUAL_REPLAY)
        if not set(chosen.states) <= REPEATABLE:
            raise Refused(400, f"only {', '.join(sorted(REPEATABLE))} can be sent again")
        if "rate" not in given:
            return Answer({"replayed": await self.queue.replay_all(chosen)})
        speed = _value("rate", rate, given["rate"])
        if not self.queue.replay_slowly(chosen, speed):
            raise Refused(409, "another replay is under way")
        return Answer({"replaying": True}, 202)

    async def discard_all(self, request: web.Request) -> Answer:
        given = await asked(request, _FILTER)
        chosen = _selection(given, ())
        if not chosen.states or not set(chosen.states) <= _DISCARDABLE:
            raise Refused(400, _NAME_ONE)
        return Answer({"discarded": await self.queue.discard_all(chosen, _why(given))})

    async def _after(self, request: web.Request, *, done: bool) -> Answer:
        """How it stands now; or that nothing was done, and why."""
        found = await self.queue.show(request.match_info["id"])
        if found is None:
            raise Refused(404, "there is no such delivery")
        if not done:
            raise Refused(409, f"that cannot be done to one that is {found['state']}")
        return Answer(found)


def queue_endpoints(queue: QueueControl | None) -> Sequence[Endpoint]:
    """The endpoints; none where no spool is configured."""
    if queue is None:
        return ()
    do = _Handlers(queue)
    one, shown = f"{_PATH}/{{id:[0-9a-z]{{36}}}}", f"{_PATH}/ID"
    endpoints = (
        Endpoint("GET", _PATH, "deliveries; state, upstream, route, after, limit", do.everything),
        Endpoint("GET", one, "one of them", do.one, shown),
        Endpoint("POST", f"{one}/replay", "send it again", do.replay, f"{shown}/replay"),
        Endpoint("POST", f"{one}/discard", "never send it", do.discard, f"{shown}/discard"),
        Endpoint("POST", f"{one}/edit", f"change {', '.join(_EDIT)}", do.edit, f"{shown}/edit"),
        Endpoint(
            "POST",
            f"{_PATH}/replay",
            "send all again of a state, upstream, route; rate=10/s",
            do.replay_all,
        ),
        Endpoint(
            "POST",
            f"{_PATH}/discard",
            "never send any of a state, upstream, route",
            do.discard_all,
        ),
    )
    return tuple(
        each._replace(handle=_answered(each), parameters=said_to(each)) for each in endpoints
    )


def _answered(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[Answer]]:
    async def handle(request: web.Request) -> Answer:
        try:
            return await endpoint.handle(request)
        except SpoolUnavailable:
            raise Refused(503, "the spool does not answer") from None

    return handle


def _selection(given: Mapping[str, Scalar], usual: tuple[State, ...]) -> Selection:
    """Which deliveries; those in `usual` states where none is named.

    Raises:
        Refused: 400, there is no such state.
    """
    names = [name for name in str(given.get("state", "")).split(",") if name]
    states = tuple(state for state in STATES if state in names)
    if len(states) < len(set(names)):
        raise Refused(400, f"state: expected any of {', '.join(STATES)}")
    texts = {name: str(given[name]) for name in ("upstream", "route") if given.get(name)}
    return Selection(states or usual, texts.get("upstream"), texts.get("route"))


def _change(given: Mapping[str, Scalar]) -> Change:
    """What is to be changed.

    Raises:
        Refused: 400, a value is none.
    """
    body = given.get("body")
    if body is not None:
        try:
            json.loads(str(body))
        except (ValueError, RecursionError):
            raise Refused(400, "body: expected the text of a JSON value") from None
    note, authorization = given.get("note"), given.get("authorization")
    if authorization is not None and not _FIELD_VALUE.fullmatch(str(authorization)):
        raise Refused(400, "authorization: expected the value of the field, such as `Bearer …`")
    return Change(
        after=_seconds(given, "after"),
        expires=_seconds(given, "expires"),
        body=None if body is None else str(body).encode(),
        note=None if note is None else str(note)[:_LONGEST_NOTE],
        authorization=None if authorization is None else str(authorization),
    )


def _seconds(given: Mapping[str, Scalar], name: str) -> float | None:
    return _value(name, duration, given[name]) if name in given else None


def _value(name: str, kind: Callable[[object], float], value: object) -> float:
    try:
        return kind(value)
    except PydanticCustomError as error:
        raise Refused(400, f"{name}: {error}") from None


def _rows(text: str | None) -> int:
    if text is None:
        return _USUAL_ROWS
    if not _ROWS.fullmatch(text) or not 0 < int(text) <= _MOST_ROWS:
        raise Refused(400, f"limit: expected 1 to {_MOST_ROWS}")
    return int(text)


def _why(given: dict[str, Scalar]) -> str:
    """The reason that a delivery is discarded for: a code, as all reasons are."""
    return "discarded" if not reason(given) else "by_hand"
