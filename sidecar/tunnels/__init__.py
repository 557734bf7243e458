"""WebSockets from their 101 to their end: through the sidecar, or with the sidecar itself.

They know no upstreams.
"""

from sidecar.tunnels.open_tunnels import Opening, Tunnels
from sidecar.tunnels.speaking import speak

__all__ = ["Opening", "Tunnels", "speak"]
