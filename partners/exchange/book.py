"""The rate book: versions of terms, never edited, and what is in force at an instant."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Generic, TypeVar

from partners.exchange.terms import (
    GuardRails,
    Limits,
    MoneyValue,
    PairTerms,
    RateTerms,
    Resumption,
    Safeguards,
    Terms,
)

T = TypeVar("T", bound=Terms)

Subject = tuple[str, ...]
Pair = tuple[str, str]

DEFAULT_CEILING = 1_000_000_000
"""Largest conversion or redemption where safeguards say nothing, in whole points: the largest
balance ever reported of one member is some hundred times less."""


_OF_NO_WAY = (GuardRails, Limits)
"""Kinds of terms that no conversion's amounts depend on."""


@dataclass(frozen=True, slots=True)
class Version(Generic[T]):
    """Terms that were approved. `number` is of the entry that put them into the book.

    A version may be withdrawn before it takes effect, by the entry `withdrawn_number`.
    """

    number: int
    proposal: int
    terms: T
    effective_from: datetime
    effective_to: datetime | None
    approved_at: datetime
    withdrawn_number: int | None = None

    def begun(self, now: datetime) -> bool:
        """Whether it had taken effect, and been approved, by an instant."""
        return self.effective_from <= now and self.approved_at <= now

    def ended(self, now: datetime) -> bool:
        """Whether it was over by an instant."""
        return self.effective_to is not None and self.effective_to <= now


@dataclass(frozen=True, slots=True)
class Stop:
    """A pair that was stopped, until a resumption that was approved after it takes effect."""

    number: int
    source: str
    target: str
    stopped_by: str
    reason: str
    stopped_at: datetime


