"""Contradictions of a definition in its rules of earning, and in what money is worth."""

from collections.abc import Iterator

from partners.programmes.findings import Finding, unknown
from partners.programmes.forms import shown
from partners.programmes.measuring import (
    PER_MEMBERSHIP_MONTH,
    PER_MONEY,
    PER_POINTS,
    Measured,
)
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.rules import TIER_BONUS, EarnRule
from partners.programmes.toml_lines import Path


def earning_contradictions(definition: ProgrammeDefinition) -> Iterator[Finding]:
    """Everything in measures, rules and rates of money that contradicts something else."""
    for index, counter in enumerate(definition.counters):
        yield from _measure(("counters", index), counter)
    for index, rule in enumerate(definition.earn):
        path: Path = ("earn", index)
        yield from _measure(path, rule)
        yield from _rule(path, rule)
        yield from _whose(path, rule, definition)
        yield from _sum(path, rule, definition)
        yield from _choices(path, rule, definition)
    yield from _money(definition)


def _measure(path: Path, measure: Measured) -> Iterator[Finding]:
    if measure.per == PER_MONEY and measure.currency is None:
        problem = "is missing, and it is per money"
        yield Finding((*path, "currency"), problem, 'name the money, such as "EUR"')
    if measure.per != PER_MONEY:
        for field in ("category", "currency"):
            if getattr(measure, field) is not None:
                problem = f"is of money, and it is per {measure.per}"
                yield Finding((*path, field), problem, f'remove it, or write per = "{PER_MONEY}"')

    for name in measure.where:
        if measure.per == PER_MEMBERSHIP_MONTH:
            problem = "is of activities, and months of membership are of none"
            yield Finding((*path, "where", name), problem, "remove it")


def _rule(path: Path, rule: EarnRule) -> Iterator[Finding]:
    if rule.reason == TIER_BONUS:
        yield Finding(
            (*path, "reason"),
            f"is {TIER_BONUS}, which the gateway gives by itself",
            "leave it out and set tier_bonus = true",
        )
    if rule.per == PER_MEMBERSHIP_MONTH:
        yield Finding((*path, "per"), "is no part of an activity", "count it for tiers")
    if rule.valid_from and rule.valid_to and rule.valid_to <= rule.valid_from:
        yield Finding((*path, "valid_to"), "is not after valid_from", "let it end later")
    if rule.minimum and rule.maximum and rule.minimum > rule.maximum:
        yield Finding((*path, "minimum"), "is more than the maximum", "exchange the two")


def _whose(path: Path, rule: EarnRule, definition: ProgrammeDefinition) -> Iterator[Finding]:
    """Whose points a rule gives."""
    own = definition.earns(rule) == definition.programme
    if own and definition.currency is None:
        remedy = "name the programme whose points they are, or add [currency]"
        yield Finding((*path, "rule"), "gives points, and the programme has none", remedy)
    if not own and definition.exclusive:
        remedy = "remove the rule, or exclusive"
        problem = "is another programme, and what earns here earns nothing elsewhere"
        yield Finding((*path, "programme"), problem, remedy)


def _sum(path: Path, rule: EarnRule, definition: ProgrammeDefinition) -> Iterator[Finding]:
    """Points that are counted of other rules."""
    if (rule.per == PER_POINTS) != (rule.of is not None):
        problem = 'goes with per = "points"'
        yield Finding((*path, "of"), problem, "name the rules whose points count, or remove it")
    index = int(path[1])
    above = [other.rule for other in definition.earn[:index]]
    yield from unknown((*path, "of"), "rule above this one", rule.of, above)


def _choices(path: Path, rule: EarnRule, definition: ProgrammeDefinition) -> Iterator[Finding]:
    choices = [choice.id for choice in definition.choices]
    for index, choice in enumerate(rule.choices or ()):
        if choice not in choices:
            problem = f"is {shown(choice)}, which members cannot choose"
            remedy = f"add it under [[choices]], or take one of {', '.join(choices)}"
            yield Finding((*path, "choices", index), problem, remedy)


def _money(definition: ProgrammeDefinition) -> Iterator[Finding]:
    counted = {c.currency for c in definition.counters} | {r.currency for r in definition.earn}
    known = sorted(currency for currency in counted if currency)
    seen = set()
    for index, rate in enumerate(definition.fx):
        path: Path = ("fx", index)
        if rate.currency == rate.to:
            yield Finding((*path, "to"), "is the same money", "name the money that is counted")
        elif rate.to not in known:
            remedy = f"take one of {', '.join(known)}" if known else "remove the table"
            problem = f"is {rate.to}, which no rule or counter counts"
            yield Finding((*path, "to"), problem, remedy)
        key = (rate.currency, rate.to, rate.valid_from)
        if key in seen:
            problem = f"is a second rate of {rate.currency} in {rate.to} from that instant on"
            yield Finding((*path, "valid_from"), problem, "keep one of them")
        seen.add(key)
