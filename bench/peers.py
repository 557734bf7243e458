"""What runs in several benches: a peer, and nginx without an access log."""

from dataclasses import dataclass
from pathlib import Path

PREFIX = "/supabase"
SIDECAR = "sidecar"


@dataclass(frozen=True, slots=True)
class Peer:
    """A proxy under test, or the upstream itself."""

    name: str
    port: int
    path: str
    command: tuple[str, ...]

    @property
    def url(self) -> str:
        """What is asked for."""
        return f"http://127.0.0.1:{self.port}{self.path}"


def nginx(program: str, folder: Path, port: int, location: str, more: str = "") -> tuple[str, ...]:
    """The command of an nginx with one server; its configuration is written to `folder`."""
    folder.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"""daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_timeout 1h; keepalive_requests 1000000000; keepalive_time 1h;
  {temporary}
  {more}
  server {{ listen 127.0.0.1:{port} backlog=1024; {location} }}
}}
"""
    )
    return (program, "-p", str(folder), "-e", "stderr", "-c", str(config))
