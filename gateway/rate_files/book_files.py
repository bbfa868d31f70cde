"""Changes of the rate book as a TOML document, in whole units: its form, and what it proposes."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field

from gateway.rate_files.documents import Document, Part
from gateway.rate_files.forms import Amount, Rate, Ratio, Seconds
from gateway.rate_files.forms import Part as PartOfOne
from gateway.rate_files.problems import BadFile, Problem
from gateway.rate_files.scale import Scale, money_minor
from partners.exchange.proposals import LARGEST_PROPOSAL, Change
from partners.exchange.terms import (
    BadTerms,
    BonusStep,
    Caps,
    GuardRails,
    Limits,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
    Resumption,
    Safeguards,
    Terms,
)
from partners.programmes.findings import Finding
from partners.programmes.forms import Instant, Money, Slug
from partners.programmes.toml_lines import Path


class Dated(Part):
    """A change; from its approval on where it says nothing else."""

    effective_from: Instant | None = None

    @property
    def ends(self) -> datetime | None:
        """Only terms of pairs end by themselves."""
        return None

    def terms(self, scale: Scale) -> Terms:
        """In minor units. Raises BadTerms."""
        raise NotImplementedError


class Rates(Dated):
    """What a point of a programme is worth, in shared units."""

    programme: Slug
    rate_in: Rate | None = None
    cost_out: Rate | None = None
    fee: PartOfOne = Fraction(0)
    spread: PartOfOne = Fraction(0)

    def terms(self, scale: Scale) -> RateTerms:
        """In minor units."""

        def minor(rate: Fraction | None) -> Fraction | None:
            return rate and scale.per_point("programme", self.programme, rate)

        return RateTerms(
            self.programme, minor(self.rate_in), minor(self.cost_out), self.fee, self.spread
        )


class Bonus(Part):
    """For every so many points of the source at once, so many of the target more."""

    every: Rate
    gives: Rate
    funder: Slug


class Fee(Part):
    """Money for each point of the source, up to a cap."""

    per_point: Rate
    currency: Money
    cap: Rate | None = None


class PairCaps(Part):
    """Most points of the source that are converted."""

    member_daily: Rate | None = None
    member_yearly: Rate | None = None
    pair_daily: Rate | None = None
    pair_yearly: Rate | None = None


class Pair(Dated):
    """Terms of a pair, or an offer beside them."""

    source: Slug
    target: Slug
    offer: Slug | None = None
    ratio: Ratio
    settlement_price: Rate
    minimum: Rate | None = None
    increment: Rate | None = None
    bonus: Annotated[tuple[Bonus, ...], Field(strict=False)] = ()
    fee: Fee | None = None
    caps: PairCaps = PairCaps()
    once_per_member: bool = False
    shortfall_funder: Slug | None = None
    effective_to: Instant | None = None

    @property
    def ends(self) -> datetime | None:
        """When."""
        return self.effective_to

    def terms(self, scale: Scale) -> PairTerms:
        """In minor units."""

        def minor(field: str, amount: Fraction | None) -> int | None:
            return None if amount is None else scale.points(field, self.source, amount)

        caps = {f"{name}_minor": minor(f"caps.{name}", cap) for name, cap in self.caps}
        return PairTerms(
            source=self.source,
            target=self.target,
            offer=self.offer or "",
            ratio=scale.ratio(self.source, self.target, self.ratio),
            settlement_price=scale.per_point("target", self.target, self.settlement_price),
            minimum_minor=minor("minimum", self.minimum) or 1,
            increment_minor=minor("increment", self.increment) or 1,
            bonuses=tuple(self._step(step, scale) for step in self.bonus),
            fee=self._fee(scale),
            caps=Caps(**caps),
            once_per_member=self.once_per_member,
            shortfall_funder=self.shortfall_funder or "",
        )

    def _step(self, step: Bonus, scale: Scale) -> BonusStep:
        every = scale.points("bonus", self.source, step.every)
        return BonusStep(every, scale.points("bonus", self.target, step.gives), step.funder)

    def _fee(self, scale: Scale) -> MoneyFee | None:
        fee = self.fee
        if fee is None:
            return None
        rate = scale.money_per_point(fee.currency, self.source, fee.per_point)
        cap = None if fee.cap is None else money_minor("fee.cap", fee.currency, fee.cap)
        return MoneyFee(fee.currency, rate, cap)


class Value(Dated):
    """What a unit of the shared currency is worth in money."""

    currency: Money
    value: Rate

    def terms(self, scale: Scale) -> MoneyValue:
        """In minor units."""
        return MoneyValue(self.currency, scale.money_value(self.currency, self.value))


class Rails(Dated):
    """Beyond these a change asks for a second approval."""

    largest_change: PartOfOne | None = None
    notice: Seconds = 0

    def terms(self, scale: Scale) -> GuardRails:
        """As they are."""
        del scale
        return GuardRails(self.largest_change, self.notice)


class DebitLimits(Dated):
    """How much a participant may owe on balance, in shared units."""

    participant: Slug
    net_debit_cap: Amount
    prefunded: Amount = Fraction(0)
    reserve: Amount = Fraction(0)
    alert_percents: Annotated[tuple[int, ...], Field(strict=False)] = ()

    def terms(self, scale: Scale) -> Limits:
        """In minor units."""
        return Limits(
            self.participant,
            scale.coins("net_debit_cap", self.net_debit_cap),
            scale.coins("prefunded", self.prefunded),
            scale.coins("reserve", self.reserve),
            self.alert_percents,
        )


class Guards(Dated):
    """What keeps conversions sane. Without a programme: of all others, in minor units."""

    programme: Slug | None = None
    ceiling: Rate | None = None
    minimum: Rate | None = None
    daily_count: int | None = None
    daily_amount: Rate | None = None
    link_cooling: Seconds = 0
    earned_cooling: Seconds = 0

    def terms(self, scale: Scale) -> Safeguards:
        """In minor units."""
        programme = self.programme or ""

        def minor(field: str, amount: Fraction | None) -> int | None:
            return None if amount is None else scale.points(field, programme, amount)

        return Safeguards(
            programme,
            minor("ceiling", self.ceiling),
            minor("minimum", self.minimum) or 1,
            self.daily_count,
            minor("daily_amount", self.daily_amount),
            self.link_cooling,
            self.earned_cooling,
        )


class Resume(Dated):
    """Lets a pair that was stopped convert again."""

    source: Slug
    target: Slug

    def terms(self, scale: Scale) -> Resumption:
        """As it is."""
        del scale
        return Resumption(self.source, self.target)


class RateBookFile(Part):
    """Changes of the rate book that are proposed together, in whole units."""

    rate: Annotated[tuple[Rates, ...], Field(strict=False)] = ()
    pair: Annotated[tuple[Pair, ...], Field(strict=False)] = ()
    money_value: Annotated[tuple[Value, ...], Field(strict=False)] = ()
    guard_rails: Annotated[tuple[Rails, ...], Field(strict=False)] = ()
    limits: Annotated[tuple[DebitLimits, ...], Field(strict=False)] = ()
    safeguards: Annotated[tuple[Guards, ...], Field(strict=False)] = ()
    resumption: Annotated[tuple[Resume, ...], Field(strict=False)] = ()

    def entries(self) -> Iterator[tuple[str, int, Dated]]:
        """Every change with its place in the document."""
        for kind, found in self:
            for index, entry in enumerate(found):
                yield kind, index, entry


def book_file_schema() -> dict[str, Any]:
    """The form of such a document, as JSON Schema."""
    return RateBookFile.model_json_schema()


def changes_of(document: Document[RateBookFile], scale: Scale) -> tuple[Change, ...]:
    """What a document proposes, in minor units. Raises BadFile."""
    entries = list(document.content.entries())
    if not 1 <= len(entries) <= LARGEST_PROPOSAL:
        told = f"has {len(entries)} changes"
        remedy = f"propose 1 to {LARGEST_PROPOSAL} together"
        raise BadFile(document.name, [Problem(None, "file", told, remedy)])
    changes: list[Change] = []
    findings: list[Finding] = []
    for kind, index, entry in entries:
        try:
            changes.append(Change(entry.terms(scale), entry.effective_from, entry.ends))
        except BadTerms as bad:
            problem, _, remedy = bad.problem.partition("; ")
            path = _path(kind, index, bad.field)
            findings.append(Finding(path, problem, remedy or "write another"))
    if findings:
        raise document.bad(findings)
    return tuple(changes)


_NAMES: Mapping[str, str] = {
    "bonuses": "bonus",
    "daily_minor": "daily_amount",
    "fee.per_source_minor": "fee.per_point",
    "per_shared_minor": "value",
}


def _path(kind: str, index: int, field: str) -> Path:
    """A field of terms as the document names it."""
    name = _NAMES.get(field, field.removesuffix("_minor").removesuffix("_seconds"))
    return (kind, index, *name.split("."))
