"""A simulated Gemini API, faithful enough for Google's SDKs, deterministic, and all in memory.

Words in the prompt steer it: `[quota]` answers 429, `[overloaded]` 503, `[long]` streams many
chunks. `generation.py` has the list.
"""

from sidecar.demo.gemini.app import make_app

__all__ = ["make_app"]
