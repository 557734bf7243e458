"""What may be written as the key of a breaker or a pace: which calls belong together.

Checks the notation only; what a part is of a call is decided in `core/keys.py`.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.json_path import STEP

_PART = re.compile(rf"[a-z][a-z0-9_]*|header:[A-Za-z0-9-]+|\${STEP}+")


def key_template(value: object) -> str:
    """The template as it is: `upstream`, `upstream+model`, `phone_number_id+$.to`, `header:x-a`.

    Raises:
        PydanticCustomError: one of its parts, between `+`, is of no known form. It is not repeated.
    """
    if not isinstance(value, str) or not value:
        raise PydanticCustomError("key_template", "expected a text such as upstream+model")
    for part in value.split("+"):
        if not _PART.fullmatch(part.strip()):
            raise PydanticCustomError(
                "key_template",
                "expected upstream, route, credential, a name from the path pattern, header:NAME "
                "or a JSON path such as $.to; join parts by +",
            )
    return value


KeyTemplateText = Annotated[
    str, BeforeValidator(key_template), WithJsonSchema({"type": "string", "minLength": 1})
]
