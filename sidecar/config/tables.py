"""What the paths of a PostgREST API do not tell. Field docstrings are the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict
from pydantic_core import PydanticCustomError

from sidecar.config.strict import STRICT
from sidecar.config.values import Text


def _columns_on_both_sides(value: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """The mapping as it is.

    Raises:
        PydanticCustomError: it relates a column to a table, or a table to a column.
    """
    for name, others in value.items():
        for other in others:
            if ("." in name) is not ("." in other):
                raise PydanticCustomError(
                    "related",
                    "expected columns on both sides, as in messages.conversation_id: "
                    "[conversations.id], or tables on both",
                )
    return value


@dataclass(frozen=True, slots=True)
class TableNames:
    """Which tables are behind names that are no tables."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    functions: Mapping[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Of a function, the tables that it reads, or changes when it is called by POST; `[]` for none.
    A POST to one that is not named here drops everything that is stored of the database."""
    views: Mapping[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Of a view, the tables that it is made from."""
    related: Annotated[Mapping[Text, tuple[Text, ...]], AfterValidator(_columns_on_both_sides)] = (
        field(default_factory=dict)
    )
    """Of a table, others that change with it: by triggers and cascades, because it joins them to
    what they embed, or because their policies look into it. Of a column, columns of others, if only
    rows with the same value change: `{messages.conversation_id: [conversations.id]}`. Their keys
    (`…_id`) must stay as they are."""
