"""Where `sidecar certs` keeps what it makes: PEM files in one folder, keys for their owner only.

Knows how they are read and written; nothing of how certificates are made.
"""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

_KEY, _PUBLIC = 0o600, 0o644
_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
"""Where authorities are that the system trusts, when Python does not say."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate: what clients trust."""
        return self.folder / "ca.pem"

    @property
    def authority_key(self) -> Path:
        """Its key, for renewals."""
        return self.folder / "ca.key"

    @property
    def bundle(self) -> Path:
        """The authority and those of the system, for clients that take one file instead of all."""
        return self.folder / "bundle.pem"

    @property
    def server(self) -> Path:
        """The listener's certificate."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        """Its key."""
        return self.folder / "server.key"

    def write(self, path: Path, content: bytes, *, private: bool = False) -> None:
        """Put `content` in place whole; a key is for its owner only from its first byte on.

        Raises:
            OSError: it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        mode = _KEY if private else _PUBLIC
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with open(os.open(unfinished, flags, mode), "wb") as target:  # noqa: PTH123 - has a mode
                os.fchmod(target.fileno(), mode)  # whatever the umask is
                target.write(content)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def system_authorities(bundle: Path) -> bytes:
    """The authorities that the system trusts, as PEM; empty where they are in no file.

    Args:
        bundle: ours, which is not taken for the system's, whatever `SSL_CERT_FILE` says.
    """
    paths = ssl.get_default_verify_paths()
    for name in filter(None, (paths.cafile, paths.openssl_cafile, *_SYSTEM)):
        if Path(name).resolve() == bundle.resolve():
            continue
        try:
            return Path(name).read_bytes()
        except OSError:
            continue
    return b""
