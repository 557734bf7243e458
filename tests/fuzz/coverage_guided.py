"""One target under atheris: bytes that reach new branches are kept, and changed further.

    python -m tests.fuzz.coverage_guided TARGET FOLDER LIMIT...

Needs the extra `fuzz`. Bytes that do harm are written to FOLDER, as `crash-…`; to try them again:
`python -m tests.fuzz --replay TARGET FILE`. The limits are the fuzzer's own: `-max_total_time=60`,
`-runs=1000`.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sidecar"]):
    from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
_LONGEST = 4096


def main(name: str, folder: str, *limits: str) -> None:
    """Try until a limit is reached, or harm is done."""
    found = Path(folder) / "corpus" / name
    found.mkdir(parents=True, exist_ok=True)
    arguments = [
        sys.argv[0],
        *limits,
        f"-max_len={_LONGEST}",
        f"-artifact_prefix={folder}/{name}-",
        "-timeout=10",
        "-print_final_stats=1",
        str(found),
        str(CORPUS / name),
    ]
    atheris.Setup(arguments, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
