"""A text that is used and never shown: not in messages, dumps, logs or tracebacks.

Only `reveal` gives it out, so that all places that use it are easy to find.
"""

import re
from typing import Annotated, NoReturn

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

HIDDEN = "***"
_SECRET = re.compile(r"[!-~]{1,8192}")


class Secret:
    """One secret value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the upstream only."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def secret(value: object) -> Secret:
    """The secret that a text is.

    Raises:
        PydanticCustomError: it is empty, or has blanks or other characters that no header field
            may hold within a token. The value is not repeated.
    """
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and _SECRET.fullmatch(value):
        return Secret(value)
    raise PydanticCustomError(
        "text", "expected a secret: printable ASCII without blanks, best from ${VAR} or ${file:…}"
    )


SecretText = Annotated[
    Secret, PlainValidator(secret), WithJsonSchema({"type": "string", "minLength": 1})
]
