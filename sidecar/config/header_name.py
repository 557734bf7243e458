"""The name of a header field, as it may be written."""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")


def header_name(value: object) -> str:
    """The name as it is written (RFC 9110 §5.1).

    Raises:
        PydanticCustomError: other characters than those of a token, or anything else.
    """
    if isinstance(value, str) and _TOKEN.fullmatch(value):
        return value
    raise PydanticCustomError("header_name", "expected the name of a header field")


HeaderName = Annotated[
    str,
    BeforeValidator(header_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_TOKEN.pattern}$"}),
]
