"""A loyalty programme as data: the definition that its partner publishes, in TOML."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from partners.activities import Activity
from partners.programmes.catalogue import MAX_AWARDS, Award, Buying, EarnedVoucher
from partners.programmes.foreign_money import (
    ForeignMoney,
    MoneyExchange,
    RatesOfMoney,
    rates_of_money,
)
from partners.programmes.forms import (
    Instant,
    Name,
    Points,
    PointsCode,
    Price,
    Slug,
    TierName,
    TimeZone,
)
from partners.programmes.lapsing import Expiry
from partners.programmes.levels import Counter, Qualification, Tier
from partners.programmes.measuring import PER_POINTS
from partners.programmes.money import exponent_of
from partners.programmes.rules import Available, EarnRule
from partners.programmes.table import DefinitionTable

MAX_EXPONENT = 6
"""Decimals of a points currency: leaves 9 * 10^12 points in 64 bits."""

MAX_RULES = 100
"""Rules of a programme. Each that matches is a leg, so one activity can fill so many times three
lines, in a batch of a thousand, while everybody's writes wait."""

MAX_TIERS = 30
MAX_CHOICES = 30
"""More than members can tell apart; the programmes of the samples have seven."""

MAX_COUNTERS = 30
"""Each activity may move each of them, which is a row."""

MAX_DELIVERY_MINUTES = 43_200
"""Thirty days: by then a statement has closed in which the conversion still stood."""

MAX_FX = 2_000
"""Rates of money: some years of monthly ones for a dozen currencies."""


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


class JoiningWay(StrEnum):
    """How somebody becomes a member."""

    APPLICATION = "application"
    INVITATION = "invitation"
    PURCHASE = "purchase"


class PointsCurrency(DefinitionTable):
    """The points currency that the programme issues."""

    code: PointsCode
    """Unlike every code of ISO 4217 and every other programme's."""
    exponent: Annotated[int, Field(ge=0, le=MAX_EXPONENT)] = 0
    """Decimals of its minor unit; 0 where points are whole."""


class Joining(DefinitionTable):
    """How people become members."""

    ways: Annotated[
        tuple[Annotated[JoiningWay, Field(strict=False)], ...],
        Field(strict=False, min_length=1),
    ] = (JoiningWay.APPLICATION,)
    """"application"; "invitation", which the partner gives; "purchase"."""
    price: Price | None = None
    """With "purchase": what membership costs."""


class Conversion(DefinitionTable):
    """Which way points may be converted, at the rates of the rate book."""

    into: bool = True
    """Whether other points may be turned into these."""
    out: bool = True
    """Whether these may be turned into others."""
    delivery_minutes: Annotated[int, Field(ge=1, le=MAX_DELIVERY_MINUTES)] = 1_440
    """With custody "partner": how many minutes the partner has to say that points which were
    turned into these are credited; then the conversion is taken back. Absent: a day."""


class Choice(DefinitionTable):
    """What a member may elect to earn."""

    id: Slug
    programmes: Annotated[tuple[Slug, ...], Field(strict=False, max_length=30)] = ()
    """Other programmes of which the member names one: rules that give points of these hold for
    the one that was named, the first where none was."""

    def named(self, programme: str | None) -> str | None:
        """The programme that the member named, else the first; None where there are none."""
        return programme if programme in self.programmes else next(iter(self.programmes), None)


class Benefit(DefinitionTable):
    """Something that members have besides points, for people to read."""

    benefit: Slug
    """Its id."""
    name: Name
    """What it is."""
    tiers: Annotated[tuple[TierName, ...], Field(strict=False, min_length=1)] | None = None
    """Tiers that have it; absent: all of them."""


class Succession(DefinitionTable):
    """The programme that this one replaces."""

    programme: Slug
    """The old programme, of the same partner."""
    on: Instant
    """From when on its members are carried over, and it earns no more."""
    ratio: Points
    """Points of this programme, in major units, for one of the old one; rounded down."""
    tiers: Annotated[Mapping[TierName, TierName], Field(max_length=MAX_TIERS)] = Field(
        default_factory=dict
    )
    """The tier here by the old one's; a tier that is not named becomes the entry tier."""


