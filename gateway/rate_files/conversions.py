"""Published conversions become changes of the rate book: rows and a declaration, in minor units.

The standing terms of a pair are the rows that do not overlap. A row that overlaps one that begins
earlier, or on the same day and stands before it, is an offer beside it. What an offer gives more
than the terms beside it is a bonus, for somebody pays for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from gateway.rate_files.declarations import Declaration
from gateway.rate_files.documents import Document
from gateway.rate_files.problems import BadFile, Problem
from gateway.rate_files.rows import FEE_CURRENCY, Row
from gateway.rate_files.scale import Scale, money_minor
from partners.exchange.proposals import LARGEST_PROPOSAL, Change
from partners.exchange.terms import (
    BadTerms,
    BonusStep,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
)
from partners.programmes.findings import Finding

FINEST_PRICE = 10**6
"""Prices are multiples of this part of a shared minor unit where they are no simpler fraction."""

LONGEST_NAME = 32
"""Characters of an offer's name."""

_TITLE = re.compile(r"([A-Za-z]{2,}(?: [A-Za-z]+)*):")


@dataclass(frozen=True, slots=True)
class Conversions:
    """Changes, each with the row that it is of; None: of the declaration."""

    changes: tuple[tuple[Change, Row | None], ...]
    scale: Scale
    ids: Mapping[str, str]
    """Ids in the coalition by the names of the file."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Rows that became changes."""
        return tuple(row for _, row in self.changes if row is not None)

    def without(self, rows: Iterable[Row]) -> "Conversions":
        """The same but for some rows."""
        gone = set(rows)
        return replace(self, changes=tuple(c for c in self.changes if c[1] not in gone))


@dataclass(frozen=True, slots=True)
class Timing:
    """What nothing retroactive means for rows: gone by, in force already, to come."""

    past: tuple[Row, ...]
    running: tuple[Row, ...]
    coming: tuple[Row, ...]


def timing(rows: Iterable[Row], now: datetime) -> Timing:
    """Rows by where they stand to an instant."""
    past, running, coming = [], [], []
    for row in rows:
        if row.ends is not None and row.ends <= now:
            past.append(row)
        elif row.begins <= now:
            running.append(row)
        else:
            coming.append(row)
    return Timing(tuple(past), tuple(running), tuple(coming))


def names_in(rows: Iterable[Row]) -> list[str]:
    """Programmes as rows name them, sorted."""
    return sorted({name for row in rows for name in row.pair})


def unused(rows: Iterable[Row], declaration: Declaration) -> list[str]:
    """Programmes that are declared, and that no row names."""
    return sorted(set(declaration.programmes) - set(names_in(rows)))


def scale_of(
    rows: Iterable[Row],
    declared: Document[Declaration],
    known: Mapping[str, int] | None = None,
    shared: int | None = None,
) -> Scale:
    """Decimals as a gateway has them; without one as they are declared, else 0, and 2 shared.

    Raises BadFile where the declaration says otherwise than the gateway, and where that has no
    such programme with points.
    """
    declaration, findings = declared.content, []
    own = declaration.shared_decimals
    if shared is not None and own not in (None, shared):
        findings.append(Finding(("shared_decimals",), f"is {own}", f"the coalition has {shared}"))
    exponents: dict[str, int] = {}
    for name in names_in(rows):
        programme, decimals = declaration.id_of(name), declaration.of(name).decimals
        if programme in exponents:
            told = f"is {programme}, and so is another"
            findings.append(Finding(("programmes", name, "programme"), told, "name each its own"))
        elif known is None:
            exponents[programme] = decimals or 0
        elif programme not in known:
            told = f"is of {programme}, and the coalition has no such programme with points"
            findings.append(Finding(("programmes", name), told, "publish it, or name another"))
        elif decimals not in (None, known[programme]):
            remedy = f"the gateway has {known[programme]}"
            findings.append(Finding(("programmes", name, "decimals"), f"is {decimals}", remedy))
        else:
            exponents[programme] = known[programme]
    if findings:
        raise declared.bad(findings)
    decimals_shared = shared if shared is not None else own if own is not None else 2
    return Scale(decimals_shared, exponents)


def converted(
    rows: Sequence[Row],
    declared: Document[Declaration],
    scale: Scale,
    every: Sequence[Row] | None = None,
) -> Conversions:
    """What rows and declaration come to. Raises BadFile with everything that is wrong.

    `every` are all rows of the file, where some are left out: beside them a row may be an offer.
    """
    maker = _Maker(every or rows, declared.content, scale)
    changes: list[tuple[Change, Row | None]] = []
    problems: list[Problem] = []
    for name, value in declared.content.money.items():
        changes.append((Change(MoneyValue(name, scale.money_value(name, value))), None))
    missing = []
    for name in sorted({row.columns.source for row in rows}):
        worth = declared.content.of(name).worth
        if worth is None:
            missing.append(Finding(("programmes", name, "worth"), "is missing", "add it"))
        else:
            programme = declared.content.id_of(name)
            rate = scale.per_point("programme", programme, worth)
            changes.append((Change(RateTerms(programme, rate, None)), None))
    if missing:
        raise declared.bad(missing)
    for row in rows:
        try:
            changes.append((Change(maker.terms(row), row.begins, row.ends), row))
        except BadTerms as bad:
            problems.append(Problem(row.line, bad.field, *_told(bad)))
    if len(changes) > LARGEST_PROPOSAL:
        told = f"comes to {len(changes)} changes"
        problems.append(Problem(None, "file", told, f"load {LARGEST_PROPOSAL} together at most"))
    if problems:
        raise BadFile("the conversions", problems)
    ids = {name: declared.content.id_of(name) for name in names_in(rows)}
    return Conversions(tuple(changes), scale, ids)


