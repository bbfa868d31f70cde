"""From results of use cases to the messages in a receipt: one function per result."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    awards_pb2,
    common_pb2,
    exchange_pb2,
    members_pb2,
    partners_pb2,
)
from gateway.translation.delivery_results import conversion_message
from gateway.translation.payment_results import abort_message, payment_message
from gateway.translation.rate_results import proposal_message, stopped_message
from gateway.translation.reconciliation_results import RECONCILIATION_RESULTS
from gateway.translation.redemption_results import hold_message
from gateway.translation.values import amount, day_text, fraction, membership_ref, timestamp
from partners.deliveries import ConversionSeen
from partners.directory import Agreement, Directory, Key, Programme, ProgrammeVersion
from partners.exchange.proposals import RateRange
from partners.following import Returned
from partners.holding import HoldOf
from partners.postings import PricedLeg
from partners.programmes.forms import MoneyAmount
from partners.programmes.tiers import TierTerm
from partners.state import Membership, Voucher
from partners.usecases import (
    accrual,
    agreements,
    awards,
    blocks,
    erasure,
    exchange,
    links,
    lives,
    members,
    programmes,
    rates,
    reversal,
    tiers,
)
from settlement.ledger.dues import AbortProposal, Due


def ref_of(membership: Membership) -> common_pb2.MembershipRef:
    """A membership as others name it."""
    return membership_ref((membership.programme, membership.member_number))


def tier_term(term: TierTerm, number: int) -> members_pb2.TierTerm:
    """A tier with its time, and the number of the entry that says so; 0: not known."""
    return members_pb2.TierTerm(
        tier=term.tier,
        since=day_text(term.since),
        until=day_text(term.until),
        source=f"TIER_SOURCE_{term.source}",
        number=number,
    )


def membership_message(
    membership: Membership,
    linked: Iterable[Membership],
    known: Directory,
    term_number: int | None = None,
) -> members_pb2.Membership:
    """A membership, with those linked to it that its reader may see.

    With a `term_number`, 0 where it is not known, it is for the programme's own partner: also
    since when and how it has its tier, and what else is between that partner and the member.
    """
    own = term_number is not None
    return members_pb2.Membership(
        membership=ref_of(membership),
        member_id=membership.member_id,
        tier=membership.tier,
        choice=membership.choice,
        state=f"MEMBERSHIP_STATE_{membership.state}",
        linked=map(ref_of, linked),
        tier_term=None if term_number is None else tier_term(membership.term, term_number),
        chosen_programme=(membership.chosen_programme or "") if own else "",
        joined_on=day_text(membership.joined_on) if own else "",
        red_listed=membership.red_listed and own,
        merged_into=(membership.merged_into or 0) if own else 0,
        blocked=own and membership.key in known.blocks,
    )


def _updated(result: members.Updated, known: Directory) -> members_pb2.UpdateMembershipResult:
    """Only a programme's own partner changes memberships, so it is told of the tier's term."""
    return members_pb2.UpdateMembershipResult(
        membership=membership_message(result.membership, result.linked, known, 0)
    )


def _add_legs(
    message: accrual_pb2.AccrualResult | accrual_pb2.ReversalResult,
    legs: Iterable[PricedLeg],
    known: Directory,
) -> None:
    """Legs are added in place: a message that is handed over is copied, by way of its bytes."""
    for leg in legs:
        message.legs.add(
            programme=leg.membership.programme,
            currency=known.programmes[leg.membership.programme].currency or "",
            reason=leg.reason,
            points_minor=leg.points_minor,
            funder=leg.funder,
            price=fraction(leg.price),
            owed_minor=leg.owed_minor,
            fee_minor=leg.fee_minor,
            rule=leg.rule,
            terms=leg.terms,
            available_at=timestamp(leg.available_at),
            version=leg.version,
        )


def _accrued(result: accrual.Accrued, known: Directory) -> accrual_pb2.AccrualResult:
    message = accrual_pb2.AccrualResult(
        skipped=result.skipped,
        tiers=[tier_term(term, number) for term, number in result.terms],
        vouchers=result.vouchers,
        invitation=result.invitation or 0,
    )
    _add_legs(message, result.legs, known)
    return message


def simulated(result: accrual.Accrued, known: Directory) -> accrual_pb2.AccrualResult:
    """What an activity would earn, with how each leg comes about."""
    message = _accrued(result, known)
    for told, leg in zip(message.legs, result.legs, strict=True):
        told.because = leg.because
    return message


def _reversed(result: reversal.Reversed, known: Directory) -> accrual_pb2.ReversalResult:
    message = accrual_pb2.ReversalResult(
        reversed_number=result.reversed_number,
        reversed=fraction(result.reversed),
        tiers=[tier_term(term, number) for term, number in result.terms],
        followed=map(_followed, result.followed),
    )
    _add_legs(message, result.legs, known)
    return message


def _followed(returned: Returned) -> accrual_pb2.FollowedConversion:
    """Programmes and not members: one side is another partner's."""
    return accrual_pb2.FollowedConversion(
        conversion=returned.conversion,
        source_programme=returned.source[1],
        target_programme=returned.target[1],
        source_minor=returned.source_minor,
        target_minor=returned.target_minor,
    )


