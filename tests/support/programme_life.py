"""One member's life under a definition, without a gateway: what is earned, counted and reached.

It does in order what the gateway does for each activity: what time has done to the tier comes
first, the tier that held on the activity's day earns, what it adds is counted, and tiers are
evaluated again. `to` is the nightly evaluation. No database, no points balance: a life keeps
terms of tiers, counters and invitations.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from importlib.resources import files
from itertools import count
from types import MappingProxyType
from typing import Any

from partners.activities import Activity, ActivityKey, Quantity, Spend
from partners.programmes.definition import ProgrammeDefinition, parse_definition
from partners.programmes.earning import EarnedLeg, Earner, Given, earn
from partners.programmes.forms import Span
from partners.programmes.periods import local_day
from partners.programmes.progress import Progress, contributions
from partners.programmes.tiers import (
    Standing,
    TierSource,
    TierTerm,
    evaluate,
    granted,
    tier_on,
)

SAMPLES = files("partners.programmes.samples")
NOON = time(12)
JOINED = date(2026, 1, 1)

Money = tuple[str, str, int]
"""Category, currency, minor units."""

NOTHING: Mapping[str, Any] = MappingProxyType({})

_references = count(1)


def sample_text(programme: str) -> str:
    """The definition that ships under that name."""
    return (SAMPLES / f"{programme}.toml").read_text(encoding="utf-8")


def sample(programme: str) -> ProgrammeDefinition:
    """The definition that ships under that name, read."""
    return parse_definition(sample_text(programme).encode())


def amounts(legs: Iterable[EarnedLeg]) -> list[tuple[str, str, int]]:
    """Programme, reason and points of each leg."""
    return [(leg.programme, leg.reason, leg.points_minor) for leg in legs]


@dataclass
class Life:
    """A membership under the versions of one programme, the oldest first."""

    versions: tuple[ProgrammeDefinition, ...]
    joined_on: date
    choice: str = ""
    chosen_programme: str | None = None
    registered: frozenset[str] = frozenset()
    terms: list[TierTerm] = field(default_factory=list)
    invitations: list[tuple[date, str]] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)
    given: Tally[tuple[str, date]] = field(default_factory=Tally)

    def __post_init__(self) -> None:
        if not self.terms:
            entry = self.versions[0].entry_tier
            self.terms.append(TierTerm(entry, self.joined_on, None, TierSource.JOINED))

    @property
    def definition(self) -> ProgrammeDefinition:
        """The newest version."""
        return self.versions[-1]

    def version(self, day: date) -> ProgrammeDefinition:
        """The version in force at noon of a day."""
        noon = self.noon(day)
        return next(v for v in reversed(self.versions) if v.valid_from <= noon)

    def noon(self, day: date) -> datetime:
        """The programme's own noon."""
        return datetime.combine(day, NOON, self.definition.time_zone)

    def does(
        self,
        kind: str,
        at: date | datetime,
        spend: Iterable[Money] = (),
        quantities: Mapping[str, int] = NOTHING,
        *,
        where: Mapping[str, str] = NOTHING,
        reported: date | None = None,
    ) -> list[tuple[str, str, int]]:
        """An activity and what it earns; reported on its own day unless told otherwise."""
        started_at = at if isinstance(at, datetime) else self.noon(at)
        activity = Activity(
            key=ActivityKey("a-supplier", kind, f"no-{next(_references)}"),
            started_at=started_at,
            ended_at=started_at + timedelta(hours=1),
            spend=tuple(Spend(*money) for money in spend),
            quantities=tuple(Quantity(unit.upper(), n) for unit, n in quantities.items()),
            attributes=tuple(where.items()),
        )
        day = local_day(started_at, self.definition.time_zone)
        today = reported or day
        self._evaluates(today, None)
        legs = self._earns(activity, day)
        self._counts(activity, day, legs)
        self._evaluates(today, day)
        return amounts(legs)

    def to(self, day: date) -> str:
        """The nightly evaluation of a day, and the tier after it."""
        self._evaluates(day, None)
        return self.tier(day)

    def tier(self, day: date) -> str:
        """The tier that holds on a day, as far as it is known."""
        return tier_on(self.terms, day).tier

    def until(self, day: date) -> date | None:
        """The last day of the tier that holds on a day."""
        return tier_on(self.terms, day).until

    def takes(self, tier: str, source: TierSource, day: date, holds: Span | None = None) -> None:
        """A tier that is bought, matched or accepted."""
        definition = self.version(day)
        self.terms.append(granted(definition, tier, source, day, self.joined_on, holds=holds))

    def _earns(self, activity: Activity, day: date) -> tuple[EarnedLeg, ...]:
        definition = self.version(day)
        total: Tally[str] = Tally()
        for (rule, _), points_minor in self.given.items():
            total[rule] += points_minor
        earner = Earner(
            tier=self.tier(day),
            choice=self.choice or definition.default_choice,
            chosen_programme=self.chosen_programme,
            registered=self.registered,
            given=Given(
                {rule: n for (rule, on), n in self.given.items() if on == day}, total, total
            ),
        )
        exponents = {definition.earns(rule): 0 for rule in definition.earn}
        return earn(definition, activity, earner, exponents=exponents)

    def _counts(self, activity: Activity, day: date, legs: Iterable[EarnedLeg]) -> None:
        definition = self.version(day)
        own = [leg for leg in legs if leg.programme == definition.programme]
        for leg in own:
            if leg.reason != "TIER_BONUS":
                self.given[leg.rule, day] += leg.points_minor
        by_reason = [(leg.reason, leg.points_minor) for leg in own]
        for added in contributions(definition, activity, day, by_reason):
            number = 0 if added.kept == "SUM" else next(_references)
            self.progress.add(added.counter, added.day, number, added.amount)

    def _evaluates(self, today: date, touched: date | None) -> None:
        held = tier_on(self.terms, today)
        earlier = self.terms[: next(n for n, term in enumerate(self.terms) if term is held)]
        standing = Standing(held, self.progress, self.joined_on, earlier)
        verdict = evaluate(self.version(today), standing, today, touched)
        self.terms += verdict.terms
        if verdict.invitation and verdict.invitation not in {t for _, t in self.invitations}:
            self.invitations.append((today, verdict.invitation))


def life(
    programme: str, joined_on: date = JOINED, *, choice: str = "", tier: str = "", airline: str = ""
) -> Life:
    """A member of a programme that ships; in a tier that was decided, where one is named."""
    member = Life((sample(programme),), joined_on, choice, airline or None)
    if tier:
        member.terms.append(TierTerm(tier, joined_on, None, TierSource.DECIDED))
    return member


def spent(currency: str, major: int | str, category: str = "ROOM") -> list[Money]:
    """Money of one category, in major units with at most two decimals."""
    minor = Fraction(major) * 100
    assert minor.denominator == 1
    return [(category, currency, int(minor))]
