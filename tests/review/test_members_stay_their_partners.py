"""What is of one partner's members, searched for in every answer that another partner can get."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import pytest
from google.protobuf.message import Message

from coalition.methods import METHODS, Kind, method
from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    awards_pb2,
    delivery_pb2,
    envelope_pb2,
    feed_pb2,
    liabilities_pb2,
    log_pb2,
    members_pb2,
    partners_pb2,
    payments_pb2,
    rates_pb2,
    receipts_pb2,
    reconciliation_pb2,
    redemption_pb2,
    settlement_pb2,
)
from partners.directory_store import money_at
from settlement.ledger.book import load_coalition
from settlement.run import settle
from support.coalition_day import Day, activity_key, coalition_day, item, membership, stay
from support.raw_calls import OK, Wire, raw_wire

ALONE, LINKED = "ALONE-88213", "LINKED-55107"
NUMBERS = {"alone": ALONE, "linked": LINKED}
SECRETS: Mapping[str, str] = {
    "number of the member alone": ALONE,
    "number of the linked member": LINKED,
    "tier of the member alone": "VEILED",
    "tier of the linked member": "SHOWN",
    "balance of the member alone": "7654321",
    "balance of the linked member": "6543217",
    "nights of the member alone": "331",
    "spend of the member alone": "1234567",
    "folio of the member alone": "FOLIO-ALONE",
    "folio of the linked member": "FOLIO-LINKED",
}

OF_THE_LINK = {"number of the linked member", "tier of the linked member"}
"""What a link shows the other side: who is linked, and with which tier."""

OF_THE_DEFINITION = {"tier of the member alone", "tier of the linked member"}
"""Names of tiers are in the definition of the programme, which everybody may read."""


@dataclass
class Asked:
    """Sends reads as they are, and gives all that came back as text."""

    wire: Wire

    def answers(self, name: str, message: Message, sender: str) -> list[str]:
        """Every byte of an answer or refusal, and what protobuf makes of it."""
        found = method(name)
        data = self.wire.forge(name, message, sender).data()
        if found.streaming:
            return [_shown(found.response, got) for got in self._stream(found.full_name, data)]
        verdict = self.wire.call(found.full_name, data)
        if verdict.reason == OK:
            return [_shown(found.response, verdict.answer)]
        return [f"{verdict.message} {verdict.metadata} {verdict.violations}"]

    def _stream(self, full_name: str, data: bytes) -> list[bytes]:
        return list(self.wire.channel.unary_stream(full_name)(data, timeout=30))


def _shown(kind: type[Message], data: bytes) -> str:
    message = kind.FromString(data)
    shown = [data.decode("latin-1"), str(message).replace('\\"', '"')]
    if isinstance(message, envelope_pb2.Envelope):
        inner = message.payload_type.rpartition(".")[2]
        parsed = getattr(envelope_pb2, inner).FromString(message.payload)
        shown.append(str(parsed).replace('\\"', '"'))
    return "\n".join(shown)


def publish_hotel(day: Day) -> None:
    """The sample, with names of tiers that stand nowhere else."""
    text = (resources.files("partners.programmes.samples") / "hotel.toml").read_text()
    day.publish("hotel", text.replace("SILVER", "VEILED").replace("GOLD", "SHOWN").encode())


def lives(day: Day) -> None:
    """The hotel's two members: one of whom the airline knows, and one of whom nobody does."""
    day.enrol("hotel", ALONE, tier="VEILED")
    day.enrol("hotel", LINKED, tier="SHOWN", choice="points-and-miles")
    day.enrol("airline", "A1")
    day.enrol("card", "C1")
    day.link(("hotel", LINKED), ("airline", "A1"))
    for number, points, reference in (
        (ALONE, 7_654_321, "FOLIO-ALONE"),
        (LINKED, 6_543_217, "FOLIO-LINKED"),
    ):
        key = activity_key("hotel", "STAY", f"{reference}-1")
        day.accrue(
            item(
                "hotel",
                number,
                key,
                spend={("ROOM", "EUR"): 1_234_567},
                quantities={"NIGHT": 331 if number == ALONE else 2},
                stated={("hotel", "BASE"): points},
            )
        )
        day.accrue(stay(number, f"{reference}-2"))
    day.convert(day.quote(("hotel", LINKED), ("airline", "A1"), 5_000).quote)
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    settle(day.engine, coalition, ["hotel", "airline", "card"], day.clock, money_at)


