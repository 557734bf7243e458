"""`/admin/advice`: what could be better, by what was seen of the calls, with the evidence.

Knows the observer by a Protocol only.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from aiohttp import web

from sidecar.admin.asked import asked
from sidecar.admin.endpoint import Answer, Endpoint, Refused
from sidecar.admin.rendering import wants_text
from sidecar.config import Config
from sidecar.core.advice import Learnt, advise, yaml_text

_PATH = "/admin/advice"
_SHOWN = ("confidence", "kind", "upstream", "route", "title")


class Observes(Protocol):
    """What has looked at the calls. `observing.Observer` is one."""

    def settle(self) -> Learnt:
        """What was learnt until now."""
        ...

    def forget(self) -> None:
        """Begin anew."""
        ...


def advice_endpoints(
    observer: Observes | None,
    config: Callable[[], Config],
    opened: Callable[[], Mapping[tuple[str, str], int]],
) -> Sequence[Endpoint]:
    """The endpoints.

    Args:
        observer: None where nothing is observed.
        config: what is in force now.
        opened: how often each breaker has opened, by upstream and name.
    """

    async def advice(request: web.Request) -> Answer:
        learnt = _on(observer).settle()
        found = [
            each.as_dict(yaml_text(each.settings)) for each in advise(learnt, config(), opened())
        ]
        if wants_text(request):
            return Answer([{name: each[name] for name in _SHOWN} for each in found])
        return Answer({"learnt": learnt.snapshot(), "advice": found})

    async def forget(request: web.Request) -> Answer:
        await asked(request)
        _on(observer).forget()
        return Answer({"ok": True})

    return (
        Endpoint("GET", _PATH, "what could be better, with the evidence", advice),
        Endpoint("POST", f"{_PATH}/reset", "forget what was observed", forget),
    )


def _on(observer: Observes | None) -> Observes:
    if observer is None:
        raise Refused(404, "nothing is observed: advise.enabled is false")
    return observer
