"""All named faults. Each stands beside the words of its provider."""

from collections.abc import Mapping

from sidecar.faults import anybody, gemini, graph, network, supabase
from sidecar.faults.kinds import Fault

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for source in (gemini, graph, supabase, anybody, network)
    for fault in source.FAULTS
}
"""By name, in the order in which they are listed."""
