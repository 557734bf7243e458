"""What is remembered of a media API such as WhatsApp's. Field docstrings are the reference."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from sidecar.config.strict import STRICT
from sidecar.config.values import Duration, Name, Size, Timeout


@dataclass(frozen=True, slots=True)
class Media:
    """What is remembered of media files. Off unless `uploads` or `downloads` is given."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    uploads: Duration = 0.0
    """How long the same file for the same number is not uploaded again: its id is given out
    again, with `X-Sidecar-Deduplicated: true`. `0s`: every upload is sent. Meta keeps files for
    30 days."""
    max_object: Size = 16 * 1024 * 1024
    """Longer uploads are sent as they arrive; up to this they are read whole before."""
    downloads: Name | None = None
    """The upstream through which files are downloaded (lookaside.fbsbx.com). Its cache then keeps
    a file by its id, whatever URL it has, and a URL that has grown old is renewed."""
    urls: Timeout = 240.0
    """How long a URL is used after it was given out; then it is renewed before the download. Meta's
    are valid for 5 minutes, and failed downloads count against the number."""

    @property
    def is_on(self) -> bool:
        """Whether anything is remembered."""
        return self.uploads > 0 or self.downloads is not None
