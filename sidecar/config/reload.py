"""When the configuration is read again by itself. Field docstrings are the reference."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from sidecar.config.strict import STRICT
from sidecar.config.values import Flag, Timeout


@dataclass(frozen=True, slots=True)
class Reload:
    """When the configuration is read again by itself. See docs/reload.md."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    watch: Flag = True
    """Whether a change of the file, of a `${file:…}` that it names or of a certificate is taken by
    itself. SIGHUP and `POST /admin/reload` work in any case."""
    every: Timeout = 2.0
    """How often the files are looked at. A change is taken when it has held still for so long."""
