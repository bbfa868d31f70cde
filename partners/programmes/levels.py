"""Tiers as data: what is counted for them, how they are reached, and for how long they hold."""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from partners.activities import Activity
from partners.programmes.forms import (
    Duration,
    Kind,
    Limit,
    Percentage,
    Points,
    Price,
    Slug,
    TierName,
)
from partners.programmes.measuring import Measured
from partners.programmes.table import DefinitionTable

MAX_LIMITS = 300
"""Limits of counters that a programme's tiers have in all, each of which is looked at for every
activity while others wait. The largest shipped definition has 20."""

MAX_ALTERNATIVES = 10
"""Ways of reaching one tier; the programmes of the samples have three."""


class Keep(StrEnum):
    """What becomes of the values that a counter is given."""

    SUM = "sum"
    LATEST = "latest"
    LARGEST = "largest"


class Counter(Measured):
    """Something that is counted for tiers. Tables of one name and `keep` add up."""

    counter: Slug
    """Its name; tiers ask for it."""
    activity: Kind | None = None
    """Kind of the activities that count; absent: all of them. Not of months of membership."""
    reasons: Annotated[tuple[Kind, ...], Field(strict=False, min_length=1, max_length=30)] = (
        "BASE",
    )
    """With per = "points": the reasons of this programme's points that count."""
    factor: Points = Field(default="1", validate_default=True)
    """What one unit adds: one night, one mile, one major unit of money, one point, one month."""
    keep: Annotated[Keep, Field(strict=False)] = Keep.SUM
    """"sum" adds up over the period; "latest" is the value given last, "largest" the largest
    that a single activity gave."""

    def counts(self, activity: Activity) -> bool:
        """Whether it looks at such an activity."""
        return self.activity in (None, activity.key.kind) and self.holds_where(activity)


Alternative = Annotated[Mapping[Slug, Limit], Field(min_length=1, max_length=10)]
"""Counters with what each has to reach: all of them."""

Alternatives = Annotated[
    tuple[Alternative, ...], Field(strict=False, min_length=1, max_length=MAX_ALTERNATIVES)
]
"""Any of these will do."""


class Match(DefinitionTable):
    """A tier of another programme that brings this one."""

    programme: Slug
    """The other programme, of the coalition or not."""
    tier: TierName
    """Its tier."""
    holds: Duration | None = None
    """How long the tier that it brings holds; absent: as long as a reached one."""


class Tier(DefinitionTable):
    """A level of membership. Tiers stand in order, the lowest first."""

    name: TierName
    bonus: Percentage = Field(default="0%", validate_default=True)
    """Of the points of each rule that has tier_bonus, such as "25%"."""
    multiplier: Points | None = None
    """Instead of bonus: those points times this, such as "2" for twice as many."""
    reached: Alternatives | None = None
    """What reaches it within the period of [qualification]: any of these tables, in each all
    counters. Such as [{ stays = 4 }, { nights = 10 }]. Absent: activity alone does not."""
    lifetime: Alternatives | None = None
    """The same over the whole membership: then the tier is for life."""
    invitation: bool = False
    """Whether reaching it brings an invitation, which the member has to accept."""
    price: Price | None = None
    """What it costs to buy; absent: it is not sold."""
    match: Annotated[tuple[Match, ...], Field(strict=False, max_length=30)] = ()
    """Tiers of other programmes that bring it."""
    lowest_fall: Percentage | None = None
    """Part of its members, those with the least of lowest_by, that falls by one tier when a
    year ends; rounded down."""
    lowest_by: Slug | None = None
    """With lowest_fall: the counter by which members are ranked, over the year that ended."""
    holds: Duration | None = None
    """How long it holds when it is bought, matched or accepted; absent: as when reached."""

    @property
    def bonus_part(self) -> Fraction:
        """Part of base points that the tier adds to them."""
        return self.bonus if self.multiplier is None else self.multiplier - 1


class Period(StrEnum):
    """Over which time counters are summed up for tiers."""

    CALENDAR_YEAR = "calendar-year"
    MEMBERSHIP_YEAR = "membership-year"
    CONSECUTIVE_MONTHS = "consecutive-months"
    MONTHLY_RATING = "monthly-rating"


YEARS = frozenset({Period.CALENDAR_YEAR, Period.MEMBERSHIP_YEAR})


class Term(StrEnum):
    """Until when a tier holds that was reached."""

    PERIOD = "period"
    NEXT_PERIOD = "next-period"
    MONTHS = "months"
    WHILE_REACHED = "while-reached"


class Fall(StrEnum):
    """Where a member falls whose tier lapses."""

    TO_REACHED = "to-reached"
    ONE_STEP = "one-step"


class Qualification(DefinitionTable):
    """How tiers are reached and kept."""

    period: Annotated[Period, Field(strict=False)] = Period.CALENDAR_YEAR
    """"calendar-year"; "membership-year", from one anniversary of joining to the next;
    "consecutive-months", any so many whole months; "monthly-rating", each month by the so many
    whole months before it (of a newcomer from the month after joining on)."""
    months: Annotated[int, Field(ge=1, le=120)] = 12
    """Of "consecutive-months" and "monthly-rating"."""
    term: Annotated[Term, Field(strict=False)] = Term.NEXT_PERIOD
    """How long a reached tier holds: to the end of the year in which it was reached ("period")
    or of the next one ("next-period"); so many months, its own the first of them ("months");
    "while-reached"."""
    term_months: Annotated[int, Field(ge=1, le=120)] = 12
    """With term = "months"."""
    fall: Annotated[Fall, Field(strict=False)] = Fall.TO_REACHED
    """When a term ends: to the tier that is reached now, or at most one step down ("one-step",
    a soft landing)."""
