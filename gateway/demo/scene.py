"""What a demo is played on: fixed keys, ids and clock, and a gateway in a process of its own."""

import hashlib
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coalition.signing import key_id, public_bytes
from gateway import logs
from gateway.database import connect_engine
from gateway.founding import Founding
from gateway.keyring import Keyring
from gateway.server import Gateway, Listen, run

CLOCK = datetime(2026, 3, 31, 20, 0, tzinfo=UTC)
"""The demo's one instant: a Tuesday evening after everything in the files has happened."""

COALITION_ID = "demo-coalition"
ADMINISTRATORS = ("alice", "bob")
PARTNERS = (
    ("hotel", "HOTEL", "Demo Hotels"),
    ("airline", "AIRLINE", "Demo Air"),
    ("card", "CARD_ISSUER", "Demo Bank"),
)

START_SECONDS = 60


def demo_key(name: str) -> Ed25519PrivateKey:
    """The key of a demo's participant: known to everybody, so of no use elsewhere."""
    seed = hashlib.sha256(f"coalition demo, not a secret: {name}".encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def demo_founding() -> Founding:
    """The coalition of the demo."""
    return Founding(
        coalition_id=COALITION_ID,
        operator="operator",
        name="Demo Operator",
        currency="COIN",
        exponent=2,
        salt_key=hashlib.sha256(b"coalition demo, not a secret: salt").digest(),
        gateway=public_bytes(demo_key("gateway")),
        administrators={who: public_bytes(demo_key(who)) for who in ADMINISTRATORS},
    )


def demo_clock() -> datetime:
    """The demo's clock stands still."""
    return CLOCK


def _serve(url: str, pipe: Pipe, log: str) -> None:
    """The gateway's process: the real server, with the demo's key and clock."""
    logs.configure(log)
    engine = connect_engine(url)
    key = demo_key("gateway")
    keyid = key_id(public_bytes(key))
    gateway = Gateway(engine, Keyring({keyid: key}, keyid), demo_clock, Listen("127.0.0.1:0"))
    run(gateway, pipe.send)


@contextmanager
def gateway_process(url: str, log: str = "ERROR") -> Iterator[str]:
    """A gateway in a process of its own; yields host:port, and drains it at the end."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(url, there, log), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(START_SECONDS):
            message = f"the gateway did not start within {START_SECONDS} seconds"
            raise RuntimeError(message)
        yield f"127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join(START_SECONDS)
