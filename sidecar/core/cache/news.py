"""What sidecars that share a store tell each other, and the bound on it. Pure; knows no bytes."""

from typing import NamedTuple

MOST_TAGS = 1000
MOST_BANS = 32


class Ban(NamedTuple):
    """A purge by the beginning of a path, or of everything."""

    upstream: str
    """"" for all."""
    prefix: str
    """Of the path at the upstream; "" for all."""
    soft: bool


class News(NamedTuple):
    """Changes, in no order."""

    hard: tuple[str, ...] = ()
    """Tags, as they are kept: what carries one is gone."""
    soft: tuple[str, ...] = ()
    """What carries one of these is stale."""
    bans: tuple[Ban, ...] = ()


EVERYTHING = News(bans=(Ban("", "", soft=False),))
"""All of it is gone: what is told where there is too much to tell."""


class Outbox:
    """News that wait to be told, as one."""

    def __init__(self) -> None:
        self._hard: dict[str, None] = {}
        self._soft: dict[str, None] = {}
        self._bans: dict[Ban, None] = {}

    def __len__(self) -> int:
        return len(self._hard) + len(self._soft) + len(self._bans)

    def __repr__(self) -> str:
        return f"<Outbox of {len(self)} news>"

    def put(self, news: News) -> None:
        """Add to what waits; what grows too much becomes `EVERYTHING`."""
        self._hard.update(dict.fromkeys(news.hard))
        self._soft.update(dict.fromkeys(news.soft))
        self._bans.update(dict.fromkeys(news.bans))
        if len(self._hard) + len(self._soft) > MOST_TAGS or len(self._bans) > MOST_BANS:
            self.take()
            self._bans.update(dict.fromkeys(EVERYTHING.bans))

    def take(self) -> News | None:
        """All of it; None if there is none."""
        if not len(self):
            return None
        news = News(tuple(self._hard), tuple(self._soft), tuple(self._bans))
        self._hard, self._soft, self._bans = {}, {}, {}
        return news
