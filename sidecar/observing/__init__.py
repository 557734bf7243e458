"""Looks at the application's calls while they pass, for `core/advice` to learn from."""

from sidecar.observing.observer import Observer

__all__ = ["Observer"]