@pytest.fixture(scope="module")
def asked(module_database_url: str) -> Iterator[Asked]:
    with coalition_day(module_database_url) as day:
        for partner, kind in (("hotel", "HOTEL"), ("airline", "AIRLINE"), ("card", "CARD_ISSUER")):
            day.admit(partner, kind)
            if partner != "hotel":
                day.publish(partner)
        publish_hotel(day)
        day.agree("airline", "hotel")
        day.rate("hotel", 50, 60)
        day.rate("airline", 70, 80)
        lives(day)
        with raw_wire(day) as wire:
            yield Asked(wire)


def _of_members(kind: Any, **more: Any) -> list[Message]:
    """A read about each of the hotel's members."""
    return [kind(membership=membership("hotel", number), **more) for number in NUMBERS.values()]


def _of_folios(kind: Any) -> list[Message]:
    names = [f"{who}-{n}" for who in ("FOLIO-ALONE", "FOLIO-LINKED") for n in (1, 2)]
    return [kind(activity=activity_key("hotel", "STAY", name)) for name in names]


ASKED: dict[str, list[Message]] = {
    "Accrual.Simulate": [
        accrual_pb2.SimulateRequest(accrual=stay(number, "new")) for number in NUMBERS.values()
    ],
    "Accrual.Claim": _of_folios(accrual_pb2.ClaimRequest),
    "Agreements.ListAgreements": [agreements_pb2.ListAgreementsRequest()],
    "Awards.ListAwards": _of_members(awards_pb2.ListAwardsRequest),
    "Awards.ListVouchers": _of_members(awards_pb2.ListVouchersRequest),
    "Delivery.ListConversions": [
        delivery_pb2.ListConversionsRequest(),
        *_of_members(delivery_pb2.ListConversionsRequest),
    ],
    "Breaks.ListBreaks": [reconciliation_pb2.ListBreaksRequest()],
    "Log.GetCheckpoint": [log_pb2.GetCheckpointRequest()],
    "Log.GetInclusionProofs": [
        log_pb2.GetInclusionProofsRequest(tree_size=20, numbers=list(range(20)))
    ],
    "Log.GetConsistencyProof": [log_pb2.GetConsistencyProofRequest(from_size=5, to_size=20)],
    "Liabilities.GetRollForward": [
        liabilities_pb2.GetRollForwardRequest(),
        liabilities_pb2.GetRollForwardRequest(programme="hotel"),
    ],
    "Liabilities.GetOutstanding": [liabilities_pb2.GetOutstandingRequest(programme="hotel")],
    "Liabilities.EstimateBreakage": [liabilities_pb2.EstimateBreakageRequest(programme="hotel")],
    "Liabilities.GetFloat": [liabilities_pb2.GetFloatRequest()],
    "Members.ListTiers": _of_members(members_pb2.ListTiersRequest),
    "Members.LookUp": _of_members(members_pb2.LookUpRequest),
    "Members.GetBalances": _of_members(members_pb2.GetBalancesRequest),
    "Members.ListActivity": _of_members(members_pb2.ListActivityRequest),
    "Partners.GetDefinition": [partners_pb2.GetDefinitionRequest(programme="hotel")],
    "Partners.ListPartners": [partners_pb2.ListPartnersRequest()],
    "Partners.ListKeys": [partners_pb2.ListKeysRequest()],
    "Partners.ListKeyUse": [partners_pb2.ListKeyUseRequest(keyid="0" * 64)],
    "Payments.ListPayments": [payments_pb2.ListPaymentsRequest()],
    "Payments.ListSettlements": [payments_pb2.ListSettlementsRequest()],
    "Payments.GetSettlement": [payments_pb2.GetSettlementRequest(settlement=1)],
    "Payments.GetAging": [payments_pb2.GetAgingRequest()],
    "Rates.ListRates": [rates_pb2.ListRatesRequest()],
    "Rates.ListProposals": [rates_pb2.ListProposalsRequest()],
    "Rates.WhatIf": [rates_pb2.WhatIfRequest(proposal=1)],
    "Reconciliation.ListReconciliations": [reconciliation_pb2.ListReconciliationsRequest()],
    "Reconciliation.ListFindings": [reconciliation_pb2.ListFindingsRequest(reconciliation=1)],
    "Reconciliation.ListItems": [reconciliation_pb2.ListItemsRequest(window=1)],
    "Redemption.ListHolds": [redemption_pb2.ListHoldsRequest()],
    "Receipts.GetReceipt": [receipts_pb2.GetReceiptRequest(request_id="raw-1")],
    "Settlement.ListWindows": [settlement_pb2.ListWindowsRequest()],
    "Settlement.GetPositions": [settlement_pb2.GetPositionsRequest(window=1)],
    "Settlement.GetStatement": [
        settlement_pb2.GetStatementRequest(window=1, participant=who)
        for who in ("", "hotel", "airline", "card", "operator")
    ],
    "Feed.Follow": [feed_pb2.FollowRequest(after_number=-1, stop_at_end=True)],
}


