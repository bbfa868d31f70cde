"""What partners and administrators do, each decided by one pure function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from partners.changes import Change
from partners.context import Context, Decision
from partners.directory import Role
from partners.refusals import Refused
from partners.usecases import (
    aborts,
    accrual,
    agreements,
    awards,
    blocks,
    breaking,
    delivery,
    directory,
    erasure,
    exchange,
    links,
    lives,
    members,
    payments,
    programmes,
    rates,
    reconciling,
    redemption,
    reversal,
    tiers,
)

PARTNERS = frozenset({Role.PARTNER, Role.ADMINISTRATOR})
"""Companies, and the administrators who act for the operator."""

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
RATE_ADMINISTRATORS = frozenset({Role.RATE_ADMINISTRATOR})
SETTLEMENT_OPERATORS = frozenset({Role.SETTLEMENT_OPERATOR})
CLOSING = PARTNERS | SETTLEMENT_OPERATORS
"""Who acts for a participant in what follows a closing: payments, records, breaks."""


@dataclass(frozen=True, slots=True)
class UseCase:
    """How a kind of command is decided, and which roles may ask for it.

    On whose data is the function's business: each begins with it. `administrative` commands
    change the directory, so they are a batch by themselves. `note` is what a refusal leaves
    behind.
    """

    decide: Callable[[Any, Context], Decision]
    roles: frozenset[Role]
    administrative: bool = False
    note: Callable[[Any, Context, Refused], Change] | None = None


USE_CASES: Mapping[type, UseCase] = {
    members.Enrol: UseCase(members.enrol, PARTNERS),
    members.UpdateMembership: UseCase(members.update_membership, PARTNERS),
    tiers.Invite: UseCase(tiers.invite, PARTNERS),
    tiers.GrantTier: UseCase(tiers.grant_tier, PARTNERS),
    tiers.Register: UseCase(tiers.register, PARTNERS),
    lives.MergeMembers: UseCase(lives.merge, PARTNERS),
    lives.Unmerge: UseCase(lives.unmerge, PARTNERS),
    lives.CarryOver: UseCase(lives.carry_over, PARTNERS, administrative=True),
    erasure.Erase: UseCase(erasure.erase, PARTNERS, administrative=True),
    awards.Redeem: UseCase(awards.redeem, PARTNERS),
    awards.CancelVoucher: UseCase(awards.cancel_voucher, PARTNERS),
    awards.UseVoucher: UseCase(awards.use_voucher, PARTNERS),
    links.CreateLinkCode: UseCase(links.create_link_code, PARTNERS),
    links.Link: UseCase(links.link, PARTNERS),
    links.Unlink: UseCase(links.unlink, PARTNERS),
    accrual.Accrue: UseCase(accrual.accrue, PARTNERS, note=accrual.refused),
    reversal.Reverse: UseCase(reversal.reverse, PARTNERS),
    exchange.RequestQuote: UseCase(exchange.request_quote, PARTNERS),
    exchange.Convert: UseCase(exchange.execute, PARTNERS),
    exchange.AuthorizeDebit: UseCase(exchange.authorize_debit, PARTNERS),
    redemption.Authorize: UseCase(redemption.authorize, PARTNERS),
    redemption.Capture: UseCase(redemption.capture, PARTNERS),
    redemption.Void: UseCase(redemption.void, PARTNERS),
    redemption.Refund: UseCase(redemption.refund, PARTNERS),
    delivery.Confirm: UseCase(delivery.confirm, PARTNERS),
    delivery.Refuse: UseCase(delivery.refuse, PARTNERS),
    reconciling.Open: UseCase(reconciling.open_record, CLOSING),
    reconciling.AddRows: UseCase(reconciling.add_rows, CLOSING),
    reconciling.Conclude: UseCase(reconciling.conclude, CLOSING),
    breaking.Accept: UseCase(breaking.accept, CLOSING),
    breaking.Dispute: UseCase(breaking.dispute, CLOSING),
    breaking.Correct: UseCase(breaking.correct, CLOSING),
    breaking.Adjust: UseCase(breaking.adjust, CLOSING),
    breaking.WriteOff: UseCase(breaking.write_off, SETTLEMENT_OPERATORS),
    blocks.SetBlock: UseCase(blocks.set_block, PARTNERS, administrative=True),
    rates.Propose: UseCase(rates.propose, RATE_ADMINISTRATORS, administrative=True),
    rates.Approve: UseCase(rates.approve, RATE_ADMINISTRATORS, administrative=True),
    rates.Reject: UseCase(rates.reject, RATE_ADMINISTRATORS, administrative=True),
    rates.Withdraw: UseCase(rates.withdraw, RATE_ADMINISTRATORS, administrative=True),
    rates.StopPair: UseCase(rates.stop_pair, RATE_ADMINISTRATORS, administrative=True),
    rates.Consent: UseCase(rates.consent, PARTNERS, administrative=True),
    agreements.Offer: UseCase(agreements.offer, PARTNERS, administrative=True),
    agreements.Accept: UseCase(agreements.accept, PARTNERS, administrative=True),
    agreements.Suspend: UseCase(agreements.suspend, PARTNERS, administrative=True),
    directory.RegisterPartner: UseCase(
        directory.register_partner, ADMINISTRATORS, administrative=True
    ),
    directory.RegisterKey: UseCase(directory.register_key, frozenset(Role), administrative=True),
    directory.ApproveKey: UseCase(directory.approve_key, ADMINISTRATORS, administrative=True),
    directory.RevokeKey: UseCase(directory.revoke_key, frozenset(Role), administrative=True),
    programmes.PublishProgramme: UseCase(
        programmes.publish_programme, PARTNERS, administrative=True
    ),
    programmes.WindDown: UseCase(programmes.wind_down, PARTNERS, administrative=True),
    payments.MarkSent: UseCase(payments.mark_sent, CLOSING),
    payments.ConfirmPayment: UseCase(payments.confirm, CLOSING),
    payments.DisputePayment: UseCase(payments.dispute, CLOSING),
    aborts.ProposeAbort: UseCase(aborts.propose, SETTLEMENT_OPERATORS),
    aborts.ApproveAbort: UseCase(aborts.approve, SETTLEMENT_OPERATORS),
    aborts.WithdrawAbort: UseCase(aborts.withdraw, SETTLEMENT_OPERATORS),
}
"""The authorisation table of everything that changes something."""
