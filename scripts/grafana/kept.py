"""The rows of the dashboard about what is kept, what is delivered later, and the process."""

from scripts.grafana.calls import UP
from scripts.grafana.queries import PROCESS, Panel, chosen, gauges, quantiles, rate, rates

_HERE = "{{instance}}"

KEPT = (
    Panel("Cache", "ops", rates("sidecar_cache_requests_total", UP, "result"), stacked=True),
    Panel(
        "Time saved (estimated)",
        "s",
        rates("sidecar_cache_saved_seconds_total", UP),
        "Seconds a second: what the upstream took for the answers that were hit.",
    ),
    Panel(
        "Stores",
        "ops",
        {
            **rates("sidecar_store_hits_total", "store", named="hits", where=PROCESS),
            **rates("sidecar_store_misses_total", "store", named="misses", where=PROCESS),
            **rates("sidecar_store_evicted_total", "store", named="evicted", where=PROCESS),
        },
    ),
    Panel("Stores up", "bool", gauges("sidecar_store_up", "store", where=PROCESS, how="min")),
    Panel("Size of stores", "bytes", gauges("sidecar_store_bytes", "store", where=PROCESS)),
    Panel(
        "Idempotency keys",
        "ops",
        {
            **rates("sidecar_ledger_calls_total", UP, named="made"),
            **rates("sidecar_ledger_replayed_total", UP, named="answered again"),
        },
    ),
)

QUEUE = (
    Panel(
        "Deliveries",
        "none",
        gauges("sidecar_queue_deliveries", "state", only='state!="delivered"', where=PROCESS),
        "failed, expired and unknown wait for a decision.",
    ),
    Panel(
        "Oldest that is due", "s", {_HERE: chosen("sidecar_queue_oldest_due_seconds", "", PROCESS)}
    ),
    Panel(
        "Accepted and ended",
        "ops",
        {
            **rates("sidecar_queue_accepted_total", UP, named="accepted"),
            **rates("sidecar_queue_outcomes_total", UP, "outcome"),
        },
    ),
    Panel(
        "From acceptance to the answer", "s", quantiles("sidecar_queue_delivery_seconds", 0.5, 0.95)
    ),
    Panel("Attempts", "ops", rates("sidecar_queue_attempts_total", UP, "outcome")),
    Panel("Spool", "bytes", {_HERE: chosen("sidecar_queue_bytes", "", PROCESS)}),
)

ITSELF = (
    Panel(
        "CPU",
        "percentunit",
        {_HERE: rate("process_cpu_seconds_total", "", PROCESS)},
        "100 % is one core; one sidecar does not use more.",
    ),
    Panel("Memory", "bytes", {_HERE: chosen("process_resident_memory_bytes", "", PROCESS)}),
    Panel(
        "Event loop late by",
        "s",
        quantiles("sidecar_loop_lag_seconds", 0.99, by="instance", where=PROCESS),
    ),
    Panel(
        "File descriptors",
        "percentunit",
        {
            _HERE: f"{chosen('process_open_fds', '', PROCESS)}"
            f" / {chosen('process_max_fds', '', PROCESS)}"
        },
    ),
    Panel("Up for", "s", {_HERE: f"time() - {chosen('process_start_time_seconds', '', PROCESS)}"}),
    Panel(
        "Last reload succeeded",
        "bool_yes_no",
        {_HERE: chosen("sidecar_config_last_reload_successful", "", PROCESS)},
    ),
)
