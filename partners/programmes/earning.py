"""What an activity earns under a programme's definition. Every rounding is down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from partners.activities import Activity, Spend
from partners.programmes.model import (
    PER_ACTIVITY,
    PER_MONEY,
    TIER_BONUS,
    EarnRule,
    ProgrammeDefinition,
)
from settlement.ledger.amounts import floor_times


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
    """A rule gives points of a programme that is not known."""

    def __init__(self, programme: str, rule: str) -> None:
        super().__init__(f"rule {rule} gives points of {programme}, which is not a programme here")
        self.programme = programme
        self.rule = rule


@dataclass(frozen=True, slots=True)
class EarnedLeg:
    """Points of one programme, for one reason, by one rule. Always positive."""

    programme: str
    reason: str
    points_minor: int
    rule: str


def earn(
    definition: ProgrammeDefinition,
    activity: Activity,
    *,
    tier: str,
    choice: str,
    exponents: Mapping[str, int],
) -> tuple[EarnedLeg, ...]:
    """Give the legs that an activity earns, in the order of the rules; () where it earns nothing.

    Each rule sums what it counts over the whole activity, multiplies once and rounds down; the
    tier's bonus is its percentage of those points, rounded down again. What is dropped is not
    earned by anybody. `exponents` gives the exponents of the other programmes' currencies.

    Raises UnknownTier, UnknownChoice, CurrencyNotEarning, UnknownPointsCurrency, AmountOverflow.
    """
    bonus = definition.bonus_of(tier)
    definition.require_choice(choice)
    rules = [rule for rule in definition.earn if rule.activity == activity.key.kind]
    _require_currencies(rules, activity.spend)
    legs: list[EarnedLeg] = []
    for rule in rules:
        if not rule.holds_for(choice):
            continue
        programme = definition.earns(rule)
        points_minor = _points(rule, activity, _exponent(definition, rule, exponents))
        legs.append(EarnedLeg(programme, rule.reason, points_minor, rule.rule))
        if rule.tier_bonus:
            bonus_minor = floor_times(points_minor, bonus)
            legs.append(EarnedLeg(programme, TIER_BONUS, bonus_minor, rule.rule))
    return tuple(leg for leg in legs if leg.points_minor)


def _require_currencies(rules: Sequence[EarnRule], spend: Sequence[Spend]) -> None:
    """Refuse money that some rule would count if it were of another currency.

    The member's choice does not matter here: whether the programme can price the activity is
    no question of what the member elected.
    """
    for part in spend:
        accepted = [rule.currency for rule in rules if rule.looks_at(part.category)]
        if accepted and part.currency not in accepted:
            named = sorted({currency for currency in accepted if currency})
            raise CurrencyNotEarning(part.currency, part.category, named)


def _points(rule: EarnRule, activity: Activity, exponent: int) -> int:
    """Points in minor units: one multiplication, rounded down."""
    return floor_times(sum(_counted(rule, activity)) * 10**exponent, rule.points_per_minor)


def _counted(rule: EarnRule, activity: Activity) -> Sequence[int]:
    """What the rule counts of an activity. A further measure is a further case here."""
    if rule.per == PER_ACTIVITY:
        return [1]
    if rule.per == PER_MONEY:
        return [
            part.minor
            for part in activity.spend
            if rule.looks_at(part.category) and part.currency == rule.currency
        ]
    return [quantity.count for quantity in activity.quantities if quantity.unit == rule.unit]


def _exponent(definition: ProgrammeDefinition, rule: EarnRule, exponents: Mapping[str, int]) -> int:
    programme = definition.earns(rule)
    if programme == definition.programme:
        return definition.currency.exponent
    try:
        return exponents[programme]
    except KeyError:
        raise UnknownPointsCurrency(programme, rule.rule) from None
