"""Settings for the providers that the sidecar knows, as YAML. Read by `sidecar.loader`."""
