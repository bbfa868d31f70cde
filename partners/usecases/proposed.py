"""Whether terms that are proposed name what is there: programmes, participants, moneys, stops."""

from collections.abc import Iterable

from partners.context import Context
from partners.directory import Role
from partners.exchange.proposals import Change
from partners.exchange.terms import (
    LONGEST_FRACTION,
    GuardRails,
    Limits,
    MoneyValue,
    PairTerms,
    RateTerms,
    Resumption,
    Safeguards,
    Terms,
    too_fine,
)
from partners.programmes.money import UnknownMoney, exponent_of
from partners.refusals import Reason, Refused, invalid

PERSONS_FOR_GUARD_RAILS = 3
"""Fewer could never approve what leaves them, not even that they are lifted."""


def require_fitting(terms: Terms, field: str, together: Iterable[Change], context: Context) -> None:
    """Refuse terms that name what is not there. `together` are all changes of the proposal."""
    fine = too_fine(terms)
    if fine is not None:
        raise invalid(f"{field}.{fine}", f"is finer than 1/{LONGEST_FRACTION}")
    match terms:
        case RateTerms():
            _require_rate(terms, field, context)
        case PairTerms():
            _require_pair(terms, field, together, context)
        case MoneyValue():
            _require_money(terms.currency, f"{field}.money_value.currency")
        case Limits():
            _require_participant(terms.participant, context)
        case Safeguards():
            if terms.programme:
                context.require_points(terms.programme)
        case Resumption():
            _require_stopped(terms, field, context)
        case GuardRails():
            _require_enough_persons(terms, field, context)


def _require_rate(terms: RateTerms, field: str, context: Context) -> None:
    programme = context.require_points(terms.programme)
    of_shared = programme.currency == context.directory.coalition.currency
    if of_shared and (terms.rate_in != 1 or terms.cost_out != 1):
        raise invalid(
            f"{field}.rate.rate_in", "of the shared currency is 1, and so is its cost_out"
        )


def _require_pair(
    terms: PairTerms, field: str, together: Iterable[Change], context: Context
) -> None:
    for programme in (terms.source, terms.target):
        context.require_points(programme)
    shared = context.directory.coalition.currency
    into_shared = context.programme(terms.target).currency == shared
    if into_shared and terms.settlement_price != 1:
        raise invalid(f"{field}.pair.settlement_price", "of the shared currency is 1")
    funders = {step.funder for step in terms.bonuses} | {terms.shortfall_funder}
    for funder in sorted(funders - {""}):
        _require_participant(funder, context)
    if terms.fee is not None:
        _require_money(terms.fee.currency, f"{field}.pair.fee.currency")
        _require_valued(terms.fee.currency, field, together, context)


def _require_participant(participant: str, context: Context) -> None:
    if context.directory.participant(participant) is None:
        raise Refused(
            Reason.UNKNOWN_PARTICIPANT,
            f"there is no participant {participant}",
            {"participant": participant},
        )


def _require_money(currency: str, field: str) -> None:
    try:
        exponent_of(currency)
    except UnknownMoney as error:
        raise invalid(field, str(error)) from error


def _require_valued(
    currency: str, field: str, together: Iterable[Change], context: Context
) -> None:
    """A fee in money is owed in the shared currency, so that needs a value in it."""
    added = (change.terms for change in together)
    known = (version.terms for version in context.directory.book.standing_versions)
    if not any(isinstance(t, MoneyValue) and t.currency == currency for t in (*added, *known)):
        raise Refused(
            Reason.NO_RATE,
            f"{field}: the shared currency has no value in {currency}; propose one too, or first",
            {"currency": currency},
        )


def _require_enough_persons(terms: GuardRails, field: str, context: Context) -> None:
    """One proposes and two approve what leaves the guard rails: with two persons none could."""
    principals = context.directory.principals.values()
    persons = sum(Role.RATE_ADMINISTRATOR in principal.roles for principal in principals)
    if persons < PERSONS_FOR_GUARD_RAILS and terms != GuardRails(None, 0):
        raise invalid(
            f"{field}.guard_rails",
            f"need {PERSONS_FOR_GUARD_RAILS} rate administrators, one to propose and two to "
            f"approve; there are {persons}",
        )


def _require_stopped(terms: Resumption, field: str, context: Context) -> None:
    if not context.directory.book.is_stopped((terms.source, terms.target), context.now):
        raise invalid(
            f"{field}.resumption", f"is of {terms.source} to {terms.target}, which is not stopped"
        )
