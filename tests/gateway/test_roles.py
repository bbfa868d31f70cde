"""The authorisation table: every method by every role, and on whose data."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from coalition.errors import Refused
from coalition.methods import METHODS, Kind
from coalition.signing import key_id, public_bytes
from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    awards_pb2,
    delivery_pb2,
    exchange_pb2,
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
from gateway.founding import approved_key
from partners.changes import write_all
from partners.directory import Principal, PrincipalKind, Role
from partners.directory_changes import KeyAdded, PrincipalAdded
from partners.usecases.directory import key_facts
from settlement.ledger.book import append, load_coalition, place, read_head
from settlement.ledger.entries import EVERYONE, Draft
from support.coalition_day import (
    NOON,
    Day,
    activity_key,
    coalition_day,
    fraction,
    item,
    membership,
    private_key,
    stay,
)
from support.raw_calls import OK, Wire, raw_wire
from support.use_case_bench import definition

PERSON_ROLES = {
    "rates-only": Role.RATE_ADMINISTRATOR,
    "settlement-only": Role.SETTLEMENT_OPERATOR,
    "admin-only": Role.ADMINISTRATOR,
}


def admit_person(day: Day, person: str, role: Role | None) -> None:
    """A person of the operator, or with no role its company's own key, put into the log."""
    with day.engine.begin() as connection:
        coalition = load_coalition(connection)
        assert coalition is not None
        head = read_head(connection, lock=True)
        public = public_bytes(private_key(person))
        key = approved_key(person, public, coalition.operator, day.clock.now)
        draft = Draft(
            "KEY", coalition.operator, key_facts(key), frozenset({EVERYONE}), directory=True
        )
        append(
            connection, head, [place(coalition, head, draft, number=head.size, now=day.clock.now)]
        )
        changes: list[Any] = [KeyAdded(key, head.size)]
        if role is not None:
            principal = Principal(person, PrincipalKind.PERSON, person, frozenset({role}))
            changes.insert(0, PrincipalAdded(principal, head.size))
        write_all(connection, changes)


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        for person, role in PERSON_ROLES.items():
            admit_person(day, person, role)
        admit_person(day, "operator", None)
        yield day


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


HOTEL = membership("hotel", "H1")
COINS = membership("operator", "C1")
NOWHERE = membership("no-programme", "X1")
MANY = 10**15
ACTIVITY = activity_key("hotel", "STAY", "never")
SOON = Timestamp(seconds=int((NOON + timedelta(hours=1)).timestamp()))
TERMS = agreements_pb2.AgreementTerms(
    programme="no-programme", buyer="hotel", price=fraction(1), cap_minor=1
)
RATE = rates_pb2.BookChange(
    rate=rates_pb2.RateTerms(programme="no-programme", rate_in=fraction(1), cost_out=fraction(1))
)

PARTNERS = frozenset({"hotel", "operator", "admin-only"})
ADMINISTRATORS = frozenset({"admin-only"})
RATES = frozenset({"rates-only"})
SETTLEMENT = frozenset({"settlement-only"})
EVERYBODY = frozenset({*PARTNERS, *PERSON_ROLES})
PAYMENT = payments_pb2.PaymentRef(settlement=MANY, payer="hotel", payee="operator")
RECONCILERS = PARTNERS | {"settlement-only"}
BREAK = reconciliation_pb2.BreakRef(break_number=MANY)