class ProgrammeDefinition(DefinitionTable):
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
    time_zone: TimeZone = Field(default="UTC", validate_default=True)
    """In which its days, months and years are counted."""
    exclusive: bool = False
    """Whether what earns here earns points of no other programme: no double dip of any form."""
    currency: PointsCurrency | None = None
    """Absent: the programme has no points of its own."""
    joining: Joining = Field(default_factory=Joining)
    tiers: Annotated[tuple[Tier, ...], Field(strict=False, min_length=1, max_length=MAX_TIERS)] = (
        Field(default_factory=lambda: (Tier(name="MEMBER"),))
    )
    """The first is the entry tier; absent: MEMBER alone."""
    qualification: Qualification = Field(default_factory=Qualification)
    counters: Annotated[tuple[Counter, ...], Field(strict=False, max_length=MAX_COUNTERS)] = ()
    """What is counted for tiers."""
    choices: Annotated[
        tuple[Choice, ...], Field(strict=False, min_length=1, max_length=MAX_CHOICES)
    ] = Field(default_factory=lambda: (Choice(id="points"),))
    """The first is the default; absent: "points" alone."""
    earn: Annotated[tuple[EarnRule, ...], Field(strict=False, max_length=MAX_RULES)] = ()
    """Rules of earning; absent: only stated points are earned."""
    fx: Annotated[tuple[ForeignMoney, ...], Field(strict=False, max_length=MAX_FX)] = ()
    """What foreign money is worth."""
    conversion: Conversion = Field(default_factory=Conversion)
    """Absent: both ways."""
    expiry: Expiry | None = None
    awards: Annotated[tuple[Award, ...], Field(strict=False, max_length=MAX_AWARDS)] = ()
    """What points are redeemed for."""
    vouchers: Annotated[tuple[EarnedVoucher, ...], Field(strict=False, max_length=30)] = ()
    """Vouchers that members get without points."""
    buying: Buying | None = None
    """Absent: no points are sold."""
    benefits: Annotated[tuple[Benefit, ...], Field(strict=False, max_length=100)] = ()
    replaces: Succession | None = None

    @property
    def keeps_points(self) -> bool:
        """Whether it has points of its own, and their balances are kept by the gateway."""
        return self.currency is not None and self.custody is Custody.GATEWAY

    @property
    def entry_tier(self) -> str:
        """Tier of a member who comes with none."""
        return self.tiers[0].name

    @property
    def default_choice(self) -> str:
        """Choice of a member who made none."""
        return self.choices[0].id

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """The place of each tier, the lowest 0."""
        return MappingProxyType({tier.name: rank for rank, tier in enumerate(self.tiers)})

    @cached_property
    def has_reachable_tiers(self) -> bool:
        """Whether what is counted brings a tier."""
        return any(tier.reached or tier.lifetime for tier in self.tiers)

    def tier(self, name: str) -> Tier:
        """A tier by its name.

        Raises UnknownTier.
        """
        if name not in self.ranks:
            raise UnknownTier(name, self.ranks)
        return self.tiers[self.ranks[name]]

    def bonus_of(self, tier: str) -> Fraction:
        """The part of base points that a tier adds.

        Raises UnknownTier.
        """
        return self.tier(tier).bonus_part

    @cached_property
    def choices_by_id(self) -> Mapping[str, Choice]:
        """What members may choose, by its id."""
        return MappingProxyType({declared.id: declared for declared in self.choices})

    def choice(self, choice_id: str) -> Choice:
        """What members may choose, by its id.

        Raises UnknownChoice.
        """
        declared = self.choices_by_id.get(choice_id)
        if declared is None:
            raise UnknownChoice(choice_id, self.choices_by_id)
        return declared

    def earns(self, rule: EarnRule) -> str:
        """The programme whose points a rule of this one gives."""
        return rule.programme or self.programme

    @cached_property
    def rules_by_kind(self) -> Mapping[str, tuple[EarnRule, ...]]:
        """Rules by the kind of activity that they are for, in their order."""
        rules: dict[str, tuple[EarnRule, ...]] = {}
        for rule in self.earn:
            rules[rule.activity] = (*rules.get(rule.activity, ()), rule)
        return MappingProxyType(rules)

    @cached_property
    def limited_rules(self) -> Mapping[str, EarnRule]:
        """Rules for which it matters what they gave before, by their ids."""
        return MappingProxyType({rule.rule: rule for rule in self.earn if rule.is_limited})

    def takes_early(self, kind: str) -> bool:
        """Whether activities of a kind may be reported before they are over."""
        return kind in self._early_kinds

    @cached_property
    def _early_kinds(self) -> frozenset[str]:
        return frozenset(
            kind
            for kind, rules in self.rules_by_kind.items()
            if all(rule.available is Available.AT_END for rule in rules)
        )

    def award(self, award_id: str) -> Award | None:
        """An award of the catalogue."""
        return next((award for award in self.awards if award.award == award_id), None)

    @cached_property
    def tables_by_counter(self) -> Mapping[str, tuple[Counter, ...]]:
        """What is counted, by the counter that it adds to."""
        tables: dict[str, tuple[Counter, ...]] = {}
        for table in self.counters:
            tables[table.counter] = (*tables.get(table.counter, ()), table)
        return MappingProxyType(tables)

    @cached_property
    def counter_exponents(self) -> Mapping[str, int]:
        """Decimals in which each counter is kept: the most of the money and points in it."""
        return MappingProxyType(
            {
                name: max(self.exponent_of_table(table) for table in tables)
                for name, tables in self.tables_by_counter.items()
            }
        )

    def exponent_of_table(self, table: Counter) -> int:
        """Decimals of what a table counts."""
        if table.per == PER_POINTS and self.currency:
            return self.currency.exponent
        return exponent_of(table.currency) if table.currency else 0

    def exchange(self, activity: Activity) -> MoneyExchange:
        """What money is worth for an activity, by when it started."""
        return MoneyExchange(self.rates_of_money, activity.started_at)

    @cached_property
    def rates_of_money(self) -> RatesOfMoney:
        """What foreign money is worth, from when on."""
        return rates_of_money(self.fx)


def definition_schema() -> dict[str, Any]:
    """Give the published schema of a definition (JSON Schema 2020-12).

    It holds what can be said of a document's form; parsing checks besides that ids are
    unique, that choices are declared, and that currencies exist.
    """
    schema = ProgrammeDefinition.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
