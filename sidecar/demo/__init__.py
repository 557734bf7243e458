"""The demonstration: simulated providers, a small load, and a table. Used by `sidecar demo`.

Nothing that serves traffic imports it. The tests use its simulators.
"""
