"""A loyalty programme as data: the definition that its partner publishes, in TOML."""

from collections.abc import Collection
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from partners.programmes.forms import (
    Category,
    Instant,
    Kind,
    Measure,
    Money,
    Name,
    Percentage,
    Points,
    PointsCode,
    Slug,
    TierName,
)
from partners.programmes.money import exponent_of

MAX_EXPONENT = 6
"""Decimals of a points currency: leaves 9 * 10^12 points in 64 bits."""

MAX_RULES = 100
"""Rules of a programme. Each that matches is a leg, so one activity can fill so many times three
lines, in a batch of a thousand, while everybody's writes wait."""

MAX_TIERS = 30
MAX_CHOICES = 30
"""More than members can tell apart; the programmes of the samples have three."""

PER_MONEY = "money"
PER_ACTIVITY = "activity"

BASE = "BASE"
TIER_BONUS = "TIER_BONUS"


class UnknownTier(LookupError):
    """No such tier in the programme."""

    def __init__(self, tier: str, known: Collection[str]) -> None:
        super().__init__(f"no tier {tier!r}; the programme has {', '.join(known)}")
        self.tier = tier


class UnknownChoice(LookupError):
    """No such choice in the programme."""

    def __init__(self, choice: str, known: Collection[str]) -> None:
        super().__init__(f"no choice {choice!r}; the programme has {', '.join(known)}")
        self.choice = choice


class Custody(StrEnum):
    """Where the members' balances of the programme are kept."""

    GATEWAY = "gateway"
    PARTNER = "partner"


class ReversalPolicy(StrEnum):
    """What happens when points are taken back that the member has spent."""

    NEGATIVE_BALANCE = "negative-balance"
    FUNDER_BEARS = "funder-bears"


class _Table(BaseModel):
    """A table of the definition: no unknown keys, nothing coerced, nothing changed later."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class PointsCurrency(_Table):
    """The points currency that the programme issues."""

    code: PointsCode
    """Unlike every code of ISO 4217 and every other programme's."""
    exponent: Annotated[int, Field(ge=0, le=MAX_EXPONENT)] = 0
    """Decimals of its minor unit; 0 where points are whole."""


class Tier(_Table):
    """A level of membership."""

    name: TierName
    bonus: Percentage = Field(default="0%", validate_default=True)
    """Of the points of each rule that has tier_bonus, such as "25%"."""


class Choice(_Table):
    """What a member may elect to earn."""

    id: Slug


class EarnRule(_Table):
    """Points for one kind of activity. Every rule that matches earns, each on its own."""

    rule: Slug
    """Its id; legs name it."""
    programme: Slug | None = None
    """Programme whose points it gives, under an agreement; absent: this one."""
    activity: Kind
    """Kind of the activity: STAY, FLIGHT, CARD_SPEND, or another."""
    reason: Kind = BASE
    """Why, on the leg."""
    per: Measure
    """What points are counted by: "money", "activity", or a unit such as "night" or "mile"."""
    category: Category | None = None
    """With money: the category of spend that counts; absent: all of them."""
    currency: Money | None = None
    """With money: its currency (ISO 4217)."""
    points: Points
    """Points, in major units of their currency, for one unit: one night, one mile, one
    activity, one major unit of money. Exact: "10", "0.5", "1/100"."""
    tier_bonus: bool = False
    """Whether the tier's percentage of these points is earned besides, as a leg of its own."""
    choices: Annotated[tuple[Slug, ...], Field(strict=False, min_length=1)] | None = None
    """Choices of the member under which it holds; absent: all of them."""

    @property
    def unit(self) -> str:
        """The unit of an activity's quantities that it counts, if it counts one."""
        return self.per.upper()

    @cached_property
    def points_per_minor(self) -> Fraction:
        """Points in major units per minor unit of money, or per unit of what else it counts."""
        return self.points / 10 ** exponent_of(self.currency) if self.currency else self.points

    def looks_at(self, category: str) -> bool:
        """Whether money spent on a category can count for it, whatever the currency."""
        return self.per == PER_MONEY and self.category in (None, category)

    def holds_for(self, choice: str) -> bool:
        """Whether it earns for a member who made that choice."""
        return self.choices is None or choice in self.choices


class ProgrammeDefinition(_Table):
    """A version of a loyalty programme, in force from an instant on."""

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    """Version of this format."""
    programme: Slug
    """Id of the programme; the same in all its versions."""
    name: Name
    valid_from: Instant
    """It holds for activities that start at this instant or later."""
    custody: Annotated[Custody, Field(strict=False)]
    """"gateway": members' balances are kept here; "partner": in the partner's own system."""
    reversal: Annotated[ReversalPolicy, Field(strict=False)]
    """When points are taken back that were spent: "negative-balance" is recovered from later
    earning; "funder-bears" leaves the balance at zero."""
    currency: PointsCurrency
    tiers: Annotated[tuple[Tier, ...], Field(strict=False, min_length=1, max_length=MAX_TIERS)] = (
        Field(default_factory=lambda: (Tier(name="MEMBER"),))
    )
    """The first is the entry tier; absent: MEMBER alone."""
    choices: Annotated[
        tuple[Choice, ...], Field(strict=False, min_length=1, max_length=MAX_CHOICES)
    ] = Field(default_factory=lambda: (Choice(id="points"),))
    """The first is the default; absent: "points" alone."""
    earn: Annotated[tuple[EarnRule, ...], Field(strict=False, max_length=MAX_RULES)] = ()
    """Rules of earning; absent: only stated points are earned."""

    @property
    def entry_tier(self) -> str:
        """Tier of a member who comes with none."""
        return self.tiers[0].name

    @property
    def default_choice(self) -> str:
        """Choice of a member who made none."""
        return self.choices[0].id

    def bonus_of(self, tier: str) -> Fraction:
        """The part of base points that a tier adds.

        Raises UnknownTier.
        """
        for declared in self.tiers:
            if declared.name == tier:
                return declared.bonus
        raise UnknownTier(tier, [declared.name for declared in self.tiers])

    def require_choice(self, choice: str) -> None:
        """Raise UnknownChoice unless members may choose that."""
        known = [declared.id for declared in self.choices]
        if choice not in known:
            raise UnknownChoice(choice, known)

    def earns(self, rule: EarnRule) -> str:
        """The programme whose points a rule of this one gives."""
        return rule.programme or self.programme


def definition_schema() -> dict[str, Any]:
    """Give the published schema of a definition (JSON Schema 2020-12).

    It holds what can be said of a document's form; parsing checks besides that ids are
    unique, that choices are declared, and that currencies exist.
    """
    schema = ProgrammeDefinition.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
