"""Published conversions as a rate book without a gateway, and what it gives at an instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.rate_files.conversions import Conversions
from gateway.rate_files.rows import Row
from partners.exchange.arithmetic import ConversionAmounts, ConvertsToNothing, convert_by_pair
from partners.exchange.book import RateBook, Version
from partners.exchange.explaining import Unit, Units, explain
from partners.exchange.proposals import Proposal, ProposalState
from partners.exchange.terms import PairTerms
from partners.programmes.money import decimal
from settlement.ledger.amounts import AmountOverflow


@dataclass(frozen=True, slots=True)
class Replayed:
    """A book in which every row was approved before the first of them begins."""

    book: RateBook
    since: datetime
    rows: Mapping[int, Row]
    """By the number of their version."""


def replayed(conversions: Conversions) -> Replayed:
    """The book that conversions come to. There is at least one row."""
    since = min(row.begins for row in conversions.rows) - timedelta(days=1)
    changes = tuple(change for change, _ in conversions.changes)
    proposal = Proposal(1, changes, ProposalState.APPROVED, "", "")
    versions = proposal.versions(1, since)
    rows = {
        version.number: row
        for version, (_, row) in zip(versions, conversions.changes, strict=True)
        if row is not None
    }
    return Replayed(RateBook().with_versions(versions), since, rows)


@dataclass(frozen=True, slots=True)
class Given:
    """What a row gives for an amount, and how."""

    row: Row
    offer: str
    amounts: ConversionAmounts
    steps: tuple[str, ...]


class NothingGiven(LookupError):
    """Why nothing is converted, in words."""


def given(
    conversions: Conversions,
    pair: tuple[str, str],
    amount_minor: int,
    at: datetime,
) -> Given:
    """What the member gets at an instant, by the terms that give most; `pair` by ids.

    Raises NothingGiven.
    """
    names = {programme: name for name, programme in conversions.ids.items()}
    made = replayed(conversions)
    standing = made.book.standing(pair, at)
    candidates = [*([] if standing is None else [standing]), *made.book.offers(pair, at)]
    fitting = [version for version in candidates if version.terms.fits(amount_minor)]
    if not candidates:
        raise NothingGiven(f"no row of {names[pair[0]]} to {names[pair[1]]} is in force then")
    if not fitting:
        raise NothingGiven("; ".join(_why_not(v.terms, conversions) for v in candidates))
    try:
        found = [_converted(version, made, amount_minor) for version in fitting]
    except (ConvertsToNothing, AmountOverflow) as error:
        raise NothingGiven(str(error)) from None
    version, amounts = max(found, key=lambda f: f[1].target_minor)
    scale = conversions.scale
    source, target = (Unit(names[name], scale.programmes[name]) for name in pair)
    units = Units(source, Unit("shared", scale.shared), target)
    steps = explain(amounts, units, made.book.rate(pair[0], at), version)
    return Given(made.rows[version.number], version.terms.offer, amounts, steps)


def _converted(
    version: Version[PairTerms], made: Replayed, amount_minor: int
) -> tuple[Version[PairTerms], ConversionAmounts]:
    terms = version.terms
    source = made.book.rate(terms.source, made.since)
    money = terms.fee.currency if terms.fee else None
    value = made.book.money_value(money, made.since, made.since) if money else None
    return version, convert_by_pair(amount_minor, source.terms if source else None, terms, value)


def _why_not(terms: PairTerms, conversions: Conversions) -> str:
    called = f"offer {terms.offer} converts" if terms.offer else "the standing terms convert"
    exponent = conversions.scale.programmes[terms.source]
    least, step = (decimal(m, exponent) for m in (terms.minimum_minor, terms.increment_minor))
    return f"{called} {least} points and multiples of {step} more"