def _told(bad: BadTerms) -> tuple[str, str]:
    problem, _, remedy = bad.problem.partition("; ")
    return problem, remedy or "write another"


def begun(conversions: Conversions, now: datetime) -> Conversions:
    """The same with rows that are in force already beginning when they are approved."""
    return replace(
        conversions,
        changes=tuple(
            (replace(change, effective_from=None), row)
            if change.effective_from is not None and change.effective_from <= now
            else (change, row)
            for change, row in conversions.changes
        ),
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the terms of one row after another."""

    rows: Sequence[Row]
    declaration: Declaration
    scale: Scale

    def terms(self, row: Row) -> PairTerms:
        """Of one row. Raises BadTerms."""
        beside = self._beside(row)
        if beside is None:
            return self._standing(row)
        offer = replace(self._standing(row), offer=self._name(row))
        gain = self._gain(offer, self._standing(beside))
        if not gain:
            return offer
        step = BonusStep(offer.increment_minor, gain, self._funder(row))
        standing = self._standing(beside)
        return replace(
            offer,
            ratio=standing.ratio,
            settlement_price=standing.settlement_price,
            bonuses=(step, *offer.bonuses),
        )

    def _beside(self, row: Row) -> Row | None:
        """The standing row that a row overlaps and comes after; None: it is standing itself."""
        standing: list[Row] = []
        for other in sorted(self.rows, key=lambda r: (r.begins, r.number)):
            if other.pair != row.pair:
                continue
            over = [earlier for earlier in standing if earlier.overlaps(other)]
            if other is row:
                return over[0] if over else None
            if not over:
                standing.append(other)
        message = f"{row} is none of these"
        raise AssertionError(message)

    def _gain(self, offer: PairTerms, standing: PairTerms) -> int:
        """What each increment gives more than the standing terms, if that is whole; else 0."""
        more = (offer.ratio - standing.ratio) * offer.increment_minor
        whole = more.denominator == 1 and offer.minimum_minor % offer.increment_minor == 0
        return max(0, int(more)) if whole else 0

    def _name(self, row: Row) -> str:
        """Of an offer: the title of its note ("launch offer: ..."), or row-39."""
        title = _TITLE.match(row.columns.note)
        name = title[1].lower().replace(" ", "-") if title else ""
        taken = any(
            other.pair == row.pair and other is not row and other.columns.note == row.columns.note
            for other in self.rows
        )
        fits = 1 < len(name) <= LONGEST_NAME
        return name if fits and not taken else f"row-{row.number}"

    def _standing(self, row: Row) -> PairTerms:
        columns, scale = row.columns, self.scale
        source, target = (self.declaration.id_of(name) for name in row.pair)
        ratio = scale.ratio(source, target, row.ratio)
        return PairTerms(
            source=source,
            target=target,
            offer="",
            ratio=ratio,
            settlement_price=self._price(row, ratio),
            minimum_minor=scale.points("minimum", source, Fraction(columns.minimum)),
            increment_minor=scale.points("increment", source, Fraction(columns.increment)),
            bonuses=tuple(self._bonuses(row, source, target)),
            fee=self._fee(row, source),
            shortfall_funder=self.declaration.shortfall_funder or "",
        )

    def _price(self, row: Row, ratio: Fraction) -> Fraction:
        """What the target's issuer is owed for a point, in minor units.

        As declared; else as much as the source's worth pays for: worth / ratio, rounded down to
        a millionth where that is no simpler fraction. So no amount leaves anything unfunded.
        """
        source, target = row.pair
        declared = self.declaration.of(target).settlement_price
        if declared is not None:
            programme = self.declaration.id_of(target)
            return self.scale.per_point("target", programme, declared)
        worth = self.declaration.of(source).worth or Fraction(0)
        programme = self.declaration.id_of(source)
        paid = self.scale.per_point("source", programme, worth) / ratio
        if paid.denominator <= FINEST_PRICE:
            return paid
        return Fraction(paid * FINEST_PRICE // 1, FINEST_PRICE)

    def _bonuses(self, row: Row, source: str, target: str) -> Iterator[BonusStep]:
        every, gives = row.columns.bonus_every_source_units, row.columns.bonus_target_units
        if every is not None and gives is not None:
            yield BonusStep(
                self.scale.points("bonus_every_source_units", source, Fraction(every)),
                self.scale.points("bonus_target_units", target, Fraction(gives)),
                self._funder(row),
            )

    def _funder(self, row: Row) -> str:
        funder = self.declaration.funder_of(row.columns.source)
        if funder is None:
            raise BadTerms(
                "bonus_target_units",
                "is paid for by nobody; declare bonus_funder, of all or of the programme",
            )
        return funder

    def _fee(self, row: Row, source: str) -> MoneyFee | None:
        fee, cap = row.columns.fee_per_source_unit_usd, row.columns.fee_cap_usd
        if fee is None:
            return None
        if FEE_CURRENCY not in self.declaration.money:
            raise BadTerms(
                "fee_per_source_unit_usd",
                f"is in {FEE_CURRENCY}, and no value of the shared currency in it is declared; "
                f"declare [money] {FEE_CURRENCY}",
            )
        return MoneyFee(
            FEE_CURRENCY,
            self.scale.money_per_point(FEE_CURRENCY, source, fee),
            None if cap is None else money_minor("fee_cap_usd", FEE_CURRENCY, cap),
        )
