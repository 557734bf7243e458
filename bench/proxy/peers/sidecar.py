"""The sidecar as it is shipped: presets with every default layer, metrics, uvloop.

`log.level: warning`, so that no line is written for an exchange that went well: no peer writes one.
"""

import sys

from bench.peers import SIDECAR
from bench.processes import free_port
from bench.proxy.place import EVENTS, PLAIN, SLOW, TLS, Contender, Place, behind


def configure(program: str, at: Place) -> Contender:
    """`program` is the interpreter of this process, as that has the sidecar."""
    config = at.write(
        "sidecar.yaml",
        f"""listen: {{ proxy: 127.0.0.1:{at.port}, ops: 127.0.0.1:{free_port()}, admin: null }}
log: {{ level: warning, format: json }}
loop: uvloop
upstreams:
  {PLAIN}: {{ preset: supabase, url: "http://{at.upstream(PLAIN)}" }}
  {SLOW}: {{ preset: supabase, url: "http://{at.upstream(SLOW)}" }}
  {EVENTS}: {{ preset: gemini, url: "http://{at.upstream(EVENTS)}" }}
  {TLS}:
    preset: supabase
    url: "https://{at.upstream(TLS)}"
    tls: {{ ca: "{at.authority}", server_name: localhost }}
""",
    )
    command = (program or sys.executable, "-m", "sidecar", "run", "-c", config)
    return Contender(SIDECAR, command, behind(at.port))
