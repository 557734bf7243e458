"""Which dialect an upstream speaks: one by name, or one that is described here.

Knows how a description is written; what it means is decided in the dialects. Field docstrings are
the reference.
"""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Discriminator, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.json_path import JsonPath, json_path
from sidecar.config.strict import STRICT
from sidecar.config.values import Flag, one_or_many

DialectName = Literal["plain", "postgrest", "graph", "graph_media", "gemini"]

_HEADER = re.compile(r"[A-Za-z0-9_-]{1,100}")
_END = re.compile(r"(data|event): ?[!-~]([ -~]{0,98}[!-~])?|[A-Za-z_]\w{0,99}")


def code(value: object) -> str:
    """A provider's error code, as text.

    Raises:
        PydanticCustomError: neither a whole number nor a text.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value:
        return value
    raise PydanticCustomError("code", "expected a code: a whole number or a text")


def wait_place(value: object) -> str:
    """Where seconds to wait are: a JSON path that begins with `$`, or the name of a header.

    Raises:
        PydanticCustomError: neither.
    """
    if isinstance(value, str):
        if value.startswith("$"):
            return json_path(value)
        if _HEADER.fullmatch(value):
            return value
    raise PydanticCustomError(
        "wait_place", "expected a JSON path that begins with $, or the name of a header"
    )


def stream_end(value: object) -> str:
    """What the end of a stream looks like: `data: [DONE]`, `event: done`, `finish_reason`.

    Raises:
        PydanticCustomError: neither such a line nor the name of a field.
    """
    if isinstance(value, str) and _END.fullmatch(value) and value != "DONE":  # [DONE] is a list
        return value
    raise PydanticCustomError(
        "stream_end",
        'expected a line such as "data: [DONE]" or "event: done", '
        "or the name of a JSON field such as finish_reason",
    )


_TEXT = {"type": "string", "minLength": 1}
Code = Annotated[
    str, BeforeValidator(code), WithJsonSchema({"anyOf": [_TEXT, {"type": "integer"}]})
]
Codes = Annotated[
    tuple[Code, ...],
    BeforeValidator(one_or_many, json_schema_input_type=Code | tuple[Code, ...]),
]
WaitPlace = Annotated[str, BeforeValidator(wait_place), WithJsonSchema(_TEXT)]
StreamEnd = Annotated[str, BeforeValidator(stream_end), WithJsonSchema(_TEXT)]
StreamEnds = Annotated[
    tuple[StreamEnd, ...],
    BeforeValidator(one_or_many, json_schema_input_type=StreamEnd | tuple[StreamEnd, ...]),
]


@dataclass(frozen=True, slots=True)
class DescribedDialect:
    """A dialect for an API that none of the named ones is for: what its error codes mean.

    A code is what `code` finds in the body, or the HTTP status. Codes go before statuses, and
    `permanent` before `refused` before `transient`; what no list names is judged as by `plain`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    code: JsonPath | None = None
    """JSON path of the code in an error's body, such as `error.code`. Default: statuses only."""
    transient: Codes = ()
    """Codes of what may have been done and may work next time: repeated where it is harmless."""
    refused: Codes = ()
    """Codes of what was not done: any call may be made again."""
    permanent: Codes = ()
    """Codes of what fails again: never repeated."""
    ignore: Codes = ()
    """Codes that say nothing about the upstream's health, whatever else they mean."""
    wait: WaitPlace | None = None
    """Where the seconds to wait are: a JSON path that begins with `$`, or a header's name, in
    milliseconds if the name ends in `-ms`. Default: `Retry-After`."""
    scope: Literal["call", "key", "model", "phone_number", "recipient"] = "key"
    """What a refusal's wait is for."""
    streams: Flag = False
    """Whether the first frame of a 200 event stream is judged before it is passed on, by `code`."""
    stream_end: StreamEnds = ()
    """What a whole event stream carries: a line (`data: [DONE]`, `event: done`) or the name of a
    JSON field that is set then (`finish_reason`). Without it the stream was cut off."""


def _branch(value: object) -> str:
    return "described" if isinstance(value, dict | DescribedDialect) else "name"


DialectChoice: TypeAlias = Annotated[
    Annotated[DialectName, Tag("name")] | Annotated[DescribedDialect, Tag("described")],
    Discriminator(_branch),
]
