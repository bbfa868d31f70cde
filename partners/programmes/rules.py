"""Rules of earning as data: what is counted, and what it gives to whom, when and up to where."""

from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Annotated

from pydantic import Field

from partners.programmes.forms import Instant, Kind, Points, Slug, TierName
from partners.programmes.measuring import Exact, Measured
from partners.programmes.money import exponent_of
from settlement.ledger.amounts import checked

BASE = "BASE"
TIER_BONUS = "TIER_BONUS"


class Available(StrEnum):
    """From when on points may be spent."""

    AT_ONCE = "at-once"
    AT_END = "at-end"


class EarnRule(Measured):
    """Points for one kind of activity. Every rule that matches earns, each on its own."""

    rule: Slug
    """Its id; legs name it."""
    programme: Slug | None = None
    """Programme whose points it gives, under an agreement; absent: this one."""
    activity: Kind
    """Kind of the activity: STAY, FLIGHT, CARD_SPEND, or another."""
    reason: Kind = BASE
    """Why, on the leg."""
    of: Annotated[tuple[Slug, ...], Field(strict=False, min_length=1, max_length=100)] | None = None
    """With per = "points": the rules above this one whose points it counts."""
    points: Points
    """Points, in major units of their currency, for one unit: one night, one mile, one
    activity, one major unit of money, one point. Exact: "10", "0.5", "1/100"."""
    minimum: Points | None = None
    """Points that it gives at least, where it gives any."""
    maximum: Points | None = None
    """Points that it gives at most for one activity."""
    tier_bonus: bool = False
    """Whether the tier's percentage of these points is earned besides, as a leg of its own."""
    tiers: Annotated[tuple[TierName, ...], Field(strict=False, min_length=1)] | None = None
    """Tiers for which it holds; absent: all of them."""
    choices: Annotated[tuple[Slug, ...], Field(strict=False, min_length=1)] | None = None
    """Choices of the member under which it holds; absent: all of them."""
    valid_from: Instant | None = None
    """It holds for activities that start at this instant or later; absent: as long as the
    version."""
    valid_to: Instant | None = None
    """The instant at which it ends; absent: none."""
    registration: bool = False
    """Whether the member has to have registered for it before the activity starts."""
    budget: Points | None = None
    """Points that it gives at most to all members together."""
    cap_per_member: Points | None = None
    """Points that it gives at most to one member."""
    cap_per_day: Points | None = None
    """Points that it gives at most to one member for activities that start on one day."""
    funder: Slug | None = None
    """Participant that pays for the points, under an agreement that says so; absent: whoever
    reports the activity."""
    available: Annotated[Available, Field(strict=False)] = Available.AT_ONCE
    """"at-end": the points may be spent once the activity is over; it may then be reported
    before that."""

    @cached_property
    def points_per_minor(self) -> Fraction:
        """Points in major units per minor unit of money, or per unit of what else it counts."""
        return self.points / 10 ** exponent_of(self.currency) if self.currency else self.points

    @property
    def is_limited(self) -> bool:
        """Whether what it gave before decides what it gives."""
        return bool(self.budget or self.cap_per_member or self.cap_per_day)

    @cached_property
    def is_bounded(self) -> bool:
        """Whether there is a least or a most that it gives."""
        bounds = (self.minimum, self.maximum, self.budget, self.cap_per_member, self.cap_per_day)
        return any(bound is not None for bound in bounds)

    def points_for(self, exact: Exact, exponent: int) -> int:
        """Points for what was counted, in minor units of a currency of so many decimals.

        Multiplied once and rounded down. Raises AmountOverflow.
        """
        counted, parts = exact.as_integer_ratio()
        points, units = self.points_per_minor.as_integer_ratio()
        return checked(counted * 10**exponent * points // (parts * units))

    def holds_for(self, tier: str, choice: str) -> bool:
        """Whether it earns for a member of that tier who made that choice."""
        return (self.choices is None or choice in self.choices) and (
            self.tiers is None or tier in self.tiers
        )

    def holds_at(self, instant: datetime) -> bool:
        """Whether an activity that starts then is within its dates."""
        return (self.valid_from is None or self.valid_from <= instant) and (
            self.valid_to is None or instant < self.valid_to
        )
