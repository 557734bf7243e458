"""What may be written as the path pattern of a route.

Checks the notation only; how a pattern matches is decided where requests are routed.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_PARAMETER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_OUTSIDE = re.compile(r"[?#\s\x00-\x1f]")


def path_pattern(value: object) -> str:
    """The pattern as it is: `/v{version}/models/{model}:generate`, `/a/*/b`, `/rest/v1/**`.

    Raises:
        PydanticCustomError: it cannot match any path, or its notation is broken.
    """
    if not isinstance(value, str) or not value.startswith("/"):
        raise _broken("a path pattern begins with /")
    if _OUTSIDE.search(value):
        raise _broken("a path pattern holds neither a query nor spaces")
    if not value.isascii():
        raise _broken("a path pattern is percent-encoded, as paths are: %C3%BC for ü")
    names: set[str] = set()
    for segment in value[1:].split("/"):
        _check_segment(segment, names)
    return value


def _check_segment(segment: str, names: set[str]) -> None:
    if "**" in segment and segment != "**":
        raise _broken("** stands for whole segments: write it between slashes or at the end")
    for parameter in _PARAMETER.findall(segment):
        if parameter in names:
            raise _broken("a {name} is used twice in the path pattern")
        names.add(parameter)
    if set(_PARAMETER.sub("", segment)) & {"{", "}"}:
        raise _broken("braces enclose a name of a-z, 0-9 and _, such as {model}")


def _broken(message: str) -> PydanticCustomError:
    # A template of pydantic's would read the braces as a place to fill in.
    return PydanticCustomError("path_pattern", "{message}", {"message": message})


PathPattern = Annotated[
    str,
    BeforeValidator(path_pattern),
    WithJsonSchema({"type": "string", "pattern": r"^/[^?#\s]*$"}),
]
