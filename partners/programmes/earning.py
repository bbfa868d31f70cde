"""What an activity earns under a programme's definition. Every rounding is down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from partners.activities import Activity
from partners.programmes.foreign_money import MoneyExchange
from partners.programmes.measuring import PER_POINTS, Exact, Measured, counted
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.money import in_words as money_in_words
from partners.programmes.rules import TIER_BONUS, Available, EarnRule
from settlement.ledger.amounts import floor_times
from settlement.ledger.values import value


class CurrencyNotEarning(LookupError):
    """Money in a currency for which the programme has no rule, where it has one for others."""

    def __init__(self, currency: str, category: str, accepted: Sequence[str]) -> None:
        super().__init__(
            f"{category} spend in {currency} cannot be earned on; "
            f"the programme takes {', '.join(accepted)}"
        )
        self.currency = currency
        self.category = category
        self.accepted = tuple(accepted)


class UnknownPointsCurrency(LookupError):
    """A rule gives points of a programme that is not known, or has no points."""

    def __init__(self, programme: str, rule: str) -> None:
        super().__init__(
            f"rule {rule} gives points of {programme}, which is not a programme with points here"
        )
        self.programme = programme
        self.rule = rule


@value
class EarnedLeg:
    """Points of one programme, for one reason, by one rule. Always positive.

    `funder` is the participant that the rule names, None for whoever reports the activity.
    Before `available_at` the points cannot be spent; None: at once. `because` says in words
    how they came about.
    """

    programme: str
    reason: str
    points_minor: int
    rule: str
    funder: str | None = None
    available_at: datetime | None = None
    because: str = ""


@value
class Given:
    """What limited rules gave before, in minor units of points, by rule."""

    to_member_on_day: Mapping[str, int] = field(default_factory=dict)
    to_member: Mapping[str, int] = field(default_factory=dict)
    to_all: Mapping[str, int] = field(default_factory=dict)


@value
class Earner:
    """What of a member decides what an activity earns, as it stood when the activity started."""

    tier: str
    choice: str
    chosen_programme: str | None = None
    """Of the choice's programmes the one that the member named."""
    registered: frozenset[str] = frozenset()
    """Rules for which the member had registered."""
    given: Given = field(default_factory=Given)


def earn(
    definition: ProgrammeDefinition,
    activity: Activity,
    earner: Earner,
    *,
    exponents: Mapping[str, int],
    explain: bool = True,
) -> tuple[EarnedLeg, ...]:
    """Give the legs that an activity earns, in the order of the rules; () where it earns nothing.

    Each rule sums what it counts over the whole activity, multiplies once and rounds down; then
    its minimum, its maximum and its limits hold. The tier's bonus is its percentage of those
    points, rounded down again. What is dropped is not earned by anybody. `exponents` gives the
    exponents of the other programmes' currencies. Without `explain` legs do not say how they
    came about: words cost as much as the points.

    Raises UnknownTier, UnknownChoice, CurrencyNotEarning, UnknownPointsCurrency, AmountOverflow.
    """
    desk = _Desk(definition, activity, earner, exponents, definition.exchange(activity), explain)
    return tuple([leg for leg in desk.legs() if leg.points_minor])


def passed_over(
    definition: ProgrammeDefinition,
    activity: Activity,
    earner: Earner,
    *,
    exponents: Mapping[str, int],
) -> tuple[tuple[str, str], ...]:
    """Rules for that kind of activity that give nothing, each with why, in their order.

    Raises what `earn` does.
    """
    desk = _Desk(
        definition, activity, earner, exponents, definition.exchange(activity), explain=True
    )
    given = {leg.rule: leg for leg in desk.legs() if leg.reason != TIER_BONUS}
    found = []
    for rule in definition.earn:
        leg = given.get(rule.rule)
        if rule.activity != activity.key.kind or (leg is not None and leg.points_minor):
            continue
        found.append((rule.rule, desk.why_not(rule) if leg is None else leg.because))
    return tuple(found)


