"""Media that exist without having been uploaded: `media-1`, `media-2`, … for demonstrations."""

import hashlib
import re

from sidecar.demo.whatsapp.state import Media

SIZE = 20_000
"""Bytes of one, about a small photo."""
_NAME = re.compile(r"media-\d{1,9}")


def sample(media_id: str) -> Media | None:
    """The sample of that name, the same in every run; None where the name is not a sample's."""
    if not _NAME.fullmatch(media_id):
        return None
    content = b"\xff\xd8\xff\xe0" + hashlib.shake_256(media_id.encode()).digest(SIZE - 4)
    return Media(media_id, "image/jpeg", content, f"{media_id}.jpg")
