"""Who pays for the points that an activity earns: agreements, prices, caps."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from partners.agreements.pricing import LegPrice, price_leg
from partners.context import Context
from partners.directory import Agreement, Permission, ProgrammeVersion
from partners.earned import STATED, Credit
from partners.member_changes import AgreementUsed
from partners.postings import PricedLeg
from partners.programmes.earning import EarnedLeg
from partners.refusals import Reason, Refused
from settlement.ledger.amounts import AmountOverflow


def priced(
    credits_: Iterable[Credit], version: ProgrammeVersion, context: Context
) -> Iterator[PricedLeg]:
    """Legs with funder and price. Whoever reports funds what no rule lets another fund."""
    used: dict[int, int] = {}
    author = context.programme(version.definition.programme).partner
    for credit in credits_:
        leg = credit.leg
        funder = leg.funder or context.participant
        issuer = context.programme(leg.programme).partner
        agreement = _agreement(leg, funder, issuer, author, context)
        if agreement is not None:
            _require_cap(agreement, leg, context, used)
        paid = agreement if funder != issuer else None
        owed = _price(leg, paid)
        yield PricedLeg(
            membership=credit.membership,
            reason=leg.reason,
            points_minor=leg.points_minor,
            rule=leg.rule,
            funder=funder,
            price=paid.terms.price if paid else None,
            owed_minor=owed.owed_minor,
            fee_minor=owed.fee_minor,
            terms=version.number if agreement is None else agreement.number,
            available_at=leg.available_at,
            because=leg.because,
            version=0 if leg.rule == STATED else version.number,
        )


def told(leg: PricedLeg, context: Context) -> PricedLeg:
    """A leg as the sender may see it: what two others agreed on is not its business."""
    me = context.participant
    if me in (leg.funder, context.programme(leg.membership.programme).partner):
        return leg
    return replace(leg, price=None, owed_minor=0, fee_minor=0, terms=0)


_NOTHING_OWED = LegPrice(0, 0)


def _price(leg: EarnedLeg, agreement: Agreement | None) -> LegPrice:
    if agreement is None:
        return _NOTHING_OWED
    try:
        return price_leg(leg.points_minor, agreement.terms.price, agreement.terms.operator_fee)
    except AmountOverflow as error:
        raise Refused(Reason.OVERFLOW, str(error)) from error


def _agreement(
    leg: EarnedLeg, funder: str, issuer: str, author: str, context: Context
) -> Agreement | None:
    """The agreement under which a leg is given, with its cap; None for the issuer's own.

    Giving another's points takes leave of their issuer, and paying for them the funder's. That
    the issuer bears what `author`, whose rule it is, has given away takes the issuer's; and that
    a third pays for what `author` thought of takes that third's, by an agreement of those two.
    """
    me = context.participant
    giving = Permission.STATE_POINTS if leg.rule == STATED else Permission.DOUBLE_DIP
    found = None
    if issuer != me:
        found = _permitting(leg.programme, me, giving, context)
    if funder == me or funder == issuer == author:
        return found
    buyer = author if funder == issuer else funder
    if funder != issuer and author not in {issuer, funder}:
        _require_third(author, funder, context)
    return _permitting(leg.programme, buyer, Permission.FUND_PROMOTIONS, context)


def _require_third(author: str, funder: str, context: Context) -> None:
    """Refuse a funder that has not signed, for any points of `author`, to fund promotions."""
    programmes = [p for p in context.directory.programmes.values() if p.partner == author]
    funds = Permission.FUND_PROMOTIONS
    permits = context.directory.permits
    if not any(permits(p.programme_id, funder, funds, context.now) for p in programmes):
        raise Refused(
            Reason.NO_AGREEMENT,
            f"no agreement in force between {author} and {funder} lets rules of {author} name "
            f"{funder} as funder",
            {"funder": funder, "permission": funds},
        )


def _permitting(programme: str, buyer: str, permission: Permission, context: Context) -> Agreement:
    agreement = context.directory.agreement_in_force(programme, buyer, context.now)
    if agreement is None or permission not in agreement.terms.permissions:
        does = "pay for" if permission is Permission.FUND_PROMOTIONS else "give"
        own = agreement is not None and buyer == context.participant
        but = f"; agreement {agreement.number} does not say so" if agreement and own else ""
        raise Refused(
            Reason.NO_AGREEMENT,
            f"no agreement in force lets {buyer} {does} points of {programme} by {permission}{but}",
            {"programme": programme, "permission": permission},
        )
    return agreement


def _require_cap(
    agreement: Agreement, leg: EarnedLeg, context: Context, used: dict[int, int]
) -> None:
    """Earlier legs of the same activity count as well, before they are booked."""
    number = agreement.number
    used[number] = used.get(number, 0) + leg.points_minor
    after = context.state.usage.get(number, 0) + used[number]
    if after > agreement.terms.cap_minor:
        raise Refused(
            Reason.CAP_EXCEEDED,
            f"agreement {number} allows {agreement.terms.cap_minor} points in all; this would "
            f"make it {after}",
            {"agreement": str(number), "cap": str(agreement.terms.cap_minor)},
        )


def used_under_agreements(
    legs: Iterable[PricedLeg], context: Context, sign: int = 1
) -> Iterator[AgreementUsed]:
    """What legs add to their agreements' usage or, with sign -1, give back to it."""
    for leg in legs:
        if leg.terms in context.directory.agreements:
            yield AgreementUsed(leg.terms, sign * leg.points_minor)
