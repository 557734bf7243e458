"""What any bytes may do to the readers of the sidecar: nothing but what is stated here.

Each target takes bytes and raises where something is wrong. They are called by `make test` with the
corpus and with what Hypothesis makes of it, and by `make fuzz` with what a coverage-guided fuzzer
makes of it. The first byte says how the rest is cut into pieces, where that matters.
"""

from tests.fuzz.targets import records, said, wire, written
from tests.fuzz.targets.registry import TARGETS

__all__ = ["TARGETS", "records", "said", "wire", "written"]