WRITES: dict[str, tuple[Message, frozenset[str]]] = {
    "Accrual.Accrue": (
        accrual_pb2.AccrueRequest(accrual=item("no-programme", "1", ACTIVITY)),
        PARTNERS,
    ),
    "Accrual.AccrueBatch": (
        accrual_pb2.AccrueBatchRequest(
            items=[item("no-programme", "1", ACTIVITY, request_id="i").SerializeToString()]
        ),
        PARTNERS,
    ),
    "Accrual.Reverse": (accrual_pb2.ReverseRequest(activity=ACTIVITY, reason="test"), PARTNERS),
    "Agreements.Offer": (agreements_pb2.OfferRequest(terms=TERMS), PARTNERS),
    "Agreements.Accept": (agreements_pb2.AcceptRequest(agreement=MANY), PARTNERS),
    "Agreements.Suspend": (agreements_pb2.SuspendRequest(agreement=MANY), PARTNERS),
    "Awards.Redeem": (awards_pb2.RedeemRequest(membership=NOWHERE, award="night"), PARTNERS),
    "Awards.CancelVoucher": (awards_pb2.CancelVoucherRequest(voucher=MANY), PARTNERS),
    "Awards.UseVoucher": (awards_pb2.UseVoucherRequest(voucher=MANY), PARTNERS),
    "Delivery.Confirm": (
        delivery_pb2.ConfirmDeliveryRequest(conversion=MANY, credited_minor=1, reference="r"),
        PARTNERS,
    ),
    "Delivery.Refuse": (
        delivery_pb2.RefuseDeliveryRequest(conversion=MANY, reason="test"),
        PARTNERS,
    ),
    "Exchange.Quote": (
        exchange_pb2.QuoteRequest(source=NOWHERE, target=HOTEL, amount_minor=1),
        PARTNERS,
    ),
    "Exchange.Convert": (exchange_pb2.ConvertRequest(quote=MANY), PARTNERS),
    "Exchange.AuthorizeDebit": (
        exchange_pb2.AuthorizeDebitRequest(
            source=NOWHERE, target=HOTEL, grantee="hotel", amount_minor=1, expires_at=SOON
        ),
        PARTNERS,
    ),
    "Exchange.Block": (
        exchange_pb2.BlockRequest(membership=NOWHERE, blocked=True, reason="test"),
        PARTNERS,
    ),
    "Members.Enrol": (members_pb2.EnrolRequest(membership=NOWHERE), PARTNERS),
    "Members.UpdateMembership": (members_pb2.UpdateMembershipRequest(membership=NOWHERE), PARTNERS),
    "Members.Invite": (members_pb2.InviteRequest(membership=NOWHERE), PARTNERS),
    "Members.GrantTier": (
        members_pb2.GrantTierRequest(
            membership=NOWHERE, tier="GOLD", way=members_pb2.TIER_WAY_PURCHASE
        ),
        PARTNERS,
    ),
    "Members.Register": (
        members_pb2.RegisterRequest(membership=NOWHERE, rule="promotion"),
        PARTNERS,
    ),
    "Members.Merge": (
        members_pb2.MergeRequest(kept=NOWHERE, merged=membership("no-programme", "X2")),
        PARTNERS,
    ),
    "Members.Unmerge": (members_pb2.UnmergeRequest(merge=MANY), PARTNERS),
    "Members.Erase": (members_pb2.EraseRequest(membership=NOWHERE), PARTNERS),
    "Members.CarryOver": (
        members_pb2.CarryOverRequest(programme="no-programme", replaced="hotel"),
        PARTNERS,
    ),
    "Members.CreateLinkCode": (
        members_pb2.CreateLinkCodeRequest(membership=NOWHERE, other=HOTEL),
        PARTNERS,
    ),
    "Members.Link": (
        members_pb2.LinkRequest(membership=NOWHERE, other_programme="hotel", code="A" * 10),
        PARTNERS,
    ),
    "Members.Unlink": (members_pb2.UnlinkRequest(membership=NOWHERE, other=HOTEL), PARTNERS),
    "Partners.RegisterPartner": (
        partners_pb2.RegisterPartnerRequest(
            partner="new-partner", kind=partners_pb2.PARTNER_KIND_OTHER, name="x"
        ),
        ADMINISTRATORS,
    ),
    "Partners.RegisterKey": (partners_pb2.RegisterKeyRequest(), EVERYBODY),
    "Partners.ApproveKey": (partners_pb2.ApproveKeyRequest(keyid="0" * 64), ADMINISTRATORS),
    "Partners.RevokeKey": (partners_pb2.RevokeKeyRequest(keyid="0" * 64), EVERYBODY),
    "Partners.PublishProgramme": (
        partners_pb2.PublishProgrammeRequest(definition=b"x"),
        PARTNERS,
    ),
    "Partners.WindDown": (
        partners_pb2.WindDownRequest(programme="no-programme", earns_until=SOON, points_until=SOON),
        PARTNERS,
    ),
    "Payments.MarkSent": (
        payments_pb2.MarkSentRequest(payment=PAYMENT, reference="r", value_date="2026-01-05"),
        PARTNERS | SETTLEMENT,
    ),
    "Payments.Confirm": (
        payments_pb2.ConfirmPaymentRequest(payment=PAYMENT, amount_minor=1, reference="r"),
        PARTNERS | SETTLEMENT,
    ),
    "Payments.Dispute": (
        payments_pb2.DisputePaymentRequest(payment=PAYMENT, reason="test"),
        PARTNERS | SETTLEMENT,
    ),
    "Payments.ProposeAbort": (
        payments_pb2.ProposeAbortRequest(settlement=MANY, reason="test"),
        SETTLEMENT,
    ),
    "Payments.ApproveAbort": (
        payments_pb2.ApproveAbortRequest(settlement=MANY, proposal=MANY),
        SETTLEMENT,
    ),
    "Payments.WithdrawAbort": (
        payments_pb2.WithdrawAbortRequest(settlement=MANY, proposal=MANY, reason="test"),
        SETTLEMENT,
    ),
    "Rates.Propose": (rates_pb2.ProposeRequest(changes=[RATE], reason="test"), RATES),
    "Rates.Approve": (rates_pb2.ApproveRequest(proposal=MANY), RATES),
    "Rates.Reject": (rates_pb2.RejectRequest(proposal=MANY, reason="test"), RATES),
    "Rates.Withdraw": (rates_pb2.WithdrawRequest(proposal=MANY, reason="test"), RATES),
    "Rates.Consent": (rates_pb2.ConsentRequest(proposal=MANY), PARTNERS),
    "Rates.StopPair": (
        rates_pb2.StopPairRequest(source="no-programme", target="no-programme", reason="test"),
        RATES,
    ),
    "Reconciliation.Open": (
        reconciliation_pb2.OpenReconciliationRequest(window=MANY, file_sha256=bytes(32)),
        RECONCILERS,
    ),
    "Reconciliation.AddRows": (
        reconciliation_pb2.AddRowsRequest(
            reconciliation=MANY,
            chunk=1,
            rows=[reconciliation_pb2.RecordRow(date="2026-03-01", amount_minor=1)],
        ),
        RECONCILERS,
    ),
    "Reconciliation.Conclude": (
        reconciliation_pb2.ConcludeRequest(reconciliation=MANY),
        RECONCILERS,
    ),
    "Breaks.Accept": (
        reconciliation_pb2.AcceptBreakRequest(break_ref=BREAK, words="x"),
        RECONCILERS,
    ),
    "Breaks.Dispute": (
        reconciliation_pb2.DisputeBreakRequest(break_ref=BREAK, words="x"),
        RECONCILERS,
    ),
    "Breaks.Correct": (
        reconciliation_pb2.CorrectBreakRequest(break_ref=BREAK, entry=1, words="x"),
        RECONCILERS,
    ),
    "Breaks.Adjust": (
        reconciliation_pb2.AdjustBreakRequest(
            break_ref=BREAK,
            words="x",
            adjustment=reconciliation_pb2.Adjustment(
                debtor="hotel", creditor="card", amount_minor=1
            ),
        ),
        RECONCILERS,
    ),
    "Breaks.WriteOff": (
        reconciliation_pb2.WriteOffBreakRequest(break_ref=BREAK, words="x"),
        SETTLEMENT,
    ),
    "Redemption.Authorize": (
        redemption_pb2.AuthorizeRequest(
            membership=NOWHERE, merchant="hotel", amount_minor=1, reference="x"
        ),
        PARTNERS,
    ),
    "Redemption.Capture": (redemption_pb2.CaptureRequest(hold=MANY), PARTNERS),
    "Redemption.Void": (redemption_pb2.VoidRequest(hold=MANY), PARTNERS),
    "Redemption.Refund": (redemption_pb2.RefundRequest(hold=MANY, amount_minor=1), PARTNERS),
}
"""A request of every write that no rule would accept, and who gets as far as the rules."""


