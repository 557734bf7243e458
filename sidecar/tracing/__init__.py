"""Spans of exchanges and attempts, and their way to a collector by OTLP.

Which trace a call belongs to is decided in `core/trace_context.py`; `layers/trace*.py` say when a
span begins and ends.
"""
