"""Upstreams that ask for a client certificate: the right one, another's, an expired one, none."""

import datetime as dt
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sidecar.commands.local_authority import Pair, make_authority
from sidecar.config import ClientTls
from sidecar.loader import ConfigErrors, load
from tests.support import certificates
from tests.support.builders import one_upstream
from tests.support.raw import ask, call, get
from tests.support.sidecar import running_sidecar

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
SAID = {
    "none": {b"handshake failure", b"certificate required"},
    "of another authority": {b"unknown ca"},
    "expired": {b"certificate expired"},
}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


class Gateway:
    """A server that blocks: unlike asyncio's, it says in an alert why it refuses, as most do."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.served = 0
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            plain.settimeout(5)
            with suppress(OSError):
                self._answer(plain)

    def _answer(self, plain: socket.socket) -> None:
        context = self._context
        with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as secure:
            try:
                secure.do_handshake()
            except ssl.SSLError:
                # A close with bytes unread would be a reset, and could overtake the alert.
                secure.shutdown(socket.SHUT_WR)
                while secure.recv(65536):
                    pass
            else:
                while secure.recv(65536):
                    self.served += 1
                    secure.sendall(ANSWER)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture(scope="module")
def authority():
    return make_authority(["localhost"], NOW)


@contextmanager
def gateway(certs, authority, version=ssl.TLSVersion.TLSv1_2):
    """It lets in whoever has a certificate of `authority`."""
    context = certs.server_context()
    context.load_verify_locations(cadata=authority.certificate_pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    subject = Gateway(context)
    try:
        yield subject
    finally:
        subject.close()


def client_certificate(path, authority, until=NOW + DAY):
    """A client certificate and its key; their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 3 * DAY)
        .not_valid_after(until)
        .sign(authority.key, hashes.SHA256())
    )
    made = Pair(certificate, key)
    path.write_bytes(made.certificate_pem)
    path.with_suffix(".key").write_bytes(made.key_pem)
    return str(path), str(path.with_suffix(".key"))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("together", [True, False])
async def test_the_right_certificate_is_accepted(certs, authority, version, together, tmp_path):
    """Also with its key in the same file."""
    certificate, key = client_certificate(tmp_path / "client.pem", authority)
    if together:
        with Path(certificate).open("a") as file:
            file.write(Path(key).read_text())
    tls = ClientTls(ca=str(certs.ca), certificate=certificate, key=None if together else key)
    with gateway(certs, authority, version) as upstream:
        async with running_sidecar(one_upstream(upstream.url, tls=tls)) as sidecar:
            for _ in range(2):
                assert (await ask(sidecar.proxy, get())).body == b"ok"
        assert upstream.served == 2


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("shown", ["none", "of another authority", "expired"])
async def test_another_certificate_is_a_tls_error_and_may_be_tried_again(
    certs, authority, version, method, shown, tmp_path
):
    signer = authority if shown == "expired" else make_authority(["localhost"], NOW)
    until = NOW - DAY if shown == "expired" else NOW + DAY
    certificate, key = client_certificate(tmp_path / "client.pem", signer, until)
    mine = {} if shown == "none" else {"certificate": certificate, "key": key}
    with gateway(certs, authority, version) as upstream:
        tls = ClientTls(ca=str(certs.ca), **mine)
        async with running_sidecar(one_upstream(upstream.url, tls=tls)) as sidecar:
            answer = await ask(sidecar.proxy, call(method, "/api/x", content=b"hi"))
        assert (answer.status, answer.error) == (503, "tls_error")
        assert b"the call may safely be made again" in answer.body
        assert any(said in answer.body for said in SAID[shown]), answer.body
        assert b"PRIVATE" not in answer.body
        assert upstream.served == 0


async def test_a_certificate_that_was_renewed_on_disk_is_used_after_a_restart(
    certs, authority, tmp_path
):
    path = tmp_path / "client.pem"
    certificate, key = client_certificate(path, authority, NOW - DAY)
    tls = ClientTls(ca=str(certs.ca), certificate=certificate, key=key)
    with gateway(certs, authority) as upstream:
        config = one_upstream(upstream.url, tls=tls)
        async with running_sidecar(config) as sidecar:
            assert (await ask(sidecar.proxy, get())).error == "tls_error"
            client_certificate(path, authority)
            assert (await ask(sidecar.proxy, get())).error == "tls_error"
        async with running_sidecar(config) as sidecar:
            assert (await ask(sidecar.proxy, get())).body == b"ok"


async def test_a_key_that_is_anothers_is_found_at_the_start(certs, tmp_path):
    other = certificates.make(tmp_path)
    tls = ClientTls(certificate=str(certs.client), key=str(other.client_key))
    said = f"{certs.client} with {other.client_key} cannot be used: key values mismatch"
    with pytest.raises(OSError, match=said):
        async with running_sidecar(one_upstream("https://api.test", tls=tls)):
            pass


def test_a_certificate_that_is_missing_is_found_by_the_check(tmp_path):
    path = tmp_path / "sidecar.yaml"
    path.write_text("upstreams: {a: {url: 'https://a.test', tls: {certificate: nowhere.pem}}}\n")
    with pytest.raises(ConfigErrors, match=r"tls\.certificate: this file cannot be read"):
        load(path, env={})
