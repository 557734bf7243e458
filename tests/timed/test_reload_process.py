"""Reloads of `sidecar run`: by SIGHUP, and by a change of the files that it was read from."""

import asyncio
import contextlib
import signal
import sys
from contextlib import asynccontextmanager

from sidecar.config import Address
from tests.support.ports import free_port
from tests.support.raw import ask, get
from tests.support.reloaded import swap_link
from tests.support.steps import reply
from tests.support.upstream import Upstream

YAML = """\
listen: {{proxy: 127.0.0.1:{proxy}, ops: 127.0.0.1:{ops}, admin: null}}
reload: {{every: 50ms, watch: {watch}}}
upstreams:
  api:
    url: "{url}"
    credentials: {{header: x-key, value: "${{file:key}}"}}
"""


class Process:
    def __init__(self, process, folder, proxy, ops):
        self.process, self.folder = process, folder
        self.proxy = Address(host="127.0.0.1", port=proxy)
        self.ops = Address(host="127.0.0.1", port=ops)

    def log(self):
        return (self.folder / "stderr").read_text()

    async def ready(self):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            return (await ask(self.ops, get("/health/ready"))).status == 200
        return False

    async def until(self, condition):
        async with asyncio.timeout(15):
            while not await condition():
                assert self.process.returncode is None, self.log()
                await asyncio.sleep(0.05)

    async def answers(self, content):
        async def it_does():
            return (await ask(self.proxy, get())).body == content

        await self.until(it_does)

    async def says(self, words, times):
        """Lines are written a moment later."""

        async def it_does():
            return self.log().count(words) >= times

        await self.until(it_does)
        assert self.log().count(words) == times

    async def gauge(self):
        lines = (await ask(self.ops, get("/metrics"))).body.decode().splitlines()
        (line,) = [
            each for each in lines if each.startswith("sidecar_config_last_reload_successful ")
        ]
        return float(line.split()[1])


@asynccontextmanager
async def process_of(folder, file, ports):
    with (folder / "stderr").open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sidecar", "run", "-c", str(file)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=stderr,
        )
    subject = Process(process, folder, *ports)
    try:
        await subject.until(subject.ready)
        yield subject
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert "Traceback" not in subject.log()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_sighup_takes_a_good_file_and_survives_a_bad_one(tmp_path):
    proxy, ops = free_port(), free_port()
    file = tmp_path / "sidecar.yaml"
    (tmp_path / "key").write_text("one")

    def write(url):
        file.write_text(YAML.format(proxy=proxy, ops=ops, url=url, watch="false"))

    async with Upstream(reply(b"old")) as old, Upstream(reply(b"new")) as new:
        write(old.url)
        async with process_of(tmp_path, file, (proxy, ops)) as subject:
            await subject.answers(b"old")
            write(new.url)
            await asyncio.sleep(0.3)
            await subject.answers(b"old")  # it is not watched
            subject.process.send_signal(signal.SIGHUP)
            await subject.answers(b"new")
            file.write_text("upstreams: 1\n")
            subject.process.send_signal(signal.SIGHUP)

            async def is_refused():
                return await subject.gauge() == 0

            await subject.until(is_refused)
            await subject.answers(b"new")
            await subject.says(f"{file}:1:12: error", 1)
            await subject.says("config_refused", 1)


async def test_a_turned_link_and_a_rotated_secret_are_seen(tmp_path):
    """As Kubernetes mounts a ConfigMap: files are links through `..data`, which is turned."""
    proxy, ops = free_port(), free_port()
    mount = tmp_path / "mount"
    mount.mkdir()

    def version(name, url, key):
        folder = tmp_path / name
        folder.mkdir()
        text = YAML.format(proxy=proxy, ops=ops, url=url, watch="true")
        (folder / "sidecar.yaml").write_text(text)
        (folder / "key").write_text(key)
        return folder

    async with Upstream(reply(b"old")) as old, Upstream(reply(b"new")) as new:
        (mount / "..data").symlink_to(version("v1", old.url, "one"))
        for name in ("sidecar.yaml", "key"):
            (mount / name).symlink_to(f"..data/{name}")
        async with process_of(tmp_path, mount / "sidecar.yaml", (proxy, ops)) as subject:
            await subject.answers(b"old")
            swap_link(mount / "..data", version("v2", new.url, "one"))
            await subject.answers(b"new")
            swap_link(mount / "..data", version("v3", new.url, "two"))

            async def has_the_new_key():
                await ask(subject.proxy, get())
                return dict(new.requests[-1].headers)[b"x-key"] == b"two"

            await subject.until(has_the_new_key)
            await subject.says('"event":"config_reloaded"', 2)
            assert "two" not in subject.log()
