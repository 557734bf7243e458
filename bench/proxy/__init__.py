"""`make bench-proxy`: what the sidecar costs beside named peers."""