def _carried_over(result: lives.CarriedOver, _: Directory) -> members_pb2.CarryOverResult:
    return members_pb2.CarryOverResult(
        carried=result.carried,
        remaining=result.remaining,
        old_minor=result.old_minor,
        new_minor=result.new_minor,
    )


def voucher_message(voucher: Voucher, membership: Membership) -> awards_pb2.Voucher:
    """A voucher on the wire, with whose it is."""
    return awards_pb2.Voucher(
        voucher=voucher.number,
        membership=ref_of(membership),
        award=voucher.award,
        points_minor=voucher.points_minor,
        bought_minor=voucher.bought_minor,
        money=map(amount, voucher.money),
        state=f"VOUCHER_STATE_{voucher.state}",
        usable_until=day_text(voucher.usable_until),
        cancellable_until=day_text(voucher.cancellable_until),
    )


def _wound_down(result: programmes.WoundDown, _: Directory) -> partners_pb2.WindDownResult:
    return partners_pb2.WindDownResult(
        programme=result.programme,
        earns_until=timestamp(result.closing.earns_until),
        points_until=timestamp(result.closing.points_until),
    )


def _terms(result: exchange.Terms, _: Directory) -> exchange_pb2.ConversionTerms:
    quote, conversion = result.quote, result.conversion
    amounts, fee = quote.amounts, quote.amounts.money_fee
    return exchange_pb2.ConversionTerms(
        quote=quote.number,
        source=ref_of(result.source),
        target=ref_of(result.target),
        source_minor=amounts.source_minor,
        target_minor=amounts.target_minor,
        shared_minor=amounts.shared_minor,
        fee_minor=amounts.fee_minor,
        spread_minor=amounts.spread_minor,
        value_minor=amounts.value_minor,
        rounding_minor=amounts.rounding_minor,
        source_rate=quote.source_rate,
        target_rate=quote.target_rate,
        expires_at=timestamp(quote.expires_at),
        offer=quote.offer,
        bonuses=[
            exchange_pb2.BonusPart(
                funder=bonus.funder, target_minor=bonus.target_minor, value_minor=bonus.value_minor
            )
            for bonus in amounts.bonuses
        ],
        shortfall_minor=amounts.shortfall_minor,
        shortfall_funder=quote.shortfall_funder,
        money_fee=None if fee is None else amount(MoneyAmount(fee.currency, fee.minor)),
        money_fee_shared_minor=0 if fee is None else fee.shared_minor,
        remainder=fraction(amounts.remainder),
        steps=result.steps,
        conversion=0 if conversion is None else conversion.number,
        delivery_deadline=None if conversion is None else timestamp(conversion.deadline),
    )


def key_message(key: Key) -> partners_pb2.Key:
    """A key on the wire."""
    return partners_pb2.Key(
        keyid=key.keyid,
        owner=key.owner,
        ed25519=key.public,
        state=f"KEY_STATE_{key.state}",
        valid_from=timestamp(key.valid_from),
        valid_to=timestamp(key.valid_to),
        revoked_at=timestamp(key.revoked_at),
        compromised_since=timestamp(key.compromised_since),
    )


def _published(result: programmes.Published, known: Directory) -> partners_pb2.Programme:
    before = known.programmes.get(result.programme)
    closing = None if before is None else before.closing
    return partners_pb2.Programme(
        programme=result.programme,
        partner=result.partner,
        currency=result.currency,
        version=result.version,
        valid_from=timestamp(result.valid_from),
        definition_sha256=result.definition_sha256,
        exponent=result.exponent,
        earns_until=None if closing is None else timestamp(closing.earns_until),
        points_until=None if closing is None else timestamp(closing.points_until),
    )


