"""The commands of a partner: each makes the request that its options say, and shows the answer."""

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
from coalition.checkpoints import sign_checkpoint
from coalition.receipt_file import ReceiptFile
from coalition.v1.accrual_pb2 import (
    CLAIM_STATE_NEVER_RECEIVED,
    AccrualResult,
    ClaimResult,
    Leg,
    PassedOver,
    SimulateResult,
)
from coalition.v1.agreements_pb2 import Agreement, AgreementList, AgreementTerms
from coalition.v1.awards_pb2 import Award, AwardList, AwardPrice, Voucher, VoucherList
from coalition.v1.common_pb2 import Fraction
from coalition.v1.envelope_pb2 import FeedRecord
from coalition.v1.errors_pb2 import Reason
from coalition.v1.members_pb2 import ActivityPage, Balance, Balances, Movement
from coalition.v1.partners_pb2 import RegisterPartnerRequest
from coalition.v1.rates_pb2 import BookChange, BookVersion, RateBook, RateTerms
from coalition.v1.settlement_pb2 import Position, PositionList, Statement
from contract.book import COALITION, Entry
from contract.fake_gateway import (
    KEY,
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
from support.stated import stated

Run = Callable[..., Result]

SAMPLES = Path(__file__).parents[2] / "partners" / "programmes" / "samples"


def asked(gateway: FakeGateway, method: str, index: int = -1) -> Any:
    """The request of that method that the gateway got, without its header."""
    kind = methods.method(method).payload_type
    seen = [envelope for envelope in gateway.seen if envelope.payload_type == kind]
    request = methods.method(method).payload.FromString(seen[index].payload)
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
    "member enrol hh/1 --invitation 9 --paid 50USD": (
        "Members.Enrol",
        {
            "membership": {"programme": "hh", "member_number": "1"},
            "invitation": "9",
            "paid": {"currency": "USD", "minor": "5000"},
        },
    ),
    "member update hh/1 --tier GOLD --choice miles --chosen-programme airline --state blocked "
    "--not-red-listed": (
        "Members.UpdateMembership",
        {
            "membership": {"programme": "hh", "member_number": "1"},
            "tier": "GOLD",
            "choice": "miles",
            "chosen_programme": "airline",
            "state": "MEMBERSHIP_STATE_BLOCKED",
            "red_listed": False,
        },
    ),
    "member update hh/1": (
        "Members.UpdateMembership",
        {"membership": {"programme": "hh", "member_number": "1"}},
    ),
    "member invite hh/1 --tier GOLD --expires-on 2026-12-31": (
        "Members.Invite",
        {
            "membership": {"programme": "hh", "member_number": "1"},
            "tier": "GOLD",
            "expires_on": "2026-12-31",
        },
    ),
    **{
        f"member grant-tier hh/1 GOLD {option}": (
            "Members.GrantTier",
            {
                "membership": {"programme": "hh", "member_number": "1"},
                "tier": "GOLD",
                "way": f"TIER_WAY_{way}",
                **said,
            },
        )
        for option, way, said in (
            ("--paid 80.50EUR", "PURCHASE", {"paid": {"currency": "EUR", "minor": "8050"}}),
            ("--invitation 7", "INVITATION", {"invitation": "7"}),
            ("--until 2027-01-31", "CARRIED_OVER", {"until": "2027-01-31"}),
            (
                "--match mm/SILVER",
                "MATCH",
                {"matched_programme": "mm", "matched_tier": "SILVER"},
            ),
        )
    },
    "member register hh/1 double-points": (
        "Members.Register",
        {"membership": {"programme": "hh", "member_number": "1"}, "rule": "double-points"},
    ),
    "member tiers hh/1": (
        "Members.ListTiers",
        {"membership": {"programme": "hh", "member_number": "1"}},
    ),
    "member merge hh/1 hh/2": (
        "Members.Merge",
        {
            "kept": {"programme": "hh", "member_number": "1"},
            "merged": {"programme": "hh", "member_number": "2"},
        },
    ),
    "member erase hh/1 --yes": (
        "Members.Erase",
        {"membership": {"programme": "hh", "member_number": "1"}},
    ),
    "member unmerge 7": ("Members.Unmerge", {"merge": "7"}),
    "member claim STAY folio-7 --revision 2": (
        "Accrual.Claim",
        {
            "activity": {
                "supplier": SENDER,
                "kind": "STAY",
                "reference": "folio-7",
                "revision": 2,
            }
        },
    ),
    "award list hh/1": (
        "Awards.ListAwards",
        {"membership": {"programme": "hh", "member_number": "1"}},
    ),
    "award redeem hh/1 night --money 40EUR --buy-missing": (
        "Awards.Redeem",
        {
            "membership": {"programme": "hh", "member_number": "1"},
            "award": "night",
            "money": {"currency": "EUR", "minor": "4000"},
            "buy_missing": True,
        },
    ),
    "award cancel 7": ("Awards.CancelVoucher", {"voucher": "7"}),
    "award use 7": ("Awards.UseVoucher", {"voucher": "7"}),
    "award vouchers hh/1": (
        "Awards.ListVouchers",
        {"membership": {"programme": "hh", "member_number": "1"}},
    ),
    "programme list": ("Partners.ListPartners", {}),
    "programme show hh --version 7": (
        "Partners.GetDefinition",
        {"programme": "hh", "version": "7"},
    ),
    "programme wind-down hh --earns-until 2026-12-31 --points-until 2027-12-31": (
        "Partners.WindDown",
        {
            "programme": "hh",
            "earns_until": "2026-12-31T00:00:00Z",
            "points_until": "2027-12-31T00:00:00Z",
        },
    ),
    "programme simulate hh/1 --kind STAY --supplier mm --reference f-1 --started 2026-01-05 "
    "--ended 2026-01-07 --spend ROOM=200.00EUR --quantity NIGHT=2 --attribute property=a=b": (
        "Accrual.Simulate",
        {
            "accrual": {
                "membership": {"programme": "hh", "member_number": "1"},
                "activity": {
                    "key": {"supplier": "mm", "kind": "STAY", "reference": "f-1"},
                    "started_at": "2026-01-05T00:00:00Z",
                    "ended_at": "2026-01-07T00:00:00Z",
                    "spend": [
                        {"category": "ROOM", "amount": {"currency": "EUR", "minor": "20000"}}
                    ],
                    "quantities": [{"unit": "NIGHT", "count": "2"}],
                    "attributes": [{"name": "property", "value": "a=b"}],
                },
            }
        },
    ),
    "member show hh/a/b": (
        "Members.LookUp",
        {"membership": {"programme": "hh", "member_number": "a/b"}},
    ),
    "rates propose hotel --rate-in 0.50 --cost-out 1/3 --fee 2% --spread 0.01 --reason new": (
        "Rates.Propose",
        {
            "changes": [
                {
                    "rate": {
                        "programme": "hotel",
                        "rate_in": {"numerator": "50", "denominator": "1"},
                        "cost_out": {"numerator": "100", "denominator": "3"},
                        "fee": {"numerator": "1", "denominator": "50"},
                        "spread": {"numerator": "1", "denominator": "100"},
                    }
                }
            ],
            "reason": "new",
        },
    ),
    "rates propose hotel --rate-in 0.50 --effective-from 2027-01-01 --reason new": (
        "Rates.Propose",
        {
            "changes": [
                {
                    "rate": {
                        "programme": "hotel",
                        "rate_in": {"numerator": "50", "denominator": "1"},
                        "fee": {"denominator": "1"},
                        "spread": {"denominator": "1"},
                    },
                    "effective_from": "2027-01-01T00:00:00Z",
                }
            ],
            "reason": "new",
        },
    ),
    "rates pair hotel airline --ratio 3:1 --price 1.20 --minimum 3000 --increment 3000 "
    "--bonus 60000:5000:hotel --bonus 90000:0.5:airline --fee 0.0006:USD:99 "
    "--cap member-daily=5000 --cap pair-yearly=70000 --offer spring --once "
    "--shortfall-funder hotel --effective-from 2027-01-01 --effective-to 2027-02-01 "
    "--reason new": (
        "Rates.Propose",
        {
            "changes": [
                {
                    "pair": {
                        "source": "hotel",
                        "target": "airline",
                        "offer": "spring",
                        "ratio": {"numerator": "10", "denominator": "3"},
                        "settlement_price": {"numerator": "12", "denominator": "1"},
                        "minimum_minor": "3000",
                        "increment_minor": "3000",
                        "bonuses": [
                            {
                                "every_source_minor": "60000",
                                "bonus_target_minor": "50000",
                                "funder": "hotel",
                            },
                            {
                                "every_source_minor": "90000",
                                "bonus_target_minor": "5",
                                "funder": "airline",
                            },
                        ],
                        "fee": {
                            "currency": "USD",
                            "per_source_minor": {"numerator": "3", "denominator": "50"},
                            "cap_minor": "9900",
                        },
                        "caps": {"member_daily_minor": "5000", "pair_yearly_minor": "70000"},
                        "once_per_member": True,
                        "shortfall_funder": "hotel",
                    },
                    "effective_from": "2027-01-01T00:00:00Z",
                    "effective_to": "2027-02-01T00:00:00Z",
                }
            ],
            "reason": "new",
        },
    ),
    "rates pair fine airline --ratio 1/3 --price 1 --reason new": (
        "Rates.Propose",
        {
            "changes": [
                {
                    "pair": {
                        "source": "fine",
                        "target": "airline",
                        "ratio": {"numerator": "1", "denominator": "30"},
                        "settlement_price": {"numerator": "10", "denominator": "1"},
                        "minimum_minor": "1",
                        "increment_minor": "1",
                    }
                }
            ],
            "reason": "new",
        },
    ),
    "rates money USD 0.01 --reason new": (
        "Rates.Propose",
        {
            "changes": [
                {
                    "money_value": {
                        "currency": "USD",
                        "per_shared_minor": {"numerator": "1", "denominator": "100"},
                    }
                }
            ],
            "reason": "new",
        },
    ),
    "rates guard-rails --largest-change 10% --reason new": (
        "Rates.Propose",
        {
            "changes": [
                {"guard_rails": {"largest_change": {"numerator": "1", "denominator": "10"}}}
            ],
            "reason": "new",
        },
    ),
    "rates limits hotel --net-debit-cap 1000 --prefunded 20.50 --alert 50 --alert 80 "
    "--reason new": (
        "Rates.Propose",
        {
            "changes": [
                {
                    "limits": {
                        "participant": "hotel",
                        "net_debit_cap_minor": "100000",
                        "prefunded_minor": "2050",
                        "alert_percents": [50, 80],
                    }
                }
            ],
            "reason": "new",
        },
    ),
    "rates safeguards fine --ceiling 1000.50 --daily-count 5 --reason new": (
        "Rates.Propose",
        {
            "changes": [
                {
                    "safeguards": {
                        "programme": "fine",
                        "ceiling_minor": "100050",
                        "minimum_minor": "1",
                        "daily_count": "5",
                    }
                }
            ],
            "reason": "new",
        },
    ),
    "rates resume hotel airline --reason new": (
        "Rates.Propose",
        {
            "changes": [{"resumption": {"source": "hotel", "target": "airline"}}],
            "reason": "new",
        },
    ),
    "rates approve 7": ("Rates.Approve", {"proposal": "7"}),
    "rates reject 7 --reason no": ("Rates.Reject", {"proposal": "7", "reason": "no"}),
    "rates withdraw 7 --reason no": ("Rates.Withdraw", {"proposal": "7", "reason": "no"}),
    "rates consent 7": ("Rates.Consent", {"proposal": "7"}),
    "rates stop hotel airline --reason stolen": (
        "Rates.StopPair",
        {"source": "hotel", "target": "airline", "reason": "stolen"},
    ),
    "rates proposals --open": ("Rates.ListProposals", {"open": True}),
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
    "agreements offer airline --buyer operator --price 1 --cap 1 --permission redeem "
    "--reimbursement-price 0.9 --rate-in-range 0.40:0.60 --cost-out-range 1/3:0.70": (
        "Agreements.Offer",
        {
            "terms": {
                "programme": "airline",
                "buyer": "operator",
                "price": {"numerator": "10", "denominator": "1"},
                "operator_fee": {"denominator": "1"},
                "cap_minor": "10",
                "permissions": ["PERMISSION_REDEEM"],
                "reimbursement_price": {"numerator": "9", "denominator": "1"},
                "rate_in_range": {
                    "lowest": {"numerator": "4", "denominator": "1"},
                    "highest": {"numerator": "6", "denominator": "1"},
                },
                "cost_out_range": {
                    "lowest": {"numerator": "10", "denominator": "3"},
                    "highest": {"numerator": "7", "denominator": "1"},
                },
            }
        },
    ),
    "agreements offer fine --buyer hotel --price 0.01 --cap 100.5": (
        "Agreements.Offer",
        {
            "terms": {
                "programme": "fine",
                "buyer": "hotel",
                "price": {"numerator": "1", "denominator": "100"},
                "operator_fee": {"denominator": "1"},
                "cap_minor": "10050",
            }
        },
    ),
    "rates propose fine --rate-in 0.01 --cost-out 0.02 --reason new": (
        "Rates.Propose",
        {
            "changes": [
                {
                    "rate": {
                        "programme": "fine",
                        "rate_in": {"numerator": "1", "denominator": "100"},
                        "cost_out": {"numerator": "1", "denominator": "50"},
                        "fee": {"denominator": "1"},
                        "spread": {"denominator": "1"},
                    }
                }
            ],
            "reason": "new",
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
    "quote hotel/1 airline/2 1000 --min-out 12.5 --offer spring --authorization 9": (
        "Exchange.Quote",
        {
            "source": {"programme": "hotel", "member_number": "1"},
            "target": {"programme": "airline", "member_number": "2"},
            "amount_minor": "1000",
            "authorization": "9",
            "min_out_minor": "125",
            "offer": "spring",
        },
    ),
    "quote fine/1 airline/2 0.05": (
        "Exchange.Quote",
        {
            "source": {"programme": "fine", "member_number": "1"},
            "target": {"programme": "airline", "member_number": "2"},
            "amount_minor": "5",
        },
    ),
    "convert 5": ("Exchange.Convert", {"quote": "5"}),
    "convert 5 --source-hold H-77": (
        "Exchange.Convert",
        {"quote": "5", "source_hold": "H-77"},
    ),
    "member block hotel/1 --reason fraud": (
        "Exchange.Block",
        {
            "membership": {"programme": "hotel", "member_number": "1"},
            "blocked": True,
            "reason": "fraud",
        },
    ),
    "member unblock hotel/1 --reason cleared": (
        "Exchange.Block",
        {"membership": {"programme": "hotel", "member_number": "1"}, "reason": "cleared"},
    ),
    "partners block hotel --reason insolvent": (
        "Exchange.Block",
        {"participant": "hotel", "blocked": True, "reason": "insolvent"},
    ),
    "partners unblock hotel --reason cleared": (
        "Exchange.Block",
        {"participant": "hotel", "reason": "cleared"},
    ),
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
    "reverse STAY folio-7 --reason mistake --part 1/3": (
        "Accrual.Reverse",
        {
            "activity": {
                "supplier": SENDER,
                "kind": "STAY",
                "reference": "folio-7",
                "revision": 1,
            },
            "reason": "mistake",
            "part": {"numerator": "1", "denominator": "3"},
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


def test_load_sends_the_bytes_of_the_file(partner: Run, gateway: FakeGateway) -> None:
    path = SAMPLES / "hotel.toml"
    assert partner("programme", "load", str(path)).exit_code == 0
    assert asked(gateway, "Partners.PublishProgramme").definition == path.read_bytes()


def test_validate_needs_no_gateway(run: Run, home: Path) -> None:
    assert run("programme", "validate", str(SAMPLES / "card.toml")).exit_code == 0
    (home / "broken.toml").write_text("schema = 1\nprogramme = 3\n")
    done = run("programme", "validate", "broken.toml")
    assert done.exit_code == 2
    assert "line 2, programme is 3" in done.stderr


def test_validate_tells_of_every_file(run: Run, home: Path) -> None:
    (home / "broken.toml").write_text("schema = 1\nprogramme = 3\n")
    done = run("programme", "validate", "broken.toml", str(SAMPLES / "super-8.toml"))
    assert done.exit_code == 2
    assert "super-8.toml is in order: programme super-8" in done.stderr
    assert "broken.toml cannot be published" in done.stderr


def test_samples_and_schema_need_no_gateway(run: Run) -> None:
    listed = json.loads(run("programme", "samples", "--json").stdout)["samples"]
    assert {"sample": "hilton-hhonors", "name": "Hilton HHonors"} in listed
    assert [entry["sample"] for entry in listed] == sorted(p.stem for p in SAMPLES.glob("*.toml"))
    assert "HOTEL-POINTS" in run("programme", "samples").stdout
    shown = run("programme", "show", "--sample", "hotel")
    assert shown.exit_code == 0
    assert shown.stdout_bytes == (SAMPLES / "hotel.toml").read_bytes()
    assert json.loads(run("programme", "schema").stdout)["title"] == "ProgrammeDefinition"


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
    came = Movement(number=3, from_programme="bank", source_rate=12, target_rate=15)
    gateway.script = [lambda *_: ActivityPage(movements=[came])]
    shown = partner("member", "history", "hotel/1").stdout
    assert {"from", "bank,", "12/15"} <= set(shown.split())


def test_positions_are_in_major_units(partner: Run, gateway: FakeGateway) -> None:
    gateway.script = [
        lambda *_: PositionList(
            currency="COIN", positions=[Position(participant="hotel-h", net_minor=-24480)]
        )
    ]
    assert "-244.80" in partner("settlement", "positions", "1").stdout


def test_statement_is_verified_and_written(partner: Run, gateway: FakeGateway, home: Path) -> None:
    made, note = stated(SENDER), sign_checkpoint(KEY, COALITION, 7, bytes(32)).note
    parts = {"json": made.json, "csv": made.csv, "sha256": made.sha256, "checkpoint": note}
    answers = [
        Statement(**parts | changed)
        for changed in (
            {},
            {"json": made.json + b" "},
            {"csv": made.csv[:-1]},
            {},
            {"checkpoint": note[:-9]},
        )
    ]
    gateway.script = [lambda *_, answer=answer: answer for answer in answers]
    done = partner("settlement", "statement", "1", "--out", "statements", "--json")
    assert done.exit_code == 0, done.output
    assert (home / "statements" / f"statement-1-{SENDER}.json").read_bytes() == made.json
    assert (home / "statements" / f"statement-1-{SENDER}.csv").read_bytes() == made.csv
    assert (home / "statements" / f"statement-1-{SENDER}.checkpoint").read_bytes() == note
    for told in ("the statement's SHA-256 is", "the CSV is cut off", "another was asked for"):
        refused = partner("settlement", "statement", "2")
        assert refused.exit_code == 5
        assert told in refused.stderr
    unsigned = partner("settlement", "statement", "1", "--out", "unsigned")
    assert unsigned.exit_code == 5
    assert "the checkpoint does not verify" in unsigned.stderr
    assert not (home / "unsigned").exists()
    assert not list(home.glob("statement-2*"))


def test_a_statement_that_another_took_the_place_of_stays(
    partner: Run, gateway: FakeGateway, home: Path
) -> None:
    """It is a link of the chain; the later one is named by its settlement."""
    note = sign_checkpoint(KEY, COALITION, 7, bytes(32)).note
    first, later = stated(SENDER), stated(SENDER, opening=-100)
    answers = [
        Statement(json=made.json, csv=made.csv, sha256=made.sha256, checkpoint=note)
        for made in (first, later, later)
    ]
    gateway.script = [lambda *_, answer=answer: answer for answer in answers]
    for _ in answers:
        assert partner("settlement", "statement", "1", "--out", "kept").exit_code == 0
    found = {path.name: path.read_bytes() for path in (home / "kept").glob("*.json")}
    assert found == {
        f"statement-1-{SENDER}.json": first.json,
        f"statement-1-{SENDER}.1.json": later.json,
    }


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
    "quote hotel/1 airline/1 1e3": "'1e3' is no number such as 0.50 or 1/3",
    "rates propose hotel --reason x": "say --rate-in, --cost-out or both",
    "rates pair a b --ratio 1:1 --price 1 --bonus 60000:5000 --reason x": (
        "'60000:5000' is not of the form EVERY:GIVES:FUNDER"
    ),
    "rates pair a b --ratio 1:1 --price 1 --fee 0.0006 --reason x": (
        "'0.0006' is not of the form PER_POINT:CURRENCY:[CAP]"
    ),
    "rates pair a b --ratio 1:1 --price 1 --cap weekly=5 --reason x": (
        "'weekly=5' is not of the form member-daily=5000"
    ),
    "rates pair hotel airline --ratio 3:0 --price 1 --reason x": (
        'ratio is "3:0": write source to target, such as "3:1"'
    ),
    "rates pair hotel airline --ratio 1:1 --price 1 --fee 1:ABC --reason x": (
        'fee.currency is "ABC": write a current currency code'
    ),
    "rates guard-rails --notice soon --reason x": 'notice is "soon": write a length of time',
    "rates propose-file none.toml --reason x": "none.toml: No such file",
    "rates load none.csv --declare none.toml --reason x": "none.csv: No such file",
    "agreements offer a --buyer b --price 1 --cap 1 --rate-in-range 2": (
        "'2' is no range such as 0.40:0.60"
    ),
    "agreements offer a --buyer b --price 1 --cap 1 --rate-in-range 2:1": (
        "'2:1' ends below its beginning"
    ),
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
    "programme load none.toml": "none.toml: No such file",
    "programme validate": "Missing argument 'FILE...'",
    "programme show --sample none": "there is no sample none; there are ",
    "programme show --sample hotl": "there is no sample hotl; there are hotel",
    "programme simulate hh/1 --kind STAY --started 2026-01-05 --spend ROOM": (
        "'ROOM' is not of the form ROOM=200.00EUR"
    ),
    "programme simulate hh/1 --kind STAY --started 2026-01-05 --spend ROOM=1.001EUR": (
        "'1.001EUR' is finer than EUR can be"
    ),
    "programme simulate hh/1 --kind STAY --started 2026-01-05 --spend ROOM=1ABC": (
        "'ABC' is not a current currency code"
    ),
    "programme simulate hh/1 --kind STAY --started 2026-01-05 --quantity NIGHT=1.5": (
        "'1.5' is no count such as 2"
    ),
    "award redeem hh/1 night --money 40": "'40' is no money such as 200.00EUR",
    "member invite hh/1 --expires-on tomorrow": "'tomorrow' is no day such as 2026-01-31",
    "member grant-tier hh/1 GOLD": "say how: one of --paid, --invitation, --match and --until",
    "member grant-tier hh/1 GOLD --invitation 1 --paid 5EUR": "say how: one of",
    "reverse STAY x --reason y --part third": "'third' is no number such as",
    "--config none.toml partners list": "cannot read the configuration none.toml",
    "nothing": "No such command 'nothing'",
}


@pytest.mark.parametrize("command", WRONG)
def test_wrong_use_says_what_to_do(command: str, partner: Run, gateway: FakeGateway) -> None:
    done = partner(*command.split())
    assert done.exit_code == 2, done.output
    assert WRONG[command] in done.stderr
    assert gateway.seen == []


AGAINST_THE_GATEWAY = {
    "quote hotel/1 airline/1 0.5": "0.5 is no amount with 0 decimals",
    "quote fine/1 airline/1 1 --points-exponent 0": "points of fine have 2 decimals, not 0",
    "agreements offer fine --buyer x --price 1 --cap 1 --points-exponent 3": (
        "points of fine have 2 decimals, not 3"
    ),
    "agreements offer bare --buyer x --price 1 --cap 1": (
        "the coalition has no programme 'bare' with points of its own"
    ),
    "rates propose nobody --rate-in 1 --cost-out 1 --reason x": (
        "the coalition has no programme 'nobody' with points of its own"
    ),
    "rates pair hotel nobody --ratio 1:1 --price 1 --reason x": (
        "target is nobody, and there is no such programme with points"
    ),
    "rates pair hotel hotel --ratio 1:1 --price 1 --reason x": (
        "target is the source: a conversion is between two programmes"
    ),
    "rates pair hotel airline --ratio 1:1 --price 1 --minimum 0.5 --reason x": (
        "minimum is 1/2, which is no amount with 0 decimals"
    ),
    "quote hotel/1 airline/1 5 --min-out 0.05": "0.05 is no amount with 1 decimals",
}


@pytest.mark.parametrize("command", AGAINST_THE_GATEWAY)
def test_nothing_is_written_that_contradicts_what_the_gateway_knows(
    command: str, partner: Run, gateway: FakeGateway
) -> None:
    done = partner(*command.split())
    assert done.exit_code == 2, done.output
    assert AGAINST_THE_GATEWAY[command] in done.stderr
    assert [envelope.payload_type.rpartition(".")[2] for envelope in gateway.seen] == [
        "ListPartnersRequest"
    ]


def test_agreements_and_rates_are_shown_in_whole_points(partner: Run, gateway: FakeGateway) -> None:
    price = Fraction(numerator=1, denominator=100)
    terms = AgreementTerms(programme="fine", buyer="b", price=price, cap_minor=10050)
    agreed = AgreementList(agreements=[Agreement(terms=terms, used_minor=5)])
    rate = RateTerms(programme="airline", rate_in=price, cost_out=price)
    book = RateBook(versions=[BookVersion(version=7, change=BookChange(rate=rate))])
    gateway.script = [lambda *_: agreed, lambda *_: book]
    shown = partner("agreements", "list").stdout
    assert "prices in COIN per point, cap and used in points" in shown
    assert {"0.01", "100.50", "0.05"} <= set(shown.split())
    assert "0.001" in partner("rates", "list").stdout.split()
    gateway.script = [lambda *_: agreed]
    refused = partner("agreements", "list", "--points-exponent", "0")
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_points_are_shown_with_their_decimals(partner: Run, gateway: FakeGateway) -> None:
    leg = Leg(programme="hh", currency="HH-POINTS", points_minor=123456, owed_minor=20, fee_minor=1)
    gateway.script = [
        lambda *_: ActivityPage(movements=[Movement(currency="HH-POINTS", amount_minor=-5)]),
        lambda *_: AwardList(awards=[Award(prices=[AwardPrice(points_minor=2500)])]),
        lambda *_: VoucherList(vouchers=[Voucher(points_minor=2501, bought_minor=3)]),
        lambda *_: SimulateResult(result=AccrualResult(legs=[leg])),
        lambda *_: ActivityPage(movements=[Movement(currency="OTHER", amount_minor=7)]),
    ]
    assert "-0.05" in partner("member", "history", "hh/1").stdout.split()
    assert "25.00" in partner("award", "list", "hh/1").stdout.split()
    assert {"25.01", "0.03"} <= set(partner("award", "vouchers", "hh/1").stdout.split())
    simulated = partner("programme", "simulate", "hh/1", *SIMULATED).stdout
    assert {"1234.56", "0.21"} <= set(simulated.split())
    assert "owed in COIN" in simulated
    assert "7 (minor units)" in partner("member", "history", "hh/1").stdout


SIMULATED = ("--kind", "STAY", "--started", "2026-01-05")


def test_a_simulation_without_points_says_so(partner: Run, gateway: FakeGateway) -> None:
    nothing = SimulateResult(result=AccrualResult())
    why = PassedOver(rule="summer", because="it ended on 2026-01-01")
    told = SimulateResult(result=AccrualResult(), passed_over=[why])
    gateway.script = [lambda *_: nothing, lambda *_: told]
    shown = partner("programme", "simulate", "hh/1", *SIMULATED)
    assert shown.stdout == "It would earn nothing.\n"
    shown = partner("programme", "simulate", "hh/1", *SIMULATED)
    assert "Rules that give nothing" in shown.stdout
    assert "it ended on 2026-01-01" in shown.stdout


def test_what_was_never_received_is_told_as_far_as_it_may_be_known(
    partner: Run, gateway: FakeGateway
) -> None:
    gateway.script = [lambda *_: ClaimResult(state=CLAIM_STATE_NEVER_RECEIVED)]
    shown = partner("member", "claim", "STAY", "F-1")
    assert "never received, as far as you may know" in shown.stdout


def test_call_lists_the_methods_and_what_they_take(run: Run) -> None:
    shown = run("call", "--list")
    assert shown.exit_code == 0
    for method in methods.METHODS.values():
        assert f" {method.short_name} " in shown.stdout
        assert f" {method.payload.DESCRIPTOR.name} " in shown.stdout
    assert "proto/coalition/v1/*.proto" in run("call", "--help").stdout


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
    command = ("--config", "mine.toml", "rates", "propose", "fine", "--rate-in", "1", "--cost-out")
    done = run(*command, "1")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["number"] == 123
    request = asked(gateway, "Rates.Propose")
    assert (request.reason, request.changes[0].rate.rate_in.numerator) == ("as agreed", 1)
    assert run(*command, "1", "--points-exponent", "0").exit_code == 2


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
    assert without_server("rates", "schema").returncode == 0
    missing = without_server("serve")
    assert missing.returncode == 2
    assert "pip install 'coalition-gateway[server]'" in missing.stderr
    assert "Traceback" not in missing.stderr


@pytest.mark.parametrize("name", Coalition.table)
def test_every_command_is_there_with_its_help(name: str, run: Run) -> None:
    done = run(name, "--help")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Usage: ")
