"""nginx: one process, kept connections, buffers that hold 100 KB, none where events pass.

With its own defaults, 100 KB go through a file on their way, in both directions.
"""

from bench.peers import nginx
from bench.proxy.place import EVENTS, TARGETS, TLS, Contender, Place, behind


def configure(program: str, at: Place) -> Contender:
    """One server, a location for each target."""
    pools = "\n  ".join(
        f"upstream {target} {{ server {at.upstream(target)}; "
        "keepalive 256; keepalive_requests 1000000000; keepalive_time 1h; }"
        for target in TARGETS
    )
    buffers = "proxy_buffers 16 32k; proxy_busy_buffers_size 128k; client_body_buffer_size 256k;"
    locations = " ".join(_location(target, at) for target in TARGETS)
    command = nginx(program, at.folder / "run", at.port, locations, f"{pools}\n  {buffers}")
    return Contender("nginx", command, behind(at.port))


def _location(target: str, at: Place) -> str:
    scheme, more = "http", ""
    if target == TLS:
        scheme = "https"
        more = (
            f"proxy_ssl_trusted_certificate {at.authority}; proxy_ssl_verify on; "
            "proxy_ssl_name localhost; proxy_ssl_server_name on; "
        )
    elif target == EVENTS:
        more = "proxy_buffering off; "
    return (
        f"location /{target}/ {{ proxy_pass {scheme}://{target}/; proxy_http_version 1.1; "
        f'proxy_set_header Connection ""; proxy_set_header Host $proxy_host; {more}}}'
    )
