"""Use cases of agreements: offer, accept, suspend."""

from dataclasses import dataclass, replace

from partners.context import Context, Decision
from partners.directory import Agreement, AgreementState, AgreementTerms, Permission
from partners.directory_changes import AgreementChanged, AgreementOffered
from partners.exchange.proposals import RateRange
from partners.refusals import Reason, Refused, invalid
from partners.usecases.directory import WithoutMembers
from settlement.ledger.entries import price_text, timestamp


@dataclass(frozen=True, slots=True)
class Offer(WithoutMembers):
    """Offer terms to the other party."""

    terms: AgreementTerms


@dataclass(frozen=True, slots=True)
class AgreementAnswer:
    """An agreement with what is used of its cap."""

    agreement: Agreement
    used_minor: int


def offer(command: Offer, context: Context) -> Decision:
    """By either party. It binds nobody until the other accepts."""
    terms = command.terms
    issuer = context.programme(terms.programme).partner
    if context.participant not in {issuer, terms.buyer}:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            f"{context.participant} is neither the issuer {issuer} nor the buyer {terms.buyer}",
        )
    if issuer == terms.buyer:
        raise invalid("terms.buyer", "is the issuer; nobody buys their own points")
    if context.directory.participant(terms.buyer) is None:
        raise Refused(
            Reason.UNKNOWN_PARTICIPANT,
            f"there is no participant {terms.buyer}",
            {"buyer": terms.buyer},
        )
    _require_not_retroactive(terms, context)
    _require_fitting(terms, context)
    agreement = Agreement(
        number=context.number,
        issuer=issuer,
        terms=terms,
        offered_by=context.participant,
        state=AgreementState.OFFERED,
        accepted_number=None,
    )
    return _decision(agreement, AgreementOffered(agreement), context)


def _require_fitting(terms: AgreementTerms, context: Context) -> None:
    """Ranges of rates are agreed with the operator, spending is of the shared currency."""
    ranged = terms.rate_in_range is not None or terms.cost_out_range is not None
    if ranged and terms.buyer != context.operator:
        raise invalid("terms.buyer", "is not the operator, with whom ranges of rates are agreed")
    spends = Permission.REDEEM in terms.permissions or terms.reimbursement_price
    shared = context.directory.coalition.currency
    if spends and context.programme(terms.programme).currency != shared:
        raise invalid("terms.programme", "is not the shared currency's, and only that is spent")


def _require_not_retroactive(terms: AgreementTerms, context: Context) -> None:
    begins = terms.valid_from
    if begins is not None and begins < context.now:
        raise Refused(
            Reason.RETROACTIVE,
            f"terms begin now or later, not at {timestamp(begins)}; leave valid_from out for now",
            {"now": timestamp(context.now)},
        )
    if terms.valid_to is not None and terms.valid_to <= (begins or context.now):
        raise invalid("terms.valid_to", "is not after the terms begin")


@dataclass(frozen=True, slots=True)
class Accept(WithoutMembers):
    """Sign the other party's offer."""

    agreement: int


def accept(command: Accept, context: Context) -> Decision:
    """By the party that did not offer. From then on it takes the place of an earlier one."""
    agreement = _of_sender(command.agreement, context)
    if agreement.state is not AgreementState.OFFERED:
        raise _wrong_state(agreement, "only an offer is accepted")
    if agreement.offered_by == context.participant:
        raise Refused(
            Reason.SAME_PERSON,
            f"{context.participant} offered these terms; the other party accepts them",
            {"agreement": str(agreement.number)},
        )
    accepted = replace(
        agreement,
        state=AgreementState.ACCEPTED,
        accepted_number=context.number,
    )
    return _decision(accepted, AgreementChanged(accepted), context)


@dataclass(frozen=True, slots=True)
class Suspend(WithoutMembers):
    """Suspend or resume."""

    agreement: int
    suspended: bool


def suspend(command: Suspend, context: Context) -> Decision:
    """By the issuer, at once."""
    agreement = _of_sender(command.agreement, context)
    if agreement.issuer != context.participant:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            f"only the issuer {agreement.issuer} suspends or resumes an agreement",
            {"agreement": str(agreement.number)},
        )
    before, after = AgreementState.ACCEPTED, AgreementState.SUSPENDED
    if not command.suspended:
        before, after = after, before
    if agreement.state is not before:
        raise _wrong_state(agreement, f"it would have to be {before}")
    changed = replace(agreement, state=after)
    return _decision(changed, AgreementChanged(changed), context)


def _of_sender(number: int, context: Context) -> Agreement:
    agreement = context.directory.agreements.get(number)
    if agreement is None or context.participant not in {agreement.issuer, agreement.terms.buyer}:
        raise Refused(
            Reason.UNKNOWN_AGREEMENT,
            f"there is no agreement {number} of yours",
            {"agreement": str(number)},
        )
    return agreement


def _wrong_state(agreement: Agreement, wanted: str) -> Refused:
    return Refused(
        Reason.AGREEMENT_STATE,
        f"agreement {agreement.number} is {agreement.state}; {wanted}",
        {"agreement": str(agreement.number), "state": agreement.state},
    )


def _decision(
    agreement: Agreement,
    change: AgreementOffered | AgreementChanged,
    context: Context,
) -> Decision:
    terms = agreement.terms
    return Decision(
        kind="AGREEMENT",
        facts={
            "agreement": str(agreement.number),
            "state": str(agreement.state),
            "programme": terms.programme,
            "issuer": agreement.issuer,
            "buyer": terms.buyer,
            "price": price_text(terms.price),
            "operator_fee": price_text(terms.operator_fee),
            "cap": str(terms.cap_minor),
            "permissions": sorted(terms.permissions),
            "valid_from": None if terms.valid_from is None else timestamp(terms.valid_from),
            "valid_to": None if terms.valid_to is None else timestamp(terms.valid_to),
            "reimbursement_price": price_text(terms.reimbursement_price),
            "rate_in_range": _range_facts(terms.rate_in_range),
            "cost_out_range": _range_facts(terms.cost_out_range),
        },
        result=AgreementAnswer(agreement, context.state.usage.get(agreement.number, 0)),
        facts_parties=frozenset({agreement.issuer, terms.buyer, context.operator}),
        changes=(change,),
        business=False,
        directory=True,
    )


def _range_facts(allowed: RateRange | None) -> list[str] | None:
    return None if allowed is None else [price_text(allowed.lowest), price_text(allowed.highest)]
