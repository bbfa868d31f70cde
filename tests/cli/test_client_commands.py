"""The commands of a partner: each makes the request that its options say, and shows the answer."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import Result
from google.protobuf import json_format

from coalition import methods, signing
from coalition.receipt_file import ReceiptFile
from coalition.v1.envelope_pb2 import FeedRecord
from coalition.v1.errors_pb2 import Reason
from coalition.v1.members_pb2 import ActivityPage, Balance, Balances, Movement
from coalition.v1.partners_pb2 import RegisterPartnerRequest
from coalition.v1.settlement_pb2 import Position, PositionList, Statement
from contract.book import COALITION, Entry
from contract.fake_gateway import (
    OTHER_KEY,
    SENDER,
    FakeGateway,
    answer,
    fail,
    receipt_of,
    refuse,
    refuse_signed,
)
from gateway.cli.lazy import SERVER_PACKAGES
from gateway.cli.main import Coalition

Run = Callable[..., Result]

SAMPLES = Path(__file__).parents[2] / "partners" / "programmes" / "samples"


def asked(gateway: FakeGateway, method: str, index: int = -1) -> Any:
    """The request that the gateway got, without its header."""
    request = methods.method(method).payload.FromString(gateway.seen[index].payload)
    assert request.header.method == methods.method(method).full_name  # type: ignore[attr-defined]
    request.ClearField("header")
    return request


def test_key_new_shows_no_secret(run: Run, home: Path) -> None:
    made = run("key", "new", "mine.key")
    assert made.exit_code == 0
    shown = json.loads(made.stdout)
    assert set(shown) == {"keyid", "ed25519"}
    pem = (home / "mine.key").read_text()
    assert pem.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert pem not in made.output
    assert json.loads(run("key", "show", "mine.key").stdout) == shown
    again = run("key", "new", "mine.key")
    assert again.exit_code == 2
    assert "never overwritten" in again.stderr


def test_key_proof_is_what_an_administrator_registers(
    partner: Run, gateway: FakeGateway, home: Path
) -> None:
    partner("key", "new", "m.key")
    proof = partner("key", "proof", "m.key", "--owner", "airline-m")
    (home / "m.json").write_text(proof.stdout)
    options = ("--kind", "airline", "--name", "M", "--proof", "m.json")
    done = partner("partners", "register", "airline-m", *options)
    assert done.exit_code == 0, done.output
    request = asked(gateway, "Partners.RegisterPartner")
    assert isinstance(request, RegisterPartnerRequest)
    signing.check_possession(request.key.ed25519, COALITION, "airline-m", request.key.proof)
    other = partner("partners", "register", "hotel-x", *options)
    assert other.exit_code == 2
    assert "proves a key of 'airline-m', not of 'hotel-x'" in other.stderr


CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "member enrol hh/1 --tier GOLD --choice points --same-as mm/2": (
        "Members.Enrol",
        {
            "membership": {"programme": "hh", "member_number": "1"},
            "tier": "GOLD",
            "choice": "points",
            "same_member_as": {"programme": "mm", "member_number": "2"},
        },
    ),
    "member show hh/a/b": (
        "Members.LookUp",
        {"membership": {"programme": "hh", "member_number": "a/b"}},
    ),
    "rates propose hotel --rate-in 0.50 --cost-out 1/3 --fee 2% --spread 0.01 --reason new": (
        "Rates.ProposeRate",
        {
            "terms": {
                "programme": "hotel",
                "rate_in": {"numerator": "50", "denominator": "1"},
                "cost_out": {"numerator": "100", "denominator": "3"},
                "fee": {"numerator": "1", "denominator": "50"},
                "spread": {"numerator": "1", "denominator": "100"},
            },
            "reason": "new",
        },
    ),
    "rates approve 7": ("Rates.ApproveRate", {"proposal": "7"}),
    "rates list --as-of 2026-01-01": ("Rates.ListRates", {"as_of": "2026-01-01T00:00:00Z"}),
    "agreements offer airline --buyer hotel --price 1.2 --cap 10.5 --points-exponent 1 "
    "--operator-fee 0.02 --permission double-dip --permission enrol": (
        "Agreements.Offer",
        {
            "terms": {
                "programme": "airline",
                "buyer": "hotel",
                "price": {"numerator": "12", "denominator": "1"},
                "operator_fee": {"numerator": "1", "denominator": "50"},
                "cap_minor": "105",
                "permissions": ["PERMISSION_DOUBLE_DIP", "PERMISSION_ENROL"],
            }
        },
    ),
    "agreements accept 3": ("Agreements.Accept", {"agreement": "3"}),
    "agreements suspend 3": ("Agreements.Suspend", {"agreement": "3", "suspended": True}),
    "agreements resume 3": ("Agreements.Suspend", {"agreement": "3"}),
    "agreements list": ("Agreements.ListAgreements", {}),
    "partners list": ("Partners.ListPartners", {}),
    "partners keys": ("Partners.ListKeys", {}),
    "partners approve-key abc": ("Partners.ApproveKey", {"keyid": "abc"}),
    "partners revoke-key abc --compromised-since 2026-01-01T00:00:00+01:00": (
        "Partners.RevokeKey",
        {"keyid": "abc", "compromised_since": "2025-12-31T23:00:00Z"},
    ),
    "quote hotel/1 airline/2 1000": (
        "Exchange.Quote",
        {
            "source": {"programme": "hotel", "member_number": "1"},
            "target": {"programme": "airline", "member_number": "2"},
            "amount_minor": "1000",
        },
    ),
    "convert 5": ("Exchange.Convert", {"quote": "5"}),
    "reverse STAY folio-7 --reason mistake": (
        "Accrual.Reverse",
        {
            "activity": {
                "supplier": SENDER,
                "kind": "STAY",
                "reference": "folio-7",
                "revision": 1,
            },
            "reason": "mistake",
        },
    ),
    "settlement windows": ("Settlement.ListWindows", {}),
    'call Exchange.Convert --data {"quote":"9"}': ("Exchange.Convert", {"quote": "9"}),
}


@pytest.mark.parametrize("command", CALLS)
def test_a_command_is_one_signed_request(command: str, partner: Run, gateway: FakeGateway) -> None:
    method, fields = CALLS[command]
    for option in ((), ("--json",)):
        done = partner(*command.split(), *option)
        assert done.exit_code == 0, done.output
        found = json_format.MessageToDict(asked(gateway, method), preserving_proto_field_name=True)
        assert found == fields
        if option:
            assert isinstance(json.loads(done.stdout), dict)


def test_call_reads_a_file_and_standard_input(
    partner: Run, gateway: FakeGateway, home: Path
) -> None:
    (home / "convert.json").write_text('{"quote": 9}')
    assert partner("call", "Exchange.Convert", "--data", "@convert.json").exit_code == 0
    done = partner("call", "Exchange.Convert", "--data", "-", stdin='{"quote": 9}')
    assert done.exit_code == 0
    assert [asked(gateway, "Exchange.Convert", i).quote for i in (0, 1)] == [9, 9]


def test_publish_sends_the_bytes_of_the_file(partner: Run, gateway: FakeGateway) -> None:
    path = SAMPLES / "hotel.toml"
    assert partner("programme", "publish", str(path)).exit_code == 0
    assert asked(gateway, "Partners.PublishProgramme").definition == path.read_bytes()


def test_validate_needs_no_gateway(run: Run, home: Path) -> None:
    assert run("programme", "validate", str(SAMPLES / "card.toml")).exit_code == 0
    (home / "broken.toml").write_text("schema = 1\nprogramme = 3\n")
    done = run("programme", "validate", "broken.toml")
    assert done.exit_code == 2
    assert "line 2, programme is 3" in done.stderr


def test_balances_and_history(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [
        lambda *_: Balances(balances=[Balance(currency="PTS", balance_minor=-5)], as_of_number=9)
    ]
    assert "-5" in partner("member", "balances", "hotel/1").stdout
    pages = [
        ActivityPage(movements=[Movement(number=1)], next_page_token="more"),
        ActivityPage(movements=[Movement(number=2)]),
    ]
    gateway.script = [lambda *_: pages[0], lambda *_: pages[1]]
    done = partner("member", "history", "hotel/1", "--all", "--json")
    assert [m["number"] for m in json.loads(done.stdout)["movements"]] == ["1", "2"]
    assert asked(gateway, "Members.ListActivity").page_token == "more"


def test_positions_are_in_major_units(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [
        lambda *_: PositionList(
            currency="COIN", positions=[Position(participant="hotel-h", net_minor=-24480)]
        )
    ]
    assert "-244.80" in partner("settlement", "positions", "1").stdout


def test_statement_is_verified_and_written(partner: Run, gateway: FakeGateway, home: Path) -> None:
    good = Statement(json=b"{}", csv=b"a\n", sha256=hashlib.sha256(b"{}").digest())
    bad = Statement(json=b"{ }", csv=b"a\n", sha256=good.sha256)
    gateway.script = [lambda *_: good, lambda *_: bad]
    done = partner("settlement", "statement", "1", "--out", "statements", "--json")
    assert done.exit_code == 0, done.output
    assert (home / "statements" / f"statement-1-{SENDER}.json").read_bytes() == b"{}"
    assert (home / "statements" / f"statement-1-{SENDER}.csv").read_bytes() == b"a\n"
    tampered = partner("settlement", "statement", "2")
    assert tampered.exit_code == 5
    assert "the statement's SHA-256 is" in tampered.stderr
    assert not list(home.glob("statement-2*"))


def test_feed(partner: Run, gateway: FakeGateway) -> None:
    records = [
        FeedRecord(
            audience=COALITION, participant=SENDER, number=n, record=Entry(number=n).record()
        )
        for n in (4, 5)
    ]
    gateway.feeds = [list(records), list(records)]
    done = partner("feed", "--after", "3", "--json")
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["number"] for line in done.stdout.splitlines()] == [4, 5]
    assert asked(gateway, "Feed.Follow").after_number == 3
    assert asked(gateway, "Feed.Follow").stop_at_end
    assert partner("feed").exit_code == 0


def test_receipts_are_kept_verified_and_sent_again(
    partner: Run, gateway: FakeGateway, home: Path
) -> None:
    keep = ("--receipts", "kept.jsonl")
    gateway.script = [fail(grpc.StatusCode.UNAVAILABLE)]
    options = (*keep, "--request-id", "once", "--max-wait-seconds", "0")
    assert partner("convert", "5", *options).exit_code == 3
    verified = partner("receipts", "verify", "kept.jsonl", "--json")
    assert json.loads(verified.stdout)["pending"] == 1
    assert partner("receipts", "resend", *keep).exit_code == 0
    assert gateway.seen[0].payload == gateway.seen[1].payload
    verified = partner("receipts", "verify", "kept.jsonl")
    assert verified.exit_code == 0
    with ReceiptFile(home / "kept.jsonl") as kept:
        assert kept.pending() == []
    lines = (home / "kept.jsonl").read_text().replace('"answer": "C', '"answer": "D')
    (home / "kept.jsonl").write_text(lines)
    assert partner("receipts", "verify", "kept.jsonl").exit_code == 5


FAILURES = {
    "refused": (refuse_signed(Reason.REASON_UNKNOWN_QUOTE), 1, "refused, UNKNOWN_QUOTE"),
    "unsigned": (
        refuse("KEY_NOT_ACTIVE", grpc.StatusCode.UNAUTHENTICATED),
        1,
        "coalition partners approve-key",
    ),
    "away": (fail(grpc.StatusCode.UNAVAILABLE), 3, "it can safely be sent again"),
    "forged": (answer(receipt_of, OTHER_KEY), 5, "the answer does not verify"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_goes_wrong_is_told_in_one_line(name: str, partner: Run, gateway: FakeGateway) -> None:
    act, code, told = FAILURES[name]
    gateway.script = [act]
    done = partner("convert", "5", "--max-wait-seconds", "0")
    assert done.exit_code == code
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


WRONG = {
    "convert 5 --profile none.json": "cannot read the profile none.json",
    "convert 5 --key none.key": "cannot read the key file none.key",
    "convert 5 --passphrase-file none": "cannot read the passphrase file none",
    "convert 5 --target example.org:1": "is not this machine: give the root certificates",
    "convert 5 --ca none.pem": "none.pem: No such file",
    "convert five": "'five' is not a valid integer",
    "convert": "Missing argument 'NUMBER'",
    "quote hotel airline/1 5": "'hotel' is no membership such as hotel/H001",
    "quote hotel/1 airline/1 0.5": "0.5 is no amount with 0 decimals",
    "quote hotel/1 airline/1 1e3": "'1e3' is no number such as 0.50 or 1/3",
    "rates list --as-of yesterday": "'yesterday' is no instant such as",
    "call Exchange.Convrt": "near: Exchange.Convert",
    "call Feed.Follow": "say `coalition feed`",
    "call Exchange.Convert --data {": "--data is no ConvertRequest",
    'call Exchange.Convert --data {"quot":1}': "quot",
    "call Exchange.Convert --data @none.json": "none.json: No such file",
    "partners register-key --proof coalition.json": "is not what `coalition key proof` shows",
    "convert 5 --request-id *": "request id '*' is not 1 to 64",
    "convert 5 --receipts coalition.json": "is no receipt file, or damaged",
    "receipts resend": "name the file: --receipts FILE",
    "programme publish none.toml": "none.toml: No such file",
    "--config none.toml partners list": "cannot read the configuration none.toml",
    "nothing": "No such command 'nothing'",
}


@pytest.mark.parametrize("command", WRONG)
def test_wrong_use_says_what_to_do(command: str, partner: Run, gateway: FakeGateway) -> None:
    done = partner(*command.split())
    assert done.exit_code == 2, done.output
    assert WRONG[command] in done.stderr
    assert gateway.seen == []


def test_a_key_that_others_can_read_is_not_used(partner: Run, home: Path) -> None:
    (home / "partner.key").chmod(0o644)
    done = partner("convert", "5")
    assert done.exit_code == 2
    assert "chmod 600" in done.stderr


def test_settings(run: Run, home: Path, gateway: FakeGateway) -> None:
    (home / "mine.toml").write_text(
        f"""
        target = "{gateway.target}"
        sender = "nobody"
        key = "partner.key"
        json = true
        [command.rates]
        sender = "{SENDER}"
        [command.rates.propose]
        points-exponent = 2
        reason = "as agreed"
        """
    )
    command = ("--config", "mine.toml", "rates", "propose", "h", "--rate-in", "1", "--cost-out")
    done = run(*command, "1")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["number"] == 123
    request = asked(gateway, "Rates.ProposeRate")
    assert (request.reason, request.terms.rate_in.numerator) == ("as agreed", 1)
    assert run(*command, "1", "--points-exponent", "0").exit_code == 0
    assert asked(gateway, "Rates.ProposeRate").terms.rate_in.numerator == 100


SETTINGS = {
    "[command.convert]\nqoute = 5": "[command.convert] has 'qoute', which is no option of it",
    "target = ": "coalition.toml is not TOML",
}


@pytest.mark.parametrize("text", SETTINGS)
def test_broken_settings(text: str, run: Run, home: Path) -> None:
    (home / "coalition.toml").write_text(text)
    done = run("convert", "5")
    assert done.exit_code == 2
    assert SETTINGS[text] in done.stderr


def test_environment(
    run: Run, home: Path, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "coalition.toml").write_text('target = "127.0.0.1:1"')
    monkeypatch.setenv("COALITION_TARGET", gateway.target)
    monkeypatch.setenv("COALITION_SENDER", SENDER)
    monkeypatch.setenv("COALITION_KEY", "partner.key")
    assert run("convert", "5").exit_code == 0
    assert len(gateway.seen) == 1


WITHOUT_SERVER = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(SERVER_PACKAGES)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from gateway.cli.main import main
main()
"""


def without_server(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_SERVER, *args],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_client_works_without_the_server() -> None:
    shown = without_server("--help")
    assert shown.returncode == 0, shown.stderr
    for name in Coalition.table:
        assert f"\n  {name} " in shown.stdout
    assert without_server("send", "--help").returncode == 0
    validated = without_server("programme", "validate", str(SAMPLES / "hotel.toml"))
    assert validated.returncode == 0, validated.stderr
    missing = without_server("serve")
    assert missing.returncode == 2
    assert "pip install 'coalition-gateway[server]'" in missing.stderr
    assert "Traceback" not in missing.stderr


@pytest.mark.parametrize("name", Coalition.table)
def test_every_command_is_there_with_its_help(name: str, run: Run) -> None:
    done = run(name, "--help")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Usage: ")