def programme_message(programme: Programme, version: ProgrammeVersion) -> partners_pb2.Programme:
    """One version of a programme."""
    currency, closing = version.definition.currency, programme.closing
    return partners_pb2.Programme(
        programme=programme.programme_id,
        partner=programme.partner,
        currency=programme.currency or "",
        version=version.number,
        valid_from=timestamp(version.valid_from),
        definition_sha256=version.sha256,
        exponent=0 if currency is None else currency.exponent,
        earns_until=None if closing is None else timestamp(closing.earns_until),
        points_until=None if closing is None else timestamp(closing.points_until),
    )


def programme_messages(programme: Programme) -> list[partners_pb2.Programme]:
    """Every version of a programme."""
    return [programme_message(programme, version) for version in programme.versions]


def _range(allowed: RateRange | None) -> agreements_pb2.RateRange | None:
    if allowed is None:
        return None
    return agreements_pb2.RateRange(
        lowest=fraction(allowed.lowest), highest=fraction(allowed.highest)
    )


def agreement_message(agreement: Agreement, used_minor: int) -> agreements_pb2.Agreement:
    """An agreement on the wire."""
    terms = agreement.terms
    return agreements_pb2.Agreement(
        agreement=agreement.number,
        terms=agreements_pb2.AgreementTerms(
            programme=terms.programme,
            buyer=terms.buyer,
            price=fraction(terms.price),
            operator_fee=fraction(terms.operator_fee),
            cap_minor=terms.cap_minor,
            permissions=[f"PERMISSION_{permission}" for permission in sorted(terms.permissions)],
            valid_from=timestamp(terms.valid_from),
            valid_to=timestamp(terms.valid_to),
            reimbursement_price=fraction(terms.reimbursement_price),
            rate_in_range=_range(terms.rate_in_range),
            cost_out_range=_range(terms.cost_out_range),
        ),
        state=f"AGREEMENT_STATE_{agreement.state}",
        offered_by=agreement.offered_by,
        used_minor=used_minor,
    )


def _link_code(result: links.LinkCodeCreated, _: Directory) -> members_pb2.CreateLinkCodeResult:
    return members_pb2.CreateLinkCodeResult(
        code=result.code,
        expires_at=timestamp(result.expires_at),
    )


def _linked(result: links.Linked, _: Directory) -> members_pb2.LinkResult:
    return members_pb2.LinkResult(
        membership=membership_ref(result.membership),
        other=membership_ref(result.other),
    )


_RESULTS: Mapping[type, Callable[[Any, Directory], Message]] = {
    members.Enrolled: lambda r, _: members_pb2.EnrolResult(member_id=r.member_id),
    members.Updated: _updated,
    erasure.Erased: lambda r, _: members_pb2.EraseResult(member_ids=r.member_ids),
    tiers.Invited: lambda r, _: members_pb2.InviteResult(invitation=r.invitation),
    tiers.Registered: lambda r, _: members_pb2.RegisterResult(registration=r.registration),
    lives.MergeMade: lambda r, _: members_pb2.MergeResult(merge=r.merge, moved_minor=r.moved_minor),
    lives.CarriedOver: _carried_over,
    awards.VoucherOf: lambda r, _: voucher_message(r.voucher, r.membership),
    programmes.WoundDown: _wound_down,
    links.LinkCodeCreated: _link_code,
    links.Linked: _linked,
    accrual.Accrued: _accrued,
    reversal.Reversed: _reversed,
    exchange.Terms: _terms,
    exchange.Authorized: lambda r, _: exchange_pb2.AuthorizeDebitResult(
        authorization=r.authorization
    ),
    HoldOf: lambda r, _: hold_message(r),
    ConversionSeen: conversion_message,
    Due: payment_message,
    AbortProposal: abort_message,
    blocks.BlockAnswer: lambda r, _: exchange_pb2.BlockResult(number=r.number, blocked=r.blocked),
    Key: lambda r, _: key_message(r),
    programmes.Published: _published,
    rates.Proposed: lambda r, _: proposal_message(r),
    rates.Stopped: stopped_message,
    **RECONCILIATION_RESULTS,
    agreements.AgreementAnswer: lambda r, _: agreement_message(r.agreement, r.used_minor),
}


def result_message(result: object, known: Directory) -> Message:
    """The message that a receipt holds of a result."""
    return _RESULTS[type(result)](result, known)