@dataclass(frozen=True)
class RateBook:
    """Every version, by number, and every stop."""

    versions: tuple[Version[Terms], ...] = ()
    stops: tuple[Stop, ...] = ()

    def with_versions(self, added: Iterable[Version[Terms]]) -> "RateBook":
        """The book as it would be with these."""
        return replace(self, versions=(*self.versions, *added))

    def without_proposal(self, proposal: int) -> "RateBook":
        """The book as it would be without what a proposal brought."""
        return replace(self, versions=tuple(v for v in self.versions if v.proposal != proposal))

    @cached_property
    def standing_versions(self) -> tuple[Version[Terms], ...]:
        """Versions that were not withdrawn."""
        return tuple(v for v in self.versions if v.withdrawn_number is None)

    @cached_property
    def _by_subject(self) -> dict[type[Terms], dict[Subject, list[Version[Terms]]]]:
        """Versions of each kind and subject, those first that take the place of the others."""
        found: dict[type[Terms], dict[Subject, list[Version[Terms]]]] = {}
        for version in sorted(
            self.standing_versions, key=lambda v: (v.effective_from, v.number), reverse=True
        ):
            subjects = found.setdefault(type(version.terms), {})
            subjects.setdefault(version.terms.subject, []).append(version)
        return found

    def _of(self, kind: type[T], subject: Subject) -> list[Version[T]]:
        return self._by_subject.get(kind, {}).get(subject, [])  # type: ignore[return-value,arg-type]

    def latest(self, kind: type[T], subject: Subject, now: datetime) -> Version[T] | None:
        """The version that took effect last, over or not."""
        return next((v for v in self._of(kind, subject) if v.begun(now)), None)

    def in_force(self, kind: type[T], subject: Subject, now: datetime) -> Version[T] | None:
        """The version that took effect last, unless it is over."""
        version = self.latest(kind, subject, now)
        return None if version is None or version.ended(now) else version

    def all_in_force(self, now: datetime) -> list[Version[Terms]]:
        """Everything that is in force, by kind and what it is of."""
        found = (
            self.in_force(kind, subject, now)
            for kind, subjects in sorted(self._by_subject.items(), key=lambda k: k[0].__name__)
            for subject in sorted(subjects)
        )
        return [version for version in found if version is not None]

    @cached_property
    def _pair_terms(self) -> dict[int, PairTerms]:
        found = ((version.number, version.terms) for version in self.versions)
        return {number: terms for number, terms in found if isinstance(terms, PairTerms)}

    def pair_terms(self, number: int) -> PairTerms | None:
        """The pair's terms of a version, in force or not; None: it is of another kind."""
        return self._pair_terms.get(number)

    def of_proposal(self, proposal: int) -> tuple[int, ...]:
        """Numbers of the versions that a proposal brought."""
        return tuple(version.number for version in self.versions if version.proposal == proposal)

    def rate(self, programme: str, now: datetime) -> Version[RateTerms] | None:
        """What points of a programme are worth."""
        return self.in_force(RateTerms, (programme,), now)

    def standing(self, pair: Pair, now: datetime) -> Version[PairTerms] | None:
        """A pair's standing terms."""
        return self.in_force(PairTerms, (*pair, ""), now)

    def has_own_terms(self, pair: Pair, now: datetime) -> bool:
        """Whether a pair ever had standing terms: then rates alone do not convert it."""
        return self.latest(PairTerms, (*pair, ""), now) is not None

    def offers(self, pair: Pair, now: datetime) -> list[Version[PairTerms]]:
        """Offers of a pair that are in force, by name."""
        names = self._offer_names.get(pair, ())
        found = (self.in_force(PairTerms, (*pair, name), now) for name in names)
        return [version for version in found if version is not None]

    @cached_property
    def _offer_names(self) -> dict[Pair, list[str]]:
        names: dict[Pair, list[str]] = {}
        for source, target, offer in sorted(self._by_subject.get(PairTerms, {})):
            if offer:
                names.setdefault((source, target), []).append(offer)
        return names

    def pairs(self) -> Iterator[Pair]:
        """Every pair that has ever had terms of its own, or will, by name."""
        seen = {(s[0], s[1]) for s in self._by_subject.get(PairTerms, {})}
        yield from sorted(seen)

    def rated(self) -> list[str]:
        """Every programme that has ever had a rate, or will, by name."""
        return sorted(subject[0] for subject in self._by_subject.get(RateTerms, {}))

    def money_value(
        self, currency: str, window_opened_at: datetime, now: datetime
    ) -> Fraction | None:
        """Minor units of a money for a shared minor unit, in the window that opened then.

        It changes at the boundaries of windows alone. A money that had no value at all when the
        window opened has the first one that has taken effect since.
        """
        version = self.in_force(MoneyValue, (currency,), window_opened_at)
        if version is None:
            begun = (v for v in self._of(MoneyValue, (currency,)) if v.begun(now))
            version = min(begun, key=lambda v: (v.effective_from, v.number), default=None)
        return None if version is None else version.terms.per_shared_minor

    def money_values(self, window_opened_at: datetime, now: datetime) -> dict[str, Fraction]:
        """All of them, by currency."""
        currencies = sorted(subject[0] for subject in self._by_subject.get(MoneyValue, {}))
        found = ((c, self.money_value(c, window_opened_at, now)) for c in currencies)
        return {currency: value for currency, value in found if value is not None}

    def guard_rails(self, now: datetime) -> GuardRails:
        """What asks for a second approval; without any, nothing does."""
        version = self.in_force(GuardRails, (), now)
        return GuardRails(None, 0) if version is None else version.terms

    def limits(self, participant: str, now: datetime) -> Limits | None:
        """How much a participant may owe; None: any."""
        version = self.in_force(Limits, (participant,), now)
        return None if version is None else version.terms

    def safeguards(self, programme: str, now: datetime) -> Safeguards:
        """A programme's own, or those of all."""
        for subject in (programme, ""):
            version = self.in_force(Safeguards, (subject,), now)
            if version is not None:
                return version.terms
        return Safeguards("")

    def ceiling_minor(self, programme: str, exponent: int, now: datetime) -> int:
        """The largest amount of one conversion or redemption of a programme's points."""
        own = self.safeguards(programme, now).ceiling_minor
        return own if own is not None else DEFAULT_CEILING * 10**exponent

    def is_stopped(self, pair: Pair, now: datetime) -> bool:
        """Whether a pair is stopped, and no resumption has taken effect since."""
        return any(
            self.lifted(stop, now) is None
            for stop in self.stops
            if (stop.source, stop.target) == pair and stop.stopped_at <= now
        )

    def lifted(self, stop: Stop, now: datetime) -> int | None:
        """Number of the resumption that ended a stop by an instant."""
        ended = (
            v.number
            for v in self._of(Resumption, (stop.source, stop.target))
            if v.number > stop.number and v.begun(now)
        )
        return min(ended, default=None)

    def instants(self, since: datetime) -> list[datetime]:
        """Every instant after `since` at which a way may open, change or close, in order."""
        standing = [v for v in self.standing_versions if not isinstance(v.terms, _OF_NO_WAY)]
        edges = {v.effective_from for v in standing}
        edges |= {v.effective_to for v in standing if v.effective_to is not None}
        return sorted(instant for instant in edges if instant > since)
