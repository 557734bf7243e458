"""An outbound-only reverse-proxy sidecar for HTTP APIs."""

__version__ = "0.1.0"