def test_the_table_has_every_write() -> None:
    writes = {m.short_name for m in METHODS.values() if m.kind is Kind.WRITE}

    assert set(WRITES) == writes


@pytest.mark.parametrize("name", WRITES)
def test_who_may_write(wire: Wire, name: str) -> None:
    message, allowed = WRITES[name]
    reasons = {
        s: wire.send(wire.forge(name, message, sender=s)).reason for s in (*EVERYBODY, "gateway")
    }

    refused = {sender for sender, reason in reasons.items() if reason == "NOT_AUTHORIZED"}
    assert refused == {*EVERYBODY, "gateway"} - allowed
    assert OK not in reasons.values() or name == "Accrual.AccrueBatch"


@pytest.fixture(scope="module")
def foreign(day: Day) -> dict[str, int]:
    """Things of the hotel and the airline that the card issuer has no part in."""
    day.accrue(stay("H1", "foreign"))
    offer = agreements_pb2.AgreementTerms(
        programme="airline", buyer="hotel", price=fraction(1), cap_minor=1
    )
    offered = day.client("airline").write(
        "Agreements.Offer", agreements_pb2.OfferRequest(terms=offer)
    )
    for number in ("M1", "M2"):
        day.enrol("hotel", number)
    terms = {"issuer": "admin-one", "permissions": ("REDEEM",), "reimbursement": 1}
    redeems = day.agree("operator", "airline", **terms)  # type: ignore[arg-type]
    day.enrol("operator", "C1", sender="admin-one")
    gift = item(
        "operator",
        "C1",
        activity_key("operator", "GIFT", "foreign"),
        stated={("operator", "BASE"): 50},
    )
    day.accrue(gift, sender="admin-one")
    held = day.client("admin-one").write(
        "Redemption.Authorize",
        redemption_pb2.AuthorizeRequest(
            membership=COINS, merchant="airline", amount_minor=5, reference="foreign"
        ),
    )
    merged = day.client("hotel").write(
        "Members.Merge",
        members_pb2.MergeRequest(kept=membership("hotel", "M1"), merged=membership("hotel", "M2")),
    )
    day.admit("vault", "OTHER")
    day.publish("vault", definition("vault", "VAULT", custody="partner").encode())
    day.rate("vault", 50, 60)
    day.enrol("vault", "V1")
    day.link(("hotel", "H1"), ("vault", "V1"))
    waiting = day.quote(("hotel", "H1"), ("vault", "V1"), 100)
    return {
        "redeems": redeems,
        "hold": held.result_as(redemption_pb2.Hold).hold,
        "conversion": day.convert(waiting.quote).receipt.number,
        "merge": merged.result_as(members_pb2.MergeResult).merge,
        "quote": day.quote(("hotel", "H1"), ("airline", "A1"), 100).quote,
        "agreement": offered.result_as(agreements_pb2.Agreement).agreement,
    }


