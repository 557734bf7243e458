"""The way to an upstream: connections, timers, the wire. It knows no layer and no route."""
