import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python_with_pip():
    """The environment has no pip of its own; the Python that it was made from may have one."""
    for candidate in (sys.executable, sys._base_executable, "python3"):
        asked = [candidate, "-m", "pip", "--version"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return candidate
    raise AssertionError("no Python with pip: apt-get install python3-pip")


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(tmp_path):
    subprocess.run(
        [python_with_pip(), "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT],
        check=True,
        timeout=300,
    )
    (wheel,) = tmp_path.glob("outbound_sidecar-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    files = [path for path in (ROOT / "sidecar").rglob("*") if path.is_file()]
    written = {
        path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts
    }
    assert shipped == written
    assert "sidecar/demo/workload.json" in shipped
    presets = {Path(name).stem for name in shipped if name.startswith("sidecar/presets/")}
    assert {"supabase", "whatsapp", "gemini"} <= presets
