"""What is remembered of media files: of the APIs that give them out, and of their hosts.

Makes the layers of their routes.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.core.media import Callers
from sidecar.core.media_uploads import Uploads
from sidecar.core.media_urls import MediaUrls
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.download import Parts as DownloadParts
from sidecar.layers.download import download
from sidecar.layers.media import Parts as MediaParts
from sidecar.layers.media import Room, media
from sidecar.parts.destinations import Destinations
from sidecar.parts.kept import Kept
from sidecar.telemetry.media_stats import MediaStats


class RememberedMedia:
    """The media of all APIs.

    Args:
        config: the whole of it.
        clock: where time comes from.
        secret: keys the digests that stand for callers.
        drop: drops what is stored with these tags.
        destinations: where URLs are renewed.
        kept: what the configuration before has left.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        secret: bytes,
        drop: Callable[[tuple[str, ...]], None],
        destinations: Destinations,
        *,
        kept: Kept,
    ) -> None:
        self._config = config
        self._kept = kept
        self._clock = clock
        self._drop = drop
        self._destinations = destinations
        callers = Callers(secret)
        apis = {name: each for name, each in config.upstreams.items() if each.media.is_on}
        self.stats = {name: kept.totals("media", name, MediaStats) for name in apis}
        self._parts = {name: self._made(name, callers) for name in apis}
        self._api_of = {
            each.media.downloads: name
            for name, each in apis.items()
            if each.media.downloads is not None
        }
        """The API by the upstream of its files."""

    def _made(self, name: str, callers: Callers) -> MediaParts:
        wanted = self._config.upstreams[name].media
        host = self._config.upstreams.get(wanted.downloads) if wanted.downloads else None
        base = urlsplit(host.url).path.rstrip("/") if host else ""
        urls = self._kept.shared(
            "media urls", name, host and host.url, lambda: MediaUrls(callers, base=base)
        )
        longest = wanted.uploads
        uploads = self._kept.shared(
            "uploads", name, longest, lambda: Uploads(callers, longest) if longest else None
        )
        return MediaParts(
            urls=urls if host else None,
            uploads=uploads,
            max_object=wanted.max_object,
            room=self._kept.totals("media room", name, Room),
            drop=self._drop,
            stats=self.stats[name],
            clock=self._clock,
        )

    def urls_at(self, upstream: str) -> MediaUrls | None:
        """The URLs that an API gave out for files at this upstream, if it is the host of files."""
        api = self._api_of.get(upstream)
        return self._parts[api].urls if api is not None else None

    def media(self, route: RouteEntry) -> Layer | None:
        """Sees the calls of an API: learns URLs, and spares uploads."""
        parts = self._parts.get(route.upstream)
        return media(parts) if parts is not None else None

    def download(self, route: RouteEntry) -> Layer | None:
        """Sees the downloads at the host of files: renews URLs that have grown old."""
        api = self._api_of.get(route.upstream)
        known = self.urls_at(route.upstream)
        if api is None or known is None:
            return None
        return download(
            DownloadParts(
                api=api,
                find=self._destinations.of(api),
                known=known,
                urls=self._config.upstreams[api].media.urls,
                stats=self.stats[api],
                clock=self._clock,
            )
        )
