"""HAProxy: one thread, every kept connection for everyone, no log.

Without `http-no-delay` it holds the chunks of a stream back for as long as 100 ms.
"""

from bench.proxy.place import EVENTS, TARGETS, TLS, Contender, Place, behind


def configure(program: str, at: Place) -> Contender:
    """One frontend, a backend for each target."""
    chosen = "\n".join(f"  use_backend {each} if {{ path_beg /{each}/ }}" for each in TARGETS)
    config = at.write(
        "haproxy.cfg",
        f"""global
  nbthread 1
  maxconn 1000
defaults
  mode http
  http-reuse always
  timeout connect 3s
  timeout client 1h
  timeout server 30s
  timeout http-keep-alive 1h
frontend in
  bind 127.0.0.1:{at.port}
{chosen}
{"".join(_backend(target, at) for target in TARGETS)}""",
    )
    return Contender("HAProxy", (program, "-db", "-q", "-f", config), behind(at.port))


def _backend(target: str, at: Place) -> str:
    tls = f" ssl verify required ca-file {at.authority} verifyhost localhost"
    delay = "  option http-no-delay\n" if target == EVENTS else ""
    return (
        f"backend {target}\n{delay}"
        f"  http-request replace-path ^/{target}/(.*) /\\1\n"
        f"  http-request set-header Host {at.upstream(target)}\n"
        f"  server up {at.upstream(target)} pool-purge-delay 1h{tls if target == TLS else ''}\n"
    )
