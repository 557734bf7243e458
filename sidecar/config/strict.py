"""How every part of the model is read: no unknown keys, field docstrings are the reference."""

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", use_attribute_docstrings=True)
