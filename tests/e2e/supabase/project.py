"""What the Supabase checks of every SDK share: fresh projects, and transcripts to compare."""

import json
import time
from typing import Any

from sidecar.demo import supabase

STARTED = float(int(time.time()))
"""Stands still, so that tokens are the same; the SDKs compare their expiry with the real time."""

Transcript = list[dict[str, Any]]


def make():
    """A fresh project, by the name of its upstream."""
    return {"supabase": supabase.make_app(now=lambda: STARTED)}


def without_base(lines: Transcript, base_url: str) -> Transcript:
    """The transcript with the base URL, which the SDKs put into the URLs they make, left out."""
    text = json.dumps(lines, ensure_ascii=False)
    compared: Transcript = json.loads(text.replace(base_url, "BASE"))
    return compared
