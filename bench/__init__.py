"""What the sidecar costs, measured beside other proxies. Not part of the package."""
