"""TLS by one argument: the gateway's certificate is checked against the roots given."""

import ipaddress
from collections.abc import Iterator
from concurrent import futures
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from coalition.client import Client
from coalition.errors import Unavailable
from coalition.v1.settlement_pb2 import ListWindowsRequest, WindowList

from .fake_gateway import PARTNER_KEY, PROFILE, SENDER, FakeGateway


def certificate() -> tuple[bytes, bytes]:
    """A private key and its self-signed certificate for 127.0.0.1, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now = datetime.now(UTC)
    host = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private, made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def served() -> Iterator[tuple[str, bytes]]:
    """Where a gateway is served with TLS, and the root to trust it by."""
    private, root = certificate()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((FakeGateway(),))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(private, root)]))
    server.start()
    yield f"127.0.0.1:{port}", root
    server.stop(None).wait()


def list_windows(target: str, root: bytes | None) -> WindowList:
    with Client(target, PROFILE, SENDER, PARTNER_KEY, tls=root, max_wait_seconds=0) as client:
        return client.read("Settlement.ListWindows", ListWindowsRequest(), WindowList)


def test_tls(served: tuple[str, bytes]) -> None:
    target, root = served
    assert list_windows(target, root) == WindowList()


def test_other_roots_are_not_trusted(served: tuple[str, bytes]) -> None:
    _, other = certificate()
    with pytest.raises(Unavailable):
        list_windows(served[0], other)
    with pytest.raises(Unavailable):
        list_windows(served[0], None)
