"""An outbound-only reverse-proxy sidecar for HTTP APIs."""

from typing import TYPE_CHECKING

__version__: str

if not TYPE_CHECKING:

    def __getattr__(name: str) -> str:
        """`__version__`, looked up when somebody asks: it would slow down every `healthcheck`."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("outbound-sidecar")
        except PackageNotFoundError:  # a checkout that is not installed
            return "0.0.0"
