"""Varnish: passes everything, stores nothing; one pool of threads, no TLS to an upstream."""

from pathlib import Path

from bench.proxy.place import EVENTS, PLAIN, SLOW, Contender, Place, behind

_TARGETS = (PLAIN, SLOW, EVENTS)


def configure(program: str, at: Place) -> Contender:
    """A backend for each target; 200 threads are there from the start, one for each request."""
    backends = "\n".join(
        f'backend {each} {{ .host = "127.0.0.1"; .port = "{at.ports[each]}"; }}'
        for each in _TARGETS
    )
    chosen = "\n".join(
        f'  if (req.url ~ "^/{each}/") {{ set req.backend_hint = {each}; '
        f'set req.url = regsub(req.url, "^/{each}/", "/"); '
        f'set req.http.Host = "{at.upstream(each)}"; return (pass); }}'
        for each in _TARGETS
    )
    config = at.write("bench.vcl", f"vcl 4.1;\n{backends}\nsub vcl_recv {{\n{chosen}\n}}\n")
    settings = {
        "thread_pools": "1",
        "thread_pool_min": "200",
        "thread_pool_max": "1000",
        "backend_idle_timeout": "3600",
        "timeout_idle": "3600",
    }
    modules = next((p for p in Path(program).parents[1].glob("lib/*/varnish/vmods")), None)
    if modules:
        settings["vmod_path"] = str(modules)
    options = [word for name, value in settings.items() for word in ("-p", f"{name}={value}")]
    listen = ("-F", "-a", f"127.0.0.1:{at.port}", "-f", config, "-n", str(at.folder / "run"))
    memory = ("-j", "none", "-s", "malloc,64m")
    doors = behind(at.port, _TARGETS)
    return Contender("Varnish", (program, *listen, *memory, *options), doors)
