"""Caddy: one processor, HTTP/1.1, no log.

By default it keeps 32 idle connections to an upstream and opens the others anew each time.
"""

from bench.proxy.place import EVENTS, TARGETS, TLS, Contender, Place, behind


def configure(program: str, at: Place) -> Contender:
    """One site, a path for each target."""
    config = at.write(
        "Caddyfile",
        f"""{{
  admin off
  auto_https off
  log {{
    output discard
  }}
  servers {{
    protocols h1
  }}
}}
http://:{at.port} {{
  bind 127.0.0.1
{"".join(_handle(target, at) for target in TARGETS)}}}
""",
    )
    home = ("env", "GOMAXPROCS=1", f"HOME={at.folder}", f"XDG_CONFIG_HOME={at.folder}")
    run = (program, "run", "--config", config, "--adapter", "caddyfile")
    return Contender("Caddy", (*home, *run), behind(at.port))


def _handle(target: str, at: Place) -> str:
    trust = f"tls_trusted_ca_certs {at.authority}\n        tls_server_name localhost"
    tls = f"        {trust}\n" if target == TLS else ""
    flush = "      flush_interval -1\n" if target == EVENTS else ""
    scheme = "https" if target == TLS else "http"
    return f"""  handle_path /{target}/* {{
    reverse_proxy {scheme}://{at.upstream(target)} {{
      header_up Host {{upstream_hostport}}
{flush}      transport http {{
        versions 1.1
        compression off
        keepalive 1h
        keepalive_idle_conns 1024
        keepalive_idle_conns_per_host 1024
{tls}      }}
    }}
  }}
"""
