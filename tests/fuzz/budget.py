"""How much `make test` tries; `make fuzz` tries a multiple of it."""

import os

from hypothesis import settings


def few(examples: int) -> settings:
    """So many examples, times `FUZZ_FACTOR`."""
    factor = float(os.environ.get("FUZZ_FACTOR", "1"))
    return settings(max_examples=max(1, int(examples * factor)), deadline=None, print_blob=True)