def test_every_read_is_tried() -> None:
    assert set(ASKED) == {m.short_name for m in METHODS.values() if m.kind is Kind.READ}


def found(asked: Asked, name: str, sender: str) -> set[str]:
    """Which secrets stand in the answers that were not in the question itself."""
    seen = set()
    for message in ASKED[name]:
        named = str(message)
        for answer in asked.answers(name, message, sender):
            seen |= {
                what
                for what, secret in SECRETS.items()
                if secret not in named and _stands(secret, answer)
            }
    return seen


def _stands(secret: str, answer: str) -> bool:
    """Names anywhere, numbers by themselves: digits may be part of a digest, or escape a byte."""
    if not secret.isdigit():
        return secret in answer
    return re.search(rf"(?<![0-9A-Za-z\\]){secret}(?![0-9A-Za-z])", answer) is not None


@pytest.mark.parametrize("name", ASKED)
def test_a_stranger_learns_nothing_of_anothers_members(asked: Asked, name: str) -> None:
    allowed = OF_THE_DEFINITION if name == "Partners.GetDefinition" else set()

    assert found(asked, name, "card") == allowed


SHOWN_BY_A_LINK: dict[str, set[str]] = {
    "Partners.GetDefinition": OF_THE_DEFINITION,
    "Members.LookUp": {"tier of the linked member"},
    "Delivery.ListConversions": {"number of the linked member"},
}
"""To the airline, whose member is linked to one of the hotel's and got miles for its points."""


@pytest.mark.parametrize("name", ASKED)
def test_a_link_shows_who_is_linked_and_no_more(asked: Asked, name: str) -> None:
    assert found(asked, name, "airline") <= SHOWN_BY_A_LINK.get(name, set())


def test_their_own_partner_finds_all_of_it(asked: Asked) -> None:
    """The search finds what is there."""
    told = {what for name in ASKED for what in found(asked, name, "hotel")}

    assert told >= set(SECRETS) - {"number of the member alone"}


def test_an_answer_about_the_airlines_member_tells_no_more_than_the_link(asked: Asked) -> None:
    message = members_pb2.LookUpRequest(membership=membership("airline", "A1"))
    (answer,) = asked.answers("Members.LookUp", message, "airline")
    told = {what for what, secret in SECRETS.items() if _stands(secret, answer)}

    assert told == {"number of the linked member"}
