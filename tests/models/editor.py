"""A configuration that somebody edits: changes it, spoils it, and puts it right."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.models.world import QUIET, Machine

TEXT = """
{restart}
drain_timeout: {drain}s
upstreams:
  api:
    url: http://{host}.test
    timeouts: {{total: {total}s}}
    retry: {{attempts: 1, budget: {{burst: {burst}}}}}
    breaker: {{enabled: true, consecutive: {consecutive}, hold: 0s, open: 60s, max_open: 60s}}
    limit: {{inflight: {inflight}, max_wait: 0s}}
    cache: {{ttl: {ttl}s}}
    {extra}
"""
BROKEN = ("upstreams: [", "upstreams: {api: {url: 7}}", "", "upstreams: {}\nupstreams: {}", "\x00")
RESTART = "loop: asyncio"


class Editor(Machine):
    """Somebody who edits a file."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()

    def begin_file(self):
        """What is written first is good."""
        self.file = Path(self.folder.name) / "sidecar.yaml"
        self.values = {
            "drain": 5, "host": "one", "total": 5, "burst": 10, "consecutive": 2,
            "inflight": 3, "ttl": 30, "restart": "", "extra": "",
        }  # fmt: skip
        self.file.write_text(self.text())

    def text(self):
        return QUIET + TEXT.format(**self.values)

    @rule(
        what=st.sampled_from(("drain", "total", "burst", "consecutive", "inflight", "ttl")),
        value=st.integers(1, 4),
    )
    def edit(self, what, value):
        self.values[what] = value
        self.file.write_text(self.text())

    @rule(host=st.sampled_from(("one", "two")))
    def move(self, host):
        self.values["host"] = host
        self.file.write_text(self.text())

    @rule(text=st.sampled_from(BROKEN))
    def spoil(self, text):
        self.file.write_text(text)

    @rule(extra=st.sampled_from(("", "", "no_such_key: 1", "limit: 7")))
    def spoil_a_value(self, extra):
        self.values["extra"] = extra
        self.file.write_text(self.text())

    @rule(restart=st.sampled_from(("", "", RESTART)))
    def ask_for_what_needs_a_restart(self, restart):
        self.values["restart"] = restart
        self.file.write_text(self.text())

    def is_good(self):
        written = self.file.read_text()
        return written == self.text() and not self.values["restart"] and not self.values["extra"]
