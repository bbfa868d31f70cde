"""A request of every method, made of references: whose things they are is the caller's choice."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

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
from support.coalition_day import NOON, activity_key, fraction, item, membership
from support.use_case_bench import definition

MANY = 10**15
"""A number that no entry of a test has."""

SOON = Timestamp(seconds=int((NOON + timedelta(hours=1)).timestamp()))

Pair = tuple[str, str]


@dataclass(frozen=True)
class Refs:
    """What a request can name. As it stands: nothing of it is there, but for `programme`."""

    membership: Pair = ("hotel", "nobody")
    sibling: Pair = ("hotel", "nobody-else")
    target: Pair = ("airline", "nobody")
    programme: str = "no-programme"
    activity: tuple[str, str, str] = ("hotel", "STAY", "never")
    agreement: int = MANY
    authorization: int = MANY
    quote: int = MANY
    hold: int = MANY
    conversion: int = MANY
    merge: int = MANY
    invitation: int = MANY
    voucher: int = MANY
    payment: tuple[int, str, str] = (1, "vault", "card")
    settlement: int = MANY
    window: int = MANY
    proposal: int = MANY
    abort: int = MANY
    reconciliation: int = MANY
    break_ref: Pair | tuple[int, int] = (MANY, 1)
    entry: int = MANY
    keyid: str = "0" * 64
    request_id: str = "none"
    participant: str = "nobody"


ABSENT = Refs()

_numbers = itertools.count()

Make = Callable[[Any], Message]


def _member(r: Any) -> Any:
    return membership(*r.membership)


def _target(r: Any) -> Any:
    return membership(*r.target)


def _payment(r: Any) -> payments_pb2.PaymentRef:
    settlement, payer, payee = r.payment
    return payments_pb2.PaymentRef(settlement=settlement, payer=payer, payee=payee)


def _break(r: Any) -> reconciliation_pb2.BreakRef:
    number, of = r.break_ref
    return reconciliation_pb2.BreakRef(break_number=number, item=of)


def _accrual(r: Any, request_id: str = "") -> accrual_pb2.AccrualItem:
    programme, number = r.membership
    return item(
        programme,
        number,
        activity_key(*r.activity),
        spend={("ROOM", "EUR"): 12_345},
        quantities={"NIGHT": 2},
        attributes={"property": "Garden"},
        request_id=request_id,
    )


def _rate(r: Any) -> rates_pb2.BookChange:
    terms = rates_pb2.RateTerms(programme=r.programme, rate_in=fraction(50), cost_out=fraction(60))
    return rates_pb2.BookChange(rate=terms)


_ROW = reconciliation_pb2.RecordRow(reference="r", date="2026-03-01", amount_minor=1)
_ADJUSTMENT = reconciliation_pb2.Adjustment(debtor="hotel", creditor="airline", amount_minor=1)

ACCRUALS: Mapping[str, Make] = {
    "Accrual.Accrue": lambda r: accrual_pb2.AccrueRequest(accrual=_accrual(r)),
    "Accrual.AccrueBatch": lambda r: accrual_pb2.AccrueBatchRequest(
        items=[_accrual(r, f"item-{next(_numbers)}").SerializeToString()]
    ),
    "Accrual.Simulate": lambda r: accrual_pb2.SimulateRequest(accrual=_accrual(r)),
    "Accrual.Claim": lambda r: accrual_pb2.ClaimRequest(activity=activity_key(*r.activity)),
    "Accrual.Reverse": lambda r: accrual_pb2.ReverseRequest(
        activity=activity_key(*r.activity), reason="test", part=fraction("1/2")
    ),
}

AGREEMENTS: Mapping[str, Make] = {
    "Agreements.Offer": lambda r: agreements_pb2.OfferRequest(
        terms=agreements_pb2.AgreementTerms(
            programme=r.programme, buyer="vault", price=fraction(120), cap_minor=10**9
        )
    ),
    "Agreements.Accept": lambda r: agreements_pb2.AcceptRequest(agreement=r.agreement),
    "Agreements.Suspend": lambda r: agreements_pb2.SuspendRequest(agreement=r.agreement),
    "Agreements.ListAgreements": lambda _: agreements_pb2.ListAgreementsRequest(),
}

AWARDS: Mapping[str, Make] = {
    "Awards.Redeem": lambda r: awards_pb2.RedeemRequest(membership=_member(r), award="night"),
    "Awards.CancelVoucher": lambda r: awards_pb2.CancelVoucherRequest(voucher=r.voucher),
    "Awards.UseVoucher": lambda r: awards_pb2.UseVoucherRequest(voucher=r.voucher),
    "Awards.ListAwards": lambda r: awards_pb2.ListAwardsRequest(membership=_member(r)),
    "Awards.ListVouchers": lambda r: awards_pb2.ListVouchersRequest(membership=_member(r)),
}

CONVERSIONS: Mapping[str, Make] = {
    "Exchange.Quote": lambda r: exchange_pb2.QuoteRequest(
        source=_member(r), target=_target(r), amount_minor=10
    ),
    "Exchange.Convert": lambda r: exchange_pb2.ConvertRequest(quote=r.quote),
    "Exchange.AuthorizeDebit": lambda r: exchange_pb2.AuthorizeDebitRequest(
        source=_member(r), target=_target(r), grantee="vault", amount_minor=1, expires_at=SOON
    ),
    "Exchange.Block": lambda r: exchange_pb2.BlockRequest(
        membership=_member(r), blocked=False, reason="test"
    ),
    "Delivery.Confirm": lambda r: delivery_pb2.ConfirmDeliveryRequest(
        conversion=r.conversion, credited_minor=1, reference="r"
    ),
    "Delivery.Refuse": lambda r: delivery_pb2.RefuseDeliveryRequest(
        conversion=r.conversion, reason="test"
    ),
    "Delivery.ListConversions": lambda r: delivery_pb2.ListConversionsRequest(
        membership=_member(r)
    ),
    "Redemption.Authorize": lambda r: redemption_pb2.AuthorizeRequest(
        membership=_member(r), merchant="card", amount_minor=1, reference="x"
    ),
    "Redemption.Capture": lambda r: redemption_pb2.CaptureRequest(hold=r.hold, amount_minor=1),
    "Redemption.Void": lambda r: redemption_pb2.VoidRequest(hold=r.hold),
    "Redemption.Refund": lambda r: redemption_pb2.RefundRequest(hold=r.hold, amount_minor=1),
    "Redemption.ListHolds": lambda _: redemption_pb2.ListHoldsRequest(),
}

MEMBERS: Mapping[str, Make] = {
    "Members.Enrol": lambda r: members_pb2.EnrolRequest(
        membership=_member(r), same_member_as=membership(*r.sibling)
    ),
    "Members.UpdateMembership": lambda r: members_pb2.UpdateMembershipRequest(
        membership=_member(r)
    ),
    "Members.Erase": lambda r: members_pb2.EraseRequest(membership=_member(r)),
    "Members.Invite": lambda r: members_pb2.InviteRequest(membership=_member(r)),
    "Members.GrantTier": lambda r: members_pb2.GrantTierRequest(
        membership=_member(r),
        tier="GOLD",
        way=members_pb2.TIER_WAY_INVITATION,
        invitation=r.invitation,
    ),
    "Members.Register": lambda r: members_pb2.RegisterRequest(
        membership=_member(r), rule="promotion"
    ),
    "Members.Merge": lambda r: members_pb2.MergeRequest(
        kept=_member(r), merged=membership(*r.sibling)
    ),
    "Members.Unmerge": lambda r: members_pb2.UnmergeRequest(merge=r.merge),
    "Members.CarryOver": lambda r: members_pb2.CarryOverRequest(
        programme=r.programme, replaced="airline"
    ),
    "Members.CreateLinkCode": lambda r: members_pb2.CreateLinkCodeRequest(
        membership=_member(r), other=_target(r)
    ),
    "Members.Link": lambda r: members_pb2.LinkRequest(
        membership=_member(r), other_programme=r.target[0], code="A" * 10
    ),
    "Members.Unlink": lambda r: members_pb2.UnlinkRequest(membership=_member(r), other=_target(r)),
    "Members.LookUp": lambda r: members_pb2.LookUpRequest(membership=_member(r)),
    "Members.GetBalances": lambda r: members_pb2.GetBalancesRequest(membership=_member(r)),
    "Members.ListActivity": lambda r: members_pb2.ListActivityRequest(membership=_member(r)),
    "Members.ListTiers": lambda r: members_pb2.ListTiersRequest(membership=_member(r)),
}

PARTNERS: Mapping[str, Make] = {
    "Partners.RegisterPartner": lambda r: partners_pb2.RegisterPartnerRequest(
        partner=r.participant, kind=partners_pb2.PARTNER_KIND_OTHER, name="x"
    ),
    "Partners.RegisterKey": lambda _: partners_pb2.RegisterKeyRequest(),
    "Partners.ApproveKey": lambda r: partners_pb2.ApproveKeyRequest(keyid=r.keyid),
    "Partners.RevokeKey": lambda r: partners_pb2.RevokeKeyRequest(keyid=r.keyid),
    "Partners.PublishProgramme": lambda r: partners_pb2.PublishProgrammeRequest(
        definition=definition(r.programme, "NEW-POINTS").encode()
    ),
    "Partners.WindDown": lambda r: partners_pb2.WindDownRequest(
        programme=r.programme, earns_until=SOON, points_until=SOON
    ),
    "Partners.ListPartners": lambda _: partners_pb2.ListPartnersRequest(),
    "Partners.ListKeys": lambda _: partners_pb2.ListKeysRequest(),
    "Partners.ListKeyUse": lambda r: partners_pb2.ListKeyUseRequest(keyid=r.keyid),
    "Partners.GetDefinition": lambda r: partners_pb2.GetDefinitionRequest(programme=r.programme),
    "Receipts.GetReceipt": lambda r: receipts_pb2.GetReceiptRequest(request_id=r.request_id),
}

RATES: Mapping[str, Make] = {
    "Rates.Propose": lambda r: rates_pb2.ProposeRequest(changes=[_rate(r)], reason="test"),
    "Rates.Approve": lambda r: rates_pb2.ApproveRequest(proposal=r.proposal),
    "Rates.Reject": lambda r: rates_pb2.RejectRequest(proposal=r.proposal, reason="test"),
    "Rates.Withdraw": lambda r: rates_pb2.WithdrawRequest(proposal=r.proposal, reason="test"),
    "Rates.Consent": lambda r: rates_pb2.ConsentRequest(proposal=r.proposal),
    "Rates.StopPair": lambda r: rates_pb2.StopPairRequest(
        source=r.programme, target="airline", reason="test"
    ),
    "Rates.ListRates": lambda r: rates_pb2.ListRatesRequest(programme=r.programme),
    "Rates.ListProposals": lambda _: rates_pb2.ListProposalsRequest(),
    "Rates.WhatIf": lambda r: rates_pb2.WhatIfRequest(proposal=r.proposal),
}

CLOSINGS: Mapping[str, Make] = {
    "Payments.MarkSent": lambda r: payments_pb2.MarkSentRequest(
        payment=_payment(r), reference="r", value_date="2026-03-02"
    ),
    "Payments.Confirm": lambda r: payments_pb2.ConfirmPaymentRequest(
        payment=_payment(r), amount_minor=1, reference="r"
    ),
    "Payments.Dispute": lambda r: payments_pb2.DisputePaymentRequest(
        payment=_payment(r), reason="test"
    ),
    "Payments.ProposeAbort": lambda r: payments_pb2.ProposeAbortRequest(
        settlement=r.settlement, reason="test"
    ),
    "Payments.ApproveAbort": lambda r: payments_pb2.ApproveAbortRequest(
        settlement=r.settlement, proposal=r.abort
    ),
    "Payments.WithdrawAbort": lambda r: payments_pb2.WithdrawAbortRequest(
        settlement=r.settlement, proposal=r.abort, reason="test"
    ),
    "Payments.ListPayments": lambda r: payments_pb2.ListPaymentsRequest(settlement=r.settlement),
    "Payments.ListSettlements": lambda _: payments_pb2.ListSettlementsRequest(),
    "Payments.GetSettlement": lambda r: payments_pb2.GetSettlementRequest(settlement=r.settlement),
    "Payments.GetAging": lambda _: payments_pb2.GetAgingRequest(),
    "Settlement.ListWindows": lambda _: settlement_pb2.ListWindowsRequest(),
    "Settlement.GetPositions": lambda r: settlement_pb2.GetPositionsRequest(window=r.window),
    "Settlement.GetStatement": lambda r: settlement_pb2.GetStatementRequest(
        window=r.window, participant=r.participant
    ),
    "Liabilities.GetRollForward": lambda r: liabilities_pb2.GetRollForwardRequest(
        programme=r.programme
    ),
    "Liabilities.GetOutstanding": lambda r: liabilities_pb2.GetOutstandingRequest(
        programme=r.programme
    ),
    "Liabilities.EstimateBreakage": lambda r: liabilities_pb2.EstimateBreakageRequest(
        programme=r.programme
    ),
    "Liabilities.GetFloat": lambda r: liabilities_pb2.GetFloatRequest(first_window=r.window),
}

RECORDS: Mapping[str, Make] = {
    "Reconciliation.Open": lambda r: reconciliation_pb2.OpenReconciliationRequest(
        window=r.window, file_sha256=b"f" * 32, rows=1, total_minor=1
    ),
    "Reconciliation.AddRows": lambda r: reconciliation_pb2.AddRowsRequest(
        reconciliation=r.reconciliation, chunk=1, rows=[_ROW]
    ),
    "Reconciliation.Conclude": lambda r: reconciliation_pb2.ConcludeRequest(
        reconciliation=r.reconciliation
    ),
    "Reconciliation.ListReconciliations": lambda _: reconciliation_pb2.ListReconciliationsRequest(),
    "Reconciliation.ListFindings": lambda r: reconciliation_pb2.ListFindingsRequest(
        reconciliation=r.reconciliation
    ),
    "Reconciliation.ListItems": lambda r: reconciliation_pb2.ListItemsRequest(window=r.window),
    "Breaks.Accept": lambda r: reconciliation_pb2.AcceptBreakRequest(
        break_ref=_break(r), words="x"
    ),
    "Breaks.Dispute": lambda r: reconciliation_pb2.DisputeBreakRequest(
        break_ref=_break(r), words="x"
    ),
    "Breaks.Correct": lambda r: reconciliation_pb2.CorrectBreakRequest(
        break_ref=_break(r), entry=r.entry, words="x"
    ),
    "Breaks.Adjust": lambda r: reconciliation_pb2.AdjustBreakRequest(
        break_ref=_break(r), words="x", adjustment=_ADJUSTMENT
    ),
    "Breaks.WriteOff": lambda r: reconciliation_pb2.WriteOffBreakRequest(
        break_ref=_break(r), words="x"
    ),
    "Breaks.ListBreaks": lambda r: reconciliation_pb2.ListBreaksRequest(window=r.window),
}

OTHERS: Mapping[str, Make] = {
    "Feed.Follow": lambda _: feed_pb2.FollowRequest(stop_at_end=True),
    "Log.GetCheckpoint": lambda _: log_pb2.GetCheckpointRequest(),
    "Log.GetInclusionProofs": lambda r: log_pb2.GetInclusionProofsRequest(
        tree_size=2, numbers=[min(r.entry, 1)]
    ),
    "Log.GetConsistencyProof": lambda _: log_pb2.GetConsistencyProofRequest(from_size=1, to_size=2),
}

REQUESTS: Mapping[str, Make] = {
    **ACCRUALS,
    **AGREEMENTS,
    **AWARDS,
    **CONVERSIONS,
    **MEMBERS,
    **PARTNERS,
    **RATES,
    **CLOSINGS,
    **RECORDS,
    **OTHERS,
}


class _Noting:
    """Refs that note what was asked of them."""

    def __init__(self, refs: Refs) -> None:
        self.refs = refs
        self.named: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.named.append(name)
        return getattr(self.refs, name)


def named_in(method: str) -> tuple[str, ...]:
    """The references that a method's request holds, by their name in Refs."""
    noting = _Noting(ABSENT)
    REQUESTS[method](noting)
    return tuple(dict.fromkeys(noting.named))