@dataclass
class _Desk:
    """One activity of one member."""

    definition: ProgrammeDefinition
    activity: Activity
    earner: Earner
    exponents: Mapping[str, int]
    exchange: MoneyExchange
    explain: bool
    points: dict[str, int] = field(default_factory=dict)
    """Points of each rule so far, in minor units."""

    def legs(self) -> list[EarnedLeg]:
        """The legs, rule by rule; those of no points as well."""
        bonus = self.definition.bonus_of(self.earner.tier)
        legs: list[EarnedLeg] = []
        for rule in self._rules():
            exponent, exact = self._exponent(rule), self._counted(rule)
            points_minor = rule.points_for(exact, exponent)
            limits: Sequence[str] = ()
            if rule.is_bounded:
                points_minor, limits = self._limited(rule, points_minor, exponent)
            self.points[rule.rule] = points_minor
            words = self._in_words(rule, exact, limits) if self.explain else ""
            legs.append(self._leg(rule, rule.reason, points_minor, words))
            if rule.tier_bonus:
                if self.explain:
                    words = f"{_plain(bonus * 100)}% of these for tier {self.earner.tier}"
                extra = floor_times(points_minor, bonus)
                legs.append(self._leg(rule, TIER_BONUS, extra, words))
        return legs

    def _rules(self) -> list[EarnRule]:
        """Rules that hold for this activity and this member."""
        definition, activity, earner = self.definition, self.activity, self.earner
        choice = definition.choice(earner.choice)
        chosen = choice.named(earner.chosen_programme)
        of_kind = [
            rule
            for rule in definition.rules_by_kind.get(activity.key.kind, ())
            if rule.holds_at(activity.started_at) and rule.holds_where(activity)
        ]
        self._require_currencies(of_kind)
        if definition.counters:
            self._require_counting()
        return [
            rule
            for rule in of_kind
            if rule.holds_for(earner.tier, earner.choice)
            and (not rule.registration or rule.rule in earner.registered)
            and ((of := definition.earns(rule)) not in choice.programmes or of == chosen)
        ]

    def _require_counting(self) -> None:
        """Refuse money that a counter would count if it were of another currency."""
        counting = [c for c in self.definition.counters if c.counts(self.activity)]
        for name in dict.fromkeys(counter.counter for counter in counting):
            self._require_currencies([c for c in counting if c.counter == name])

    def why_not(self, rule: EarnRule) -> str:
        """Why a rule does not hold, in words; the first reason of several."""
        choice = self.definition.choice(self.earner.choice)
        lacking = [name for name in rule.where if self.activity.attribute(name) is None]
        tiers, choices = ", ".join(rule.tiers or ()), ", ".join(rule.choices or ())
        for holds, words in (
            (rule.holds_at(self.activity.started_at), "it is not in its dates"),
            (not lacking, f"the activity has no {', '.join(lacking)}"),
            (rule.holds_where(self.activity), f"it asks for another {', '.join(rule.where)}"),
            (
                rule.tiers is None or self.earner.tier in rule.tiers,
                f"it is for {tiers}, and the member has {self.earner.tier}",
            ),
            (
                rule.choices is None or self.earner.choice in rule.choices,
                f"it is for {choices}, and the member chose {self.earner.choice}",
            ),
            (
                not rule.registration or rule.rule in self.earner.registered,
                "the member had not registered for it",
            ),
        ):
            if not holds:
                return words
        return f"the member chose {choice.named(self.earner.chosen_programme)}"

    def _require_currencies(self, measures: Sequence[Measured]) -> None:
        """Refuse money that some of these would count if it were of another currency.

        The member's choice does not matter here: whether the programme can price the activity
        is no question of what the member elected.
        """
        for part in self.activity.spend:
            others: set[str] = set()
            for measure in measures:
                if measure.currency and measure.looks_at(part.category):
                    if self.exchange(part.currency, measure.currency) is not None:
                        break
                    others.add(measure.currency)
            else:
                if others:
                    raise CurrencyNotEarning(part.currency, part.category, sorted(others))

    def _counted(self, rule: EarnRule) -> Exact:
        """What the rule counts; of other rules' points those in major units."""
        if rule.per != PER_POINTS:
            return counted(rule, self.activity, self.exchange)
        exact = Fraction(0)
        for other in self.definition.earn:
            if other.rule in (rule.of or ()):
                exact += Fraction(self.points.get(other.rule, 0), 10 ** self._exponent(other))
        return exact

    def _limited(self, rule: EarnRule, points_minor: int, exponent: int) -> tuple[int, list[str]]:
        """Points after minimum, maximum and limits, and which of them changed the figure."""
        given = self.earner.given
        name, words = rule.rule, []
        if rule.minimum is not None and 0 < points_minor < _minor(rule.minimum, exponent):
            points_minor = _minor(rule.minimum, exponent)
            words.append(f"at least {_plain(rule.minimum)}")
        for cap, before, label in (
            (rule.maximum, 0, "at most {} for one activity"),
            (rule.cap_per_day, given.to_member_on_day.get(name, 0), "at most {} a day"),
            (rule.cap_per_member, given.to_member.get(name, 0), "at most {} for one member"),
            (rule.budget, given.to_all.get(name, 0), "the budget of {} is used up"),
        ):
            if cap is not None and points_minor > (left := max(0, _minor(cap, exponent) - before)):
                points_minor = left
                words.append(label.format(_plain(cap)))
        return points_minor, words

    def _leg(self, rule: EarnRule, reason: str, points_minor: int, because: str) -> EarnedLeg:
        return EarnedLeg(
            self.definition.earns(rule),
            reason,
            points_minor,
            rule.rule,
            rule.funder,
            self.activity.ended_at if rule.available is Available.AT_END else None,
            because,
        )

    def _in_words(self, rule: EarnRule, exact: Exact, limits: Sequence[str]) -> str:
        if rule.currency:
            on = money_in_words(int(exact), rule.currency)
        else:
            on = f"{_plain(Fraction(exact))} {rule.per}"
        per = rule.currency or rule.per
        return "; ".join([f"{_plain(rule.points)} per {per} on {on}", *limits])

    def _exponent(self, rule: EarnRule) -> int:
        programme = self.definition.earns(rule)
        if programme == self.definition.programme and self.definition.currency:
            return self.definition.currency.exponent
        try:
            return self.exponents[programme]
        except KeyError:
            raise UnknownPointsCurrency(programme, rule.rule) from None


def _minor(points: Fraction, exponent: int) -> int:
    """Points in minor units, rounded down."""
    return int(points * 10**exponent)


def _plain(number: Fraction) -> str:
    """Write a number for people: with up to 6 decimals, or as a fraction."""
    million = number * 10**6
    if million.denominator != 1:
        return str(number)
    return f"{Decimal(int(million)).scaleb(-6).normalize():f}"
