"""The TLS settings of an upstream as an SSL context. Reads files when the sidecar starts."""

import ssl

from sidecar.config import ClientTls


def client_context(tls: ClientTls) -> ssl.SSLContext:
    """Verify the upstream's name and chain, always; show a client certificate if one is given.

    Raises:
        OSError: a file cannot be read, or holds no PEM (`ssl.SSLError` is an OSError).
    """
    context = ssl.create_default_context(cafile=tls.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
