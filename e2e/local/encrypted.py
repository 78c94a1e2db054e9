"""Servers that encrypt refuse clear text, and clients refuse a certificate of another authority. Servers are named by the variables of `platc env`."""

import os
import socket
import ssl
import struct

# What asks for TLS, a greeting in clear text, and what a server that takes it would answer.
POSTGRESQL = (struct.pack("!ii", 8, 80877103), struct.pack("!ii", 16, 196608) + b"user\0x\0\0", b"R")
SERVERS = {
    "POSTGRES": POSTGRESQL,
    "CNPG": POSTGRESQL,
    "RABBITMQ": (b"", b"AMQP\0\0\x09\x01", (b"\x01", b"AMQP")),
    "REDIS": (b"", b"PING\r\n", (b"+", b"-")),
    "MINIO": (b"", b"GET /minio/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 200"),
}
PATIENCE = 30  # seconds


def connected(name: str) -> socket.socket:
    """Give a connection to a server, before anything is said."""
    return socket.create_connection((os.environ[f"{name}_HOST"], int(os.environ[f"{name}_PORT"])), PATIENCE)


def verified(name: str, authority: str) -> None:
    """Shake hands, and verify the certificate by an authority. Raises ssl.SSLError."""
    with connected(name) as plain:
        if ask := SERVERS[name][0]:
            plain.sendall(ask)
            assert plain.recv(1) == b"S", f"{name} does not encrypt"
        with ssl.create_default_context(cafile=os.environ[f"{authority}_CA_FILE"]).wrap_socket(plain, server_hostname=os.environ[f"{name}_HOST"]):
            pass


def clear(name: str) -> bytes:
    """Greet a server in clear text, and give its answer; none: it hung up."""
    with connected(name) as plain:
        plain.sendall(SERVERS[name][1])
        try:
            return plain.recv(100)
        except ConnectionError:
            return b""


for server, (_, _, welcome) in SERVERS.items():
    verified(server, server)
    try:
        verified(server, next(other for other in SERVERS if other != server))
    except ssl.SSLCertVerificationError:
        pass
    else:
        raise SystemExit(f"{server}: a certificate of another authority was taken")
    answer = clear(server)
    assert not answer.startswith(welcome), f"{server} answers in clear text: {answer!r}"
    print(f"{server}: verified; clear text is refused")
