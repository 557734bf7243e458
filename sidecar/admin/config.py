"""`/admin/config`: the configuration in force, value by value, each with where it comes from.

Secrets are hidden before they get here (`config/written.py`), and whatever still looks like one is
hidden here. Knows no files: it is given the configuration with its origins.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from aiohttp import web

from sidecar.admin.endpoint import Answer, Endpoint, Parameter, Refused
from sidecar.config import Config
from sidecar.config.written import Path, dotted, values
from sidecar.telemetry import redact

_PATH = "/admin/config"
_DEFAULT = "default"
_UNKNOWN = "unknown"
_PARAMETERS = (
    Parameter("prefix", "only keys that begin with it, such as upstreams.supabase"),
    Parameter("set", "only what somebody or a preset has set", "flag"),
)


class Effective(NamedTuple):
    """A configuration that is in force."""

    config: Config
    origins: Mapping[Path, object] | None = None
    """Where each value comes from, as a text for people; what is missing is a default. None where
    nobody has told."""


def config_endpoints(effective: Callable[[], Effective]) -> Sequence[Endpoint]:
    """The endpoints.

    Args:
        effective: asked each time: a reload may have replaced it.
    """

    async def show(request: web.Request) -> Answer:
        chosen = request.query.get("set", "false")
        if chosen not in ("true", "false"):
            raise Refused(400, "set: expected true or false")
        prefix = request.query.get("prefix", "")
        rows = await asyncio.to_thread(rows_of, effective())
        return Answer(
            [
                row
                for row in rows
                if row["key"].startswith(prefix)
                and (chosen == "false" or row["origin"] != _DEFAULT)
            ]
        )

    return (
        Endpoint(
            "GET",
            _PATH,
            "the configuration in force, and where each value comes from; prefix, set",
            show,
            parameters=_PARAMETERS,
            answer="a row for each value; secrets are ***",
        ),
    )


def rows_of(effective: Effective) -> list[dict[str, str]]:
    """A row for each value: `key`, `value`, `origin`.

    Takes tens of milliseconds where there are many routes: call it in a thread.
    """
    config, origins = effective
    return [
        {
            "key": dotted(each.path),
            "value": redact.text(each.written),
            "origin": _UNKNOWN if origins is None else str(origins.get(each.path, _DEFAULT)),
        }
        for each in values(config)
    ]
