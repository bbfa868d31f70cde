"""Whose signatures a proposal needs before it takes effect: approvals, and partners' consents."""

from collections.abc import Iterator
from datetime import datetime

from partners.context import Context
from partners.directory import Agreement
from partners.exchange.proposals import Needs, Proposal, beyond_guard_rails
from partners.exchange.terms import Limits, PairTerms, RateTerms


def holds_limits(proposal: Proposal) -> bool:
    """Whether it says how much somebody may owe: then it is no partner's to see."""
    return any(isinstance(change.terms, Limits) for change in proposal.changes)


def needs_of(proposal: Proposal, context: Context) -> Needs:
    """What a proposal asks for, as things stand: approvals, consents, and why."""
    second = dict.fromkeys(beyond_guard_rails(proposal, context.directory.book, context.now))
    return Needs(tuple(second), dict(_consents(proposal, context)))


def _consents(proposal: Proposal, context: Context) -> Iterator[tuple[str, str]]:
    """Partners whose programmes' rates leave the range that their agreements allow."""
    for change in proposal.changes:
        begins = change.begins(context.now)
        if isinstance(change.terms, RateTerms):
            yield from _beyond_range(change.terms, begins, context)
        elif isinstance(change.terms, PairTerms):
            yield from _bound_by_pair(change.terms, begins, context)


def _beyond_range(
    terms: RateTerms, begins: datetime, context: Context
) -> Iterator[tuple[str, str]]:
    """The programme's partner, where its rate leaves the range that it agreed with the operator."""
    agreement = context.directory.agreement_in_force(terms.programme, context.operator, begins)
    before = context.directory.book.rate(terms.programme, begins)
    if agreement is None:
        return
    for name, allowed in (
        ("rate_in", agreement.terms.rate_in_range),
        ("cost_out", agreement.terms.cost_out_range),
    ):
        rate = getattr(terms, name)
        moved = before is None or getattr(before.terms, name) != rate
        if allowed is not None and moved and not allowed.allows(rate):
            yield agreement.issuer, _leaves(name, terms.programme, agreement)


def _leaves(name: str, programme: str, agreement: Agreement) -> str:
    return (
        f"the consent of {agreement.issuer}: {name} of {programme} leaves the range of agreement "
        f"{agreement.number}"
    )


def _bound_by_pair(
    terms: PairTerms, begins: datetime, context: Context
) -> Iterator[tuple[str, str]]:
    """Whoever would pay a bonus, a shortfall or a fee, and the target's partner for its price.

    What the same terms ask of them already needs nothing new; the operator proposed it.
    """
    version = context.directory.book.latest(PairTerms, terms.subject, begins)
    before = None if version is None else version.terms
    agreement = context.directory.agreement_in_force(terms.target, context.operator, begins)
    allowed = None if agreement is None else agreement.terms.cost_out_range
    moved = before is None or before.settlement_price != terms.settlement_price
    if agreement and allowed and moved and not allowed.allows(terms.settlement_price):
        yield agreement.issuer, _leaves("the settlement price", terms.target, agreement)
    asked: list[tuple[str, str]] = []
    if not _same_bonuses(before, terms):
        asked += [(step.funder, "a bonus") for step in terms.bonuses]
    if before is None or _shortfall(before) != _shortfall(terms):
        asked.append((terms.shortfall_funder, "a shortfall"))
    for funder, what in asked:
        if funder and funder != context.operator:
            yield (
                funder,
                f"the consent of {funder}: it would pay {what} of {terms.source} to {terms.target}",
            )


def _same_bonuses(before: PairTerms | None, terms: PairTerms) -> bool:
    """Whether bonuses cost what they cost before."""
    if before is None:
        return False
    same_price = before.settlement_price == terms.settlement_price
    return same_price and before.bonuses == terms.bonuses


def _shortfall(terms: PairTerms) -> tuple[object, ...]:
    """What a shortfall follows from, but for the source's rate; nothing where nobody bears it."""
    funder = terms.shortfall_funder
    return (funder, terms.ratio, terms.settlement_price) if funder else ()
