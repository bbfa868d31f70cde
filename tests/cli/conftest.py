"""A partner with a key, a profile and a fake gateway, and its command line."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from click.testing import CliRunner, Result

from coalition import methods
from coalition.keyfiles import write_key
from coalition.profile import write_profile
from coalition.v1.envelope_pb2 import Envelope
from coalition.v1.partners_pb2 import Partner, PartnerList, Programme
from contract.fake_gateway import PARTNER_KEY, PROFILE, SENDER, FakeGateway
from gateway.cli.main import cli

if TYPE_CHECKING:
    from google.protobuf.message import Message

Run = Callable[..., Result]


DIRECTORY = PartnerList(
    partners=[
        Partner(
            partner="owner",
            programmes=[
                Programme(programme=programme, currency=currency, exponent=exponent)
                for programme, currency, exponent in (
                    ("hotel", "PTS", 0),
                    ("airline", "MILES", 1),
                    ("fine", "FINE-POINTS", 2),
                    ("hh", "HH-POINTS", 2),
                    ("bare", "", 0),
                )
            ],
        )
    ]
)
"""What the gateway of these tests knows: programmes with decimals, and one without points."""


class KnowingGateway(FakeGateway):
    """Answers what its directory is beside its script."""

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Envelope, Message] | None":
        """The handler of any method of the contract."""
        if handler_call_details.method != methods.method("Partners.ListPartners").full_name:
            return super().service(handler_call_details)

        def call(envelope: Envelope, _: grpc.ServicerContext) -> PartnerList:
            self.seen.append(envelope)
            return DIRECTORY

        return grpc.unary_unary_rpc_method_handler(
            call, Envelope.FromString, PartnerList.SerializeToString
        )


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with KnowingGateway() as served:
        yield served


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder a partner works in, with its key and the coalition's profile."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COALITION_PASSPHRASE", "secret")
    write_key(tmp_path / "partner.key", PARTNER_KEY, b"secret")
    write_profile(tmp_path / "coalition.json", PROFILE)
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    """Gives a command; what it raises by mistake is raised here."""
    del home

    def give(*args: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner(catch_exceptions=False).invoke(cli, args, input=stdin)

    return give


@pytest.fixture
def partner(run: Run, home: Path, gateway: FakeGateway) -> Run:
    """Gives a command as the partner, whose options are in ./coalition.toml."""
    settings = f'target = "{gateway.target}"\nsender = "{SENDER}"\nkey = "partner.key"\n'
    (home / "coalition.toml").write_text(settings)
    return run
