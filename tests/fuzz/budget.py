"""How much `make test` tries; `make fuzz` tries a multiple of it."""

import os

from hypothesis import settings


def few(examples: int) -> settings:
    """So many examples, the same each time; with `FUZZ_FACTOR`, so many times as many others."""
    factor = os.environ.get("FUZZ_FACTOR")
    return settings(
        max_examples=max(1, int(examples * float(factor or "1"))),
        derandomize=factor is None,
        deadline=None,
        print_blob=True,
    )
