"""Which calls are accepted at once and delivered later. Field docstrings are the reference.

Knows what can be written; nothing of how deliveries are kept or made.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from sidecar.config.header_name import HeaderName
from sidecar.config.key_template import KeyTemplateText
from sidecar.config.pace import Growth
from sidecar.config.secret import SecretText
from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Duration, Flag, Timeout, Url, whole

QueueMode = Literal["never", "always", "prefer", "on_failure"]
AcceptedShape = Literal["accepted", "whatsapp"]
UnknownPolicy = Literal["hold", "retry", "fail"]

DeliveryAttempts = Annotated[int, Field(ge=1, le=1000), BeforeValidator(whole)]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a delivery that failed is tried again. `sidecar explain` prints the times."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    base: Timeout = 5.0
    """The wait after the first attempt; never less than the upstream asks for (`Retry-After`)."""
    growth: Growth = 2.0
    """What each further wait is multiplied by. Each is shortened by up to a fifth, at random."""
    cap: Timeout = 3600.0
    """No wait is longer, unless the upstream asks for it."""


@dataclass(frozen=True, slots=True)
class Dedup:
    """Which calls are the same call once more, and get the answer of the first."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    header: HeaderName | None = "Idempotency-Key"
    """A header field whose value names the call, for its caller. `null` for none. The same value
    with another request is answered 422 (`idempotency_key_reused`)."""
    keep: Timeout = 86400.0
    """How long such a value is remembered, as long as the delivery itself is kept
    (`stores.spool.retention`)."""
    content: Duration = 0.0
    """For how long a call without such a field is the same as an earlier one with the same caller,
    method, target and body. `0s` for never: two equal messages may both be meant."""


@dataclass(frozen=True, slots=True)
class Callback:
    """Where the application is told what became of a delivery."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    url: Url
    """Called with a POST for each delivery that has ended, or whose outcome is not known."""
    secret: SecretText
    """Signs it, as Standard Webhooks have it: `webhook-signature` (docs/queue.md)."""
    attempts: DeliveryAttempts = 10
    """How often it is tried, with waits that double from 1 s up to 5 min."""
    timeout: Timeout = 5.0
    """How long one attempt may take."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Calls that are answered at once, kept, and delivered as soon as that is possible.

    Needs `stores.spool`. GET, HEAD and OPTIONS are never queued. See docs/queue.md.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    mode: QueueMode = "never"
    """`never`: none. `always`: every call. `prefer`: those with `Prefer: respond-async`.
    `on_failure`: those that could not be sent because the upstream is not reached or its breaker
    is open; never one that may have been sent."""
    order: KeyTemplateText | None = None
    """By what deliveries keep their order, such as `phone_number_id+$.to`: of each such key one is
    under way at a time, and those behind it wait, while other keys flow. Written as `pace.key`.
    Default: no order."""
    expires: Timeout = 3600.0
    """After this a delivery is not tried any more: a late message can be worse than none."""
    attempts: DeliveryAttempts = 20
    """The most attempts. Those that the breaker, a pace or a limit does not let out do not count,
    and each has the repetitions of `retry`."""
    schedule: Schedule = field(default_factory=Schedule)
    """When it is tried again."""
    dedup: Dedup = field(default_factory=Dedup)
    """Which calls are the same call once more."""
    unknown: UnknownPolicy = "hold"
    """What becomes of a delivery of which nobody knows whether the upstream acted on it (a timeout
    after it was sent, a crash). `hold` keeps it as `unknown` until somebody or a status webhook
    says; `retry` sends it again, perhaps twice; `fail` makes it a dead letter. A call that is
    harmless twice, by an idempotency key that the upstream honours, is always sent again."""
    answer: AcceptedShape = "accepted"
    """What the application is answered: `accepted` is 202 with a `Location`; `whatsapp` is 200 in
    the shape of the Cloud API, with an id of the sidecar's own in `messages[0].id`."""
    tag: Flag = False
    """Whether `biz_opaque_callback_data` is added to the JSON body, with the id of the delivery,
    where it is not there: status webhooks then say which delivery they are for. The body that is
    sent is then not the application's, byte for byte."""
    at_once: Count = 32
    """How many deliveries of the route are under way at the same time."""
    callback: Callback | None = None
    """Tells the application what became of deliveries."""

    @property
    def is_on(self) -> bool:
        """Whether calls may be queued."""
        return self.mode != "never"
