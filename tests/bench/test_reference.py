"""The reference verifies and signs: what it leaves out is the ledger alone."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from coalition.methods import method
from coalition.requests import Signer
from coalition.signing import verify
from coalition.v1 import accrual_pb2
from coalition.v1.envelope_pb2 import Envelope
from gateway.bench.reference import SignedAnswers
from gateway.database import connect_engine
from gateway.founding import found
from partners.directory_store import load_directory
from partners.refusals import Refused
from support.coalition_day import NOON, founding_of, keyring, private_key

ACCRUE = method("Accrual.Accrue")


@pytest.fixture
def answers(database_url: str) -> SignedAnswers:
    engine = connect_engine(database_url)
    coalition = found(engine, founding_of(), NOON)
    with engine.connect() as connection:
        directory = load_directory(connection, coalition)
    engine.dispose()
    return SignedAnswers(keyring(), directory, payload_bytes=900)


def request(**more: str) -> bytes:
    name = more.get("sender", "admin-one")
    signer = Signer.of(more.get("audience", "test-coalition"), name, private_key("admin-one"))
    now = datetime.now(UTC) - timedelta(seconds=1)
    payload = signer.payload(ACCRUE, accrual_pb2.AccrueRequest(), "request-1", now)
    envelope = signer.envelope(ACCRUE, payload)
    if "sig" in more:
        envelope.signatures[0].sig = more["sig"].encode()
    return envelope.SerializeToString()


def test_a_signed_answer_of_the_size_of_a_receipt(answers: SignedAnswers) -> None:
    answer = Envelope.FromString(asyncio.run(answers._answer(ACCRUE, request(), None)))
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
    answers: SignedAnswers, data: bytes, reason: str
) -> None:
    with pytest.raises(Refused) as refused:
        asyncio.run(answers._answer(ACCRUE, data, None))
    assert refused.value.reason == reason
