"""What an application's own files tell about the APIs that it calls, and a configuration for them.

text ─ dotenv, compose ─► assignments ─ providers ─► findings ─ written ─► YAML. Opens no file.
"""
