"""What is remembered of calls with an idempotency key. Field docstrings are the reference."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict
from pydantic_core import PydanticCustomError

from sidecar.config.header_name import HeaderName
from sidecar.config.strict import STRICT
from sidecar.config.values import Flag, Size, Timeout

_CREDENTIALS = frozenset(
    ("authorization", "proxy-authorization", "cookie", "apikey", "x-api-key", "x-goog-api-key")
)


def key_header(name: str) -> str:
    """The name as it is written.

    Raises:
        PydanticCustomError: the field says who is asking. It is the same in all calls, so that
            different ones would be taken for repetitions of one.
    """
    if name.lower() in _CREDENTIALS:
        raise PydanticCustomError(
            "text",
            "this field holds a credential, the same in all calls; name the one with the key of "
            "a single call, such as Idempotency-Key",
        )
    return name


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is remembered of calls that carry an idempotency key. GET, HEAD and OPTIONS need none.

    The same key again, from the same caller: the answer is given out again, and nothing is sent.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    enabled: Flag = True
    """Whether keys are looked at. Calls without a key never are."""
    header: Annotated[HeaderName, AfterValidator(key_header)] = "Idempotency-Key"
    """The header field with the key. It goes on to the upstream as it came."""
    keep: Timeout = 86400.0
    """How long an answer is given out again, counted from its end."""
    max_size: Size = 16 * 1024 * 1024
    """Bytes of memory for keys and answers. The oldest answers go first; when those are gone, the
    oldest keys."""
    max_body: Size = 256 * 1024
    """The longest body of an answer that is kept. Of a longer one only the fact is kept."""
    honoured: Flag = True
    """Whether the upstream itself does a call with the same key only once. Then a failure that
    leaves open what was done may be repeated, and so may a call whose answer was not kept. If
    not, such a call is never sent again within `keep`: it is answered 409."""
    wait: Timeout = 30.0
    """How long a call waits for an earlier one with the same key that is still under way; never
    beyond its own deadline. After that it is answered 409 (`idempotency_in_flight`)."""
    store: Literal["memory", "shared"] = "memory"
    """`shared`: also in `stores.shared`, so that the keys survive a restart and other sidecars
    know them."""