FOREIGN: dict[str, tuple[Callable[[dict[str, int]], Message], str]] = {
    # What is there and what is not are refused alike, by the same reason and words.
    "Accrual.Accrue": (
        lambda _: accrual_pb2.AccrueRequest(
            accrual=item("airline", "A1", activity_key("card", "CARD_SPEND", "foreign"))
        ),
        "UNKNOWN_MEMBERSHIP",
    ),
    "Accrual.Reverse": (
        lambda _: accrual_pb2.ReverseRequest(
            activity=activity_key("hotel", "STAY", "foreign"), reason="x"
        ),
        "UNKNOWN_ACTIVITY",
    ),
    "Agreements.Accept": (
        lambda known: agreements_pb2.AcceptRequest(agreement=known["agreement"]),
        "UNKNOWN_AGREEMENT",
    ),
    "Agreements.Suspend": (
        lambda known: agreements_pb2.SuspendRequest(agreement=known["agreement"]),
        "UNKNOWN_AGREEMENT",
    ),
    "Delivery.ListConversions": (
        lambda _: delivery_pb2.ListConversionsRequest(membership=HOTEL),
        "NOT_AUTHORIZED",
    ),
    "Delivery.Confirm": (
        lambda known: delivery_pb2.ConfirmDeliveryRequest(
            conversion=known["conversion"], credited_minor=1, reference="r"
        ),
        "UNKNOWN_CONVERSION",
    ),
    "Delivery.Refuse": (
        lambda known: delivery_pb2.RefuseDeliveryRequest(
            conversion=known["conversion"], reason="test"
        ),
        "UNKNOWN_CONVERSION",
    ),
    "Exchange.Convert": (
        lambda known: exchange_pb2.ConvertRequest(quote=known["quote"]),
        "UNKNOWN_QUOTE",
    ),
    "Exchange.Quote": (
        lambda _: exchange_pb2.QuoteRequest(
            source=HOTEL, target=membership("card", "C1"), amount_minor=1
        ),
        "NOT_AUTHORIZED",
    ),
    "Exchange.AuthorizeDebit": (
        lambda _: exchange_pb2.AuthorizeDebitRequest(
            source=HOTEL, target=HOTEL, grantee="card", amount_minor=1, expires_at=SOON
        ),
        "NOT_AUTHORIZED",
    ),
    "Exchange.Block": (
        lambda _: exchange_pb2.BlockRequest(membership=HOTEL, blocked=True, reason="x"),
        "NOT_AUTHORIZED",
    ),
    "Members.Enrol": (lambda _: members_pb2.EnrolRequest(membership=HOTEL), "NO_AGREEMENT"),
    "Members.UpdateMembership": (
        lambda _: members_pb2.UpdateMembershipRequest(membership=HOTEL),
        "NOT_AUTHORIZED",
    ),
    "Members.CreateLinkCode": (
        lambda _: members_pb2.CreateLinkCodeRequest(membership=HOTEL, other=HOTEL),
        "NOT_AUTHORIZED",
    ),
    "Members.Link": (
        lambda _: members_pb2.LinkRequest(
            membership=HOTEL, other_programme="airline", code="A" * 10
        ),
        "NOT_AUTHORIZED",
    ),
    "Members.Unlink": (
        lambda _: members_pb2.UnlinkRequest(membership=HOTEL, other=membership("airline", "A1")),
        "NOT_AUTHORIZED",
    ),
    "Members.Invite": (lambda _: members_pb2.InviteRequest(membership=HOTEL), "NOT_AUTHORIZED"),
    "Members.GrantTier": (
        lambda _: members_pb2.GrantTierRequest(
            membership=HOTEL, tier="GOLD", way=members_pb2.TIER_WAY_PURCHASE
        ),
        "NOT_AUTHORIZED",
    ),
    "Members.Register": (
        lambda _: members_pb2.RegisterRequest(membership=HOTEL, rule="promotion"),
        "NOT_AUTHORIZED",
    ),
    "Members.Merge": (
        lambda _: members_pb2.MergeRequest(kept=HOTEL, merged=membership("hotel", "M1")),
        "NOT_AUTHORIZED",
    ),
    "Members.Unmerge": (
        lambda known: members_pb2.UnmergeRequest(merge=known["merge"]),
        "UNKNOWN_MERGE",
    ),
    "Members.Erase": (lambda _: members_pb2.EraseRequest(membership=HOTEL), "NOT_AUTHORIZED"),
    "Members.CarryOver": (
        lambda _: members_pb2.CarryOverRequest(programme="hotel", replaced="airline"),
        "NOT_AUTHORIZED",
    ),
    "Members.ListTiers": (
        lambda _: members_pb2.ListTiersRequest(membership=HOTEL),
        "NOT_AUTHORIZED",
    ),
    "Awards.Redeem": (
        lambda _: awards_pb2.RedeemRequest(membership=HOTEL, award="night"),
        "NOT_AUTHORIZED",
    ),
    "Awards.ListAwards": (
        lambda _: awards_pb2.ListAwardsRequest(membership=HOTEL),
        "NOT_AUTHORIZED",
    ),
    "Awards.ListVouchers": (
        lambda _: awards_pb2.ListVouchersRequest(membership=HOTEL),
        "NOT_AUTHORIZED",
    ),
    "Members.LookUp": (lambda _: members_pb2.LookUpRequest(membership=HOTEL), "UNKNOWN_MEMBERSHIP"),
    "Members.GetBalances": (
        lambda _: members_pb2.GetBalancesRequest(membership=HOTEL),
        "NOT_AUTHORIZED",
    ),
    "Members.ListActivity": (
        lambda _: members_pb2.ListActivityRequest(membership=HOTEL),
        "NOT_AUTHORIZED",
    ),
    "Partners.RevokeKey": (
        lambda _: partners_pb2.RevokeKeyRequest(keyid=key_id(public_bytes(private_key("hotel")))),
        "UNKNOWN_PROPOSAL",
    ),
    "Partners.ListKeyUse": (
        lambda _: partners_pb2.ListKeyUseRequest(keyid=key_id(public_bytes(private_key("hotel")))),
        "NOT_FOUND",
    ),
    "Liabilities.GetRollForward": (
        lambda _: liabilities_pb2.GetRollForwardRequest(programme="hotel"),
        "UNKNOWN_PROGRAMME",
    ),
    "Liabilities.GetOutstanding": (
        lambda _: liabilities_pb2.GetOutstandingRequest(programme="hotel"),
        "UNKNOWN_PROGRAMME",
    ),
    "Liabilities.EstimateBreakage": (
        lambda _: liabilities_pb2.EstimateBreakageRequest(programme="hotel"),
        "UNKNOWN_PROGRAMME",
    ),
    "Redemption.Authorize": (
        lambda _: redemption_pb2.AuthorizeRequest(
            membership=COINS, merchant="card", amount_minor=1, reference="x", authorization=1
        ),
        "BAD_AUTHORIZATION",
    ),
    "Redemption.Capture": (
        lambda known: redemption_pb2.CaptureRequest(hold=known["hold"]),
        "UNKNOWN_HOLD",
    ),
    "Redemption.Void": (
        lambda known: redemption_pb2.VoidRequest(hold=known["hold"]),
        "UNKNOWN_HOLD",
    ),
    "Redemption.Refund": (
        lambda known: redemption_pb2.RefundRequest(hold=known["hold"], amount_minor=1),
        "UNKNOWN_HOLD",
    ),
    "Receipts.GetReceipt": (
        lambda _: receipts_pb2.GetReceiptRequest(request_id="foreign"),
        "NOT_FOUND",
    ),
    "Settlement.GetStatement": (
        lambda _: settlement_pb2.GetStatementRequest(window=1, participant="hotel"),
        "NOT_FOUND",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_anothers_is_refused_like_what_is_not_there(
    wire: Wire, foreign: dict[str, int], name: str
) -> None:
    make, reason = FOREIGN[name]
    message = make(foreign)
    there = wire.send(wire.forge(name, message, sender="card"))
    for value in ("H1", "A1", "C1"):
        _replace(message, value, "nobody")
    if hasattr(message, "keyid"):
        message.keyid = "0" * 64
    for number in ("quote", "agreement", "merge", "hold", "conversion"):
        if hasattr(message, number):
            setattr(message, number, MANY)
    absent = wire.send(wire.forge(name, message, sender="card"))

    assert (there.reason, absent.reason) == (reason, reason)
    assert _neutral(there.message) == _neutral(absent.message)


def _replace(message: Message, value: str, by: str) -> None:
    for descriptor, part in message.ListFields():
        if descriptor.type == descriptor.TYPE_MESSAGE and not descriptor.is_repeated:
            _replace(part, value, by)
        elif part == value:
            setattr(message, descriptor.name, by)


def _neutral(text: str) -> str:
    return " ".join(
        word for word in text.split() if not any(c.isdigit() for c in word) and word != "nobody"
    )


def test_a_debit_needs_the_source_programmes_partner(day: Day) -> None:
    """A link lets the airline see and credit H1, never debit it."""
    source, target = ("hotel", "H1"), ("airline", "A1")

    with pytest.raises(Refused, match="NOT_AUTHORIZED"):
        day.quote(source, target, 1, sender="airline")
    with pytest.raises(Refused, match="NOT_AUTHORIZED"):
        day.client("airline").read(
            "Members.GetBalances",
            members_pb2.GetBalancesRequest(membership=HOTEL),
            members_pb2.Balances,
        )


def test_persons_act_for_the_operator(day: Day) -> None:
    """Two persons see the same; what one did, the other can take back."""
    for person, number in (("admin-one", "P1"), ("admin-only", "P2")):
        day.enrol("operator", number, sender=person)
    reported = item(
        "operator",
        "P1",
        activity_key("operator", "PROMOTION_DRAW", "1"),
        stated={("operator", "BASE"): 5},
    )
    day.accrue(reported, sender="admin-one")
    reverse = accrual_pb2.ReverseRequest(activity=reported.activity.key, reason="a mistake")

    answer = day.client("admin-only").write("Accrual.Reverse", reverse)

    assert [leg.points_minor for leg in answer.result_as(accrual_pb2.ReversalResult).legs] == [5]


READS: dict[str, Message] = {
    "Accrual.Simulate": accrual_pb2.SimulateRequest(accrual=item("no-programme", "1", ACTIVITY)),
    "Accrual.Claim": accrual_pb2.ClaimRequest(activity=ACTIVITY),
    "Agreements.ListAgreements": agreements_pb2.ListAgreementsRequest(),
    "Awards.ListAwards": awards_pb2.ListAwardsRequest(membership=NOWHERE),
    "Awards.ListVouchers": awards_pb2.ListVouchersRequest(membership=NOWHERE),
    "Delivery.ListConversions": delivery_pb2.ListConversionsRequest(membership=NOWHERE),
    "Breaks.ListBreaks": reconciliation_pb2.ListBreaksRequest(),
    "Log.GetCheckpoint": log_pb2.GetCheckpointRequest(),
    "Log.GetInclusionProofs": log_pb2.GetInclusionProofsRequest(tree_size=1, numbers=[0]),
    "Log.GetConsistencyProof": log_pb2.GetConsistencyProofRequest(from_size=1, to_size=2),
    "Liabilities.GetRollForward": liabilities_pb2.GetRollForwardRequest(programme="no-programme"),
    "Liabilities.GetOutstanding": liabilities_pb2.GetOutstandingRequest(programme="no-programme"),
    "Liabilities.EstimateBreakage": liabilities_pb2.EstimateBreakageRequest(
        programme="no-programme"
    ),
    "Liabilities.GetFloat": liabilities_pb2.GetFloatRequest(),
    "Members.ListTiers": members_pb2.ListTiersRequest(membership=NOWHERE),
    "Members.LookUp": members_pb2.LookUpRequest(membership=NOWHERE),
    "Members.GetBalances": members_pb2.GetBalancesRequest(membership=NOWHERE),
    "Members.ListActivity": members_pb2.ListActivityRequest(membership=NOWHERE),
    "Partners.GetDefinition": partners_pb2.GetDefinitionRequest(programme="no-programme"),
    "Partners.ListPartners": partners_pb2.ListPartnersRequest(),
    "Partners.ListKeys": partners_pb2.ListKeysRequest(),
    "Partners.ListKeyUse": partners_pb2.ListKeyUseRequest(keyid="0" * 64),
    "Payments.ListPayments": payments_pb2.ListPaymentsRequest(),
    "Payments.ListSettlements": payments_pb2.ListSettlementsRequest(),
    "Payments.GetSettlement": payments_pb2.GetSettlementRequest(settlement=MANY),
    "Payments.GetAging": payments_pb2.GetAgingRequest(),
    "Rates.ListRates": rates_pb2.ListRatesRequest(),
    "Rates.ListProposals": rates_pb2.ListProposalsRequest(),
    "Rates.WhatIf": rates_pb2.WhatIfRequest(proposal=MANY),
    "Reconciliation.ListReconciliations": reconciliation_pb2.ListReconciliationsRequest(),
    "Reconciliation.ListFindings": reconciliation_pb2.ListFindingsRequest(reconciliation=MANY),
    "Reconciliation.ListItems": reconciliation_pb2.ListItemsRequest(window=1),
    "Redemption.ListHolds": redemption_pb2.ListHoldsRequest(),
    "Receipts.GetReceipt": receipts_pb2.GetReceiptRequest(request_id="none"),
    "Settlement.ListWindows": settlement_pb2.ListWindowsRequest(),
    "Settlement.GetPositions": settlement_pb2.GetPositionsRequest(window=1),
    "Settlement.GetStatement": settlement_pb2.GetStatementRequest(window=1),
    "Feed.Follow": feed_pb2.FollowRequest(stop_at_end=True),
}


def test_the_table_has_every_read() -> None:
    reads = {m.short_name for m in METHODS.values() if m.kind is Kind.READ}

    assert set(READS) == reads


THEIR_READS = {
    "Accrual.Simulate": PARTNERS,
    "Rates.WhatIf": ADMINISTRATORS | RATES,
    "Liabilities.GetFloat": EVERYBODY - {"hotel"},
}
"""Reads of those alone who may do, or decide about, what they try out."""


@pytest.mark.parametrize("name", READS)
def test_everybody_may_ask_and_none_is_an_error(wire: Wire, name: str) -> None:
    for sender in (*EVERYBODY, "gateway"):
        if sender not in THEIR_READS.get(name, {sender}):
            verdict = wire.send(wire.forge(name, READS[name], sender=sender))
            assert verdict.reason == "NOT_AUTHORIZED", sender
            continue
        verdict = wire.send(wire.forge(name, READS[name], sender=sender))
        none = {OK, "UNKNOWN_PROGRAMME", "UNKNOWN_PROPOSAL", "NOT_FOUND"}
        assert verdict.reason in none, sender
        assert verdict.signed is None


def test_lists_show_what_concerns_their_reader(day: Day, foreign: dict[str, int]) -> None:
    def agreements(sender: str) -> set[int]:
        listed = day.client(sender).read(
            "Agreements.ListAgreements",
            agreements_pb2.ListAgreementsRequest(),
            agreements_pb2.AgreementList,
        )
        return {agreement.agreement for agreement in listed.agreements}

    def owners(sender: str) -> set[str]:
        keys = day.client(sender).read(
            "Partners.ListKeys", partners_pb2.ListKeysRequest(), partners_pb2.KeyList
        )
        return {key.owner for key in keys.keys}

    assert foreign["agreement"] in agreements("hotel") & agreements("airline") & agreements(
        "admin-only"
    )
    assert (agreements("card"), agreements("rates-only")) == (set(), {foreign["redeems"]})
    assert owners("card") == {"card", "gateway"}
    assert owners("rates-only") == {"rates-only", "gateway"}
    assert owners("admin-only") > {"card", "hotel", "rates-only", "gateway"}
