"""The reference verifies and signs: what it leaves out is the ledger alone."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from coalition.methods import method
from coalition.requests import Signer
from coalition.signing import verify
from coalition.v1 import accrual_pb2
from coalition.v1.envelope_pb2 import Envelope
from gateway.bench.reference import signed_answers
from gateway.database import connect_engine
from gateway.founding import found
from gateway.home import Home
from support.coalition_day import NOON, founding_of, private_key
from support.raw_calls import verdict_of

Call = Callable[..., bytes]

ACCRUE = method("Accrual.Accrue")
PASSPHRASE = b"of a test"


@pytest.fixture(scope="module")
def answers(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """The reference in a process of its own, by the bytes of its calls."""
    engine = connect_engine(module_database_url)
    found(engine, founding_of(), NOON)
    engine.dispose()
    home = Home(Path(tmp_path_factory.mktemp("home")))
    home.add_gateway_key(private_key("gateway"), PASSPHRASE)
    serving = signed_answers(module_database_url, home, PASSPHRASE, payload_bytes=900, workers=1)
    with serving as served, grpc.insecure_channel(served.target) as channel:
        yield channel.unary_unary(ACCRUE.full_name)


def request(**more: str) -> bytes:
    name = more.get("sender", "admin-one")
    signer = Signer.of(more.get("audience", "test-coalition"), name, private_key("admin-one"))
    now = datetime.now(UTC) - timedelta(seconds=1)
    payload = signer.payload(ACCRUE, accrual_pb2.AccrueRequest(), "request-1", now)
    envelope = signer.envelope(ACCRUE, payload)
    if "sig" in more:
        envelope.signatures[0].sig = more["sig"].encode()
    return envelope.SerializeToString()


def test_a_signed_answer_of_the_size_of_a_receipt(
    answers: Call,
) -> None:
    answer = Envelope.FromString(answers(request(), timeout=20))
    assert len(answer.payload) == 900
    key = private_key("gateway").public_key()
    verify(key, answer.payload_type, answer.payload, answer.signatures[0].sig)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (request(sig="0" * 64), "BAD_SIGNATURE"),
        (request(audience="another"), "WRONG_AUDIENCE"),
        (request(sender="admin-two"), "WRONG_SENDER"),
    ],
)
def test_what_is_not_signed_as_it_should_be_is_refused(
    answers: Call, data: bytes, reason: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        answers(data, timeout=20)
    assert verdict_of(refused.value).reason == reason
