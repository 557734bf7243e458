"""What the paths of a PostgREST API do not tell. Field docstrings are the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import ConfigDict

from sidecar.config.strict import STRICT
from sidecar.config.values import Text


@dataclass(frozen=True, slots=True)
class TableNames:
    """Which tables are behind names that are no tables."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    functions: Mapping[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Of a function, the tables that it reads, or changes when it is called by POST; `[]` for none.
    A POST to one that is not named here drops everything that is stored of the database."""
    views: Mapping[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Of a view, the tables that it is made from."""
    related: Mapping[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Of a table, others that change with it, by triggers and cascades."""
