"""The shipped bundles of settings, one YAML file for each provider. No code."""
