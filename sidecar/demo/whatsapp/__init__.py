"""A simulated WhatsApp Cloud API (Graph): faithful enough for its clients, deterministic.

A recipient whose number ends with an error code that Graph knows gets that error: a message to
`15550131056` is refused with 131056. `messages.py` has the list.
"""

from sidecar.demo.whatsapp.app import make_app, make_apps

__all__ = ["make_app", "make_apps"]
