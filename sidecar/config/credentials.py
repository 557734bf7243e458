"""Credentials that the sidecar holds for the application. Field docstrings are the reference.

Knows how they are written; which one a call gets is decided in `core/key_ring.py`.
"""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.header_name import HeaderName
from sidecar.config.secret import Secret, SecretText
from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Duration, Flag, Name, Timeout

_PARAMETER = re.compile(r"[A-Za-z0-9_.~-]{1,64}")


def parameter(value: object) -> str:
    """The name of a query parameter.

    Raises:
        PydanticCustomError: other characters than letters, digits and `_.~-`.
    """
    if isinstance(value, str) and _PARAMETER.fullmatch(value):
        return value
    raise PydanticCustomError("text", "expected the name of a query parameter, such as key")


def _listed(value: object) -> object:
    """One text, as a file or a variable brings it, may hold several: by lines, blanks or commas."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _at_least_one(values: tuple[Secret, ...]) -> tuple[Secret, ...]:
    """An empty list or file is a mistake: calls would go out without a key."""
    if not values:
        raise PydanticCustomError(
            "text", "holds no key: give one, best from ${VAR} or ${file:…}, or remove values"
        )
    return values


Parameter = Annotated[
    str,
    BeforeValidator(parameter),
    WithJsonSchema({"type": "string", "pattern": f"^{_PARAMETER.pattern}$"}),
]
Scheme = HeaderName
"""An authentication scheme is a token, as the name of a field is (RFC 9110 §11.1)."""
Secrets = Annotated[
    tuple[SecretText, ...],
    AfterValidator(_at_least_one),
    BeforeValidator(_listed, json_schema_input_type=str | tuple[SecretText, ...]),
]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys that the sidecar puts into calls, so that the application need not have them.

    See docs/credentials.md.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    header: HeaderName | None = None
    """The header field that the key goes into, such as `x-goog-api-key` or `Authorization`."""
    scheme: Scheme | None = None
    """What stands before the key in the field, with a blank between them: `Bearer`."""
    query: Parameter | None = None
    """The query parameter that may hold a key of the application's own (`key` for Gemini). Without
    `header`, the sidecar's key goes there as well."""
    value: SecretText | None = None
    """The key: from a variable or a file (`${GEMINI_KEY}`, `${file:/run/secrets/gemini}`)."""
    values: Secrets = ()
    """Several keys instead: a list, or one text with a key per line. The next one is used while
    those before it are refused."""
    names: tuple[Name, ...] = ()
    """Names of the keys in metrics and log lines, in their order. Default: `1`, `2`, …"""
    overwrite: Flag = False
    """Whether to replace what the application sends. Otherwise a call that has a key keeps it."""
    move_query_key: Flag = False
    """Whether a key of the application's own is moved from `query` to `header`, so that it is in
    no URL that somebody on the way may log."""
    spread: Flag = False
    """Whether calls take turns among the keys. Otherwise all use the first that is not refused:
    what belongs to a key's project (files, caches) then stays in reach."""
    keys_per_call: Count = 3
    """How many keys a call is tried with at the most, where one after the other is refused."""
    cooldown: Timeout = 30.0
    """How long a key rests after a 429 that does not say how long, where there is another one."""
    max_cooldown: Timeout = 3600.0
    """No rest is longer, whatever the upstream says: a quota for the day is tried every hour."""
    set_aside: Timeout = 300.0
    """How long a key is left out after 401, 402 or 403. The last one that is left stays in use."""
    max_wait: Duration = 10.0
    """How long a call waits while all keys rest; never beyond its deadline. If that is not enough,
    it goes out at once with the key that has least to rest, and the upstream's answer is passed
    on."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together.

        Raises:
            PydanticCustomError: what is missing, or too much.
        """
        problem = self._problem()
        if problem is not None:
            raise PydanticCustomError("text", problem)

    def _problem(self) -> str | None:
        if self.value is not None and self.values:
            return "give value or values, not both"
        keys = len(self.secrets)
        if keys and self.header is None and self.query is None:
            return "a key needs header (or query) to go into"
        if self.scheme is not None and self.header is None:
            return "scheme is of use with header only"
        if self.move_query_key and (self.header is None or self.query is None):
            return "move_query_key needs query and header"
        if self.names and (len(self.names) != keys or len(set(self.names)) != keys):
            return "names must be as many as the keys, and all different"
        return None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All keys, in their order."""
        return self.values if self.value is None else (self.value,)

    @property
    def titles(self) -> tuple[str, ...]:
        """The name of each key in metrics and log lines."""
        return self.names or tuple(str(number + 1) for number in range(len(self.secrets)))
