"""Contradictions of a definition in its tiers and in what is counted for them."""

from collections.abc import Iterator, Sequence

from partners.programmes.findings import Finding, not_there
from partners.programmes.forms import shown
from partners.programmes.levels import (
    MAX_LIMITS,
    YEARS,
    Alternatives,
    Counter,
    Fall,
    Keep,
    Period,
    Term,
    Tier,
)
from partners.programmes.measuring import PER_MEMBERSHIP_MONTH, PER_POINTS
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.toml_lines import Path

COUNT_MONTHS = frozenset({Period.CONSECUTIVE_MONTHS, Period.MONTHLY_RATING})


def tier_contradictions(definition: ProgrammeDefinition) -> Iterator[Finding]:
    """Everything in tiers, qualification and counters that contradicts something else."""
    yield from _qualification(definition)
    counters = sorted({counter.counter for counter in definition.counters})
    for index, tier in enumerate(definition.tiers):
        path: Path = ("tiers", index)
        yield from _names_of_tier(path, tier, counters, definition)
        yield from _bonus(path, tier)
        yield from _holding(path, tier, definition)
        yield from _relegation(path, tier, definition)
    yield from _too_many(definition)
    yield from _entry_tier(definition.tiers[0])
    for index, counter in enumerate(definition.counters):
        yield from _counter(("counters", index), counter, definition)


def _too_many(definition: ProgrammeDefinition) -> Iterator[Finding]:
    """More than can be looked at for every activity."""
    limits = 0
    for index, tier in enumerate(definition.tiers):
        for key in ("reached", "lifetime"):
            limits += sum(map(len, getattr(tier, key) or ()))
            if limits > MAX_LIMITS:
                problem = f"brings the limits of all tiers to {limits}"
                yield Finding(("tiers", index, key), problem, f"keep to {MAX_LIMITS} in all")
                return


def _qualification(definition: ProgrammeDefinition) -> Iterator[Finding]:
    q = definition.qualification
    stated = q.model_fields_set
    if q.term in {Term.PERIOD, Term.NEXT_PERIOD} and q.period not in YEARS:
        key, value = ("term", q.term) if "term" in stated else ("period", q.period)
        yield Finding(
            ("qualification", key),
            f"is {shown(str(value))}, and terms of periods go by years",
            'write term = "months" or "while-reached"',
        )
    if "months" in stated and q.period not in COUNT_MONTHS:
        remedy = 'remove it, or write period = "consecutive-months" or "monthly-rating"'
        yield Finding(("qualification", "months"), f"is not of {shown(str(q.period))}", remedy)
    if "term_months" in stated and q.term is not Term.MONTHS:
        remedy = 'remove it, or write term = "months"'
        yield Finding(("qualification", "term_months"), f"is not of {shown(str(q.term))}", remedy)
    if q.fall is Fall.ONE_STEP and q.term is Term.WHILE_REACHED:
        problem = "is one step at the end of a term, and tiers have none"
        remedy = 'write fall = "to-reached", or another term'
        yield Finding(("qualification", "fall"), problem, remedy)


def _names_of_tier(
    path: Path, tier: Tier, counters: Sequence[str], definition: ProgrammeDefinition
) -> Iterator[Finding]:
    for key in ("reached", "lifetime"):
        yield from _unknown_counters((*path, key), getattr(tier, key), counters)
    if tier.lowest_by is not None and tier.lowest_by not in counters:
        yield not_there((*path, "lowest_by"), "counter", tier.lowest_by, counters)
    for index, match in enumerate(tier.match):
        if match.programme == definition.programme:
            problem, remedy = "is this programme itself", "name another programme"
            yield Finding((*path, "match", index, "programme"), problem, remedy)


def _unknown_counters(
    path: Path, alternatives: Alternatives | None, counters: Sequence[str]
) -> Iterator[Finding]:
    for index, alternative in enumerate(alternatives or ()):
        for name in alternative:
            if name not in counters:
                yield not_there((*path, index, name), "counter", name, counters)


def _bonus(path: Path, tier: Tier) -> Iterator[Finding]:
    if tier.multiplier is not None and (tier.bonus or tier.multiplier < 1):
        yield Finding(
            (*path, "multiplier"),
            "is below 1, or stands beside a bonus",
            'write a bonus such as "25%", or a multiplier from "1" on',
        )


def _holding(path: Path, tier: Tier, definition: ProgrammeDefinition) -> Iterator[Finding]:
    """How long a tier holds that is given and not reached."""
    given = [key for key in ("price", "match") if getattr(tier, key)]
    if tier.holds is not None and not given and not tier.invitation:
        problem = "is of tiers that are bought, matched or accepted, and this one is not"
        yield Finding((*path, "holds"), problem, "remove it, or add price, match or invitation")
    if tier.holds is None and definition.qualification.term is Term.WHILE_REACHED:
        endless = tier.price or any(match.holds is None for match in tier.match)
        if given and endless:
            problem = "has no end: tiers hold while they are reached, and this is not reached"
            yield Finding((*path, given[0]), problem, 'add holds, such as "12 months"')


def _relegation(path: Path, tier: Tier, definition: ProgrammeDefinition) -> Iterator[Finding]:
    if (tier.lowest_fall is None) != (tier.lowest_by is None):
        remedy = "write lowest_fall and lowest_by, or neither"
        yield Finding((*path, "lowest_fall"), "goes with lowest_by", remedy)
    if tier.lowest_fall is None:
        return
    if tier.lowest_fall > 1:
        yield Finding((*path, "lowest_fall"), "is more than all of them", 'write up to "100%"')
    q = definition.qualification
    if q.period not in YEARS or q.term is Term.WHILE_REACHED:
        problem = "is of years that end, and tiers are not counted by years here"
        remedy = 'remove it, or write period = "calendar-year" with term = "period"'
        yield Finding((*path, "lowest_fall"), problem, remedy)


def _entry_tier(entry: Tier) -> Iterator[Finding]:
    for key in ("reached", "lifetime", "invitation", "price", "match", "lowest_fall"):
        if getattr(entry, key):
            remedy = "put a tier before it, or remove it"
            yield Finding(("tiers", 0, key), "is of the entry tier, which all have", remedy)


def _counter(path: Path, counter: Counter, definition: ProgrammeDefinition) -> Iterator[Finding]:
    same = [other for other in definition.counters if other.counter == counter.counter]
    if any(other.keep is not counter.keep for other in same):
        remedy = "give every table of that counter the same keep"
        yield Finding((*path, "keep"), f"differs among the tables of {counter.counter}", remedy)
    if counter.per == PER_POINTS and definition.currency is None:
        remedy = "count something else, or add [currency]"
        yield Finding((*path, "per"), "is points, and the programme has none", remedy)
    if counter.per == PER_MEMBERSHIP_MONTH and counter.activity is not None:
        problem = "is of activities, and months of membership are of none"
        yield Finding((*path, "activity"), problem, "remove it")
    if counter.per == PER_MEMBERSHIP_MONTH and counter.keep is not Keep.SUM:
        problem = "is of values that activities give, and months of membership are of none"
        yield Finding((*path, "keep"), problem, 'remove it, or write keep = "sum"')
    if counter.per != PER_POINTS and "reasons" in counter.model_fields_set:
        problem, remedy = f"is of points, and it is per {counter.per}", "remove it"
        yield Finding((*path, "reasons"), problem, remedy)
