"""Builds the image without a registry and without Docker, for tests of the Dockerfile."""
