"""How every part of the model is read: no unknown keys, field docstrings are the reference."""

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid")
"""What all classes of the model have in common. Reading their docstrings from the source takes as
long as building the validator; only the schema needs them (`loader/schema.py`)."""
