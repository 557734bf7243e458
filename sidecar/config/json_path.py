"""What may be written as a JSON path.

Checks the notation only; what is at a path is found in `core/json_path.py`.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_NAME = r"[A-Za-z_][\w-]*"
STEP = rf"(\.{_NAME}|\[\d{{1,6}}\]|\[\"[^\"]+\"\]|\['[^']+'\])"
"""One step: `.name`, `[0]`, `["name"]` or `['name']`; a group in expressions that it is part of."""
_PATTERN = rf"(\$|{_NAME}|){STEP}*"
_PATH = re.compile(_PATTERN)


def json_path(value: object) -> str:
    """A JSON path as it is: `error.code`, `$.errors[0].code`, `$["a.b"]`.

    Raises:
        PydanticCustomError: it is none, or names nothing.
    """
    if isinstance(value, str) and value not in ("", "$") and _PATH.fullmatch(value):
        return value
    raise PydanticCustomError(
        "json_path", "expected a JSON path such as error.code or $.errors[0].code"
    )


JsonPath = Annotated[
    str,
    BeforeValidator(json_path),
    WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN}$", "minLength": 1}),
]
