"""What contradicts itself in a definition, each with its line, field, problem and remedy."""

from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel

from partners.programmes import definition as door
from partners.programmes.definition import (
    BadDefinition,
    Problem,
    ProgrammeDefinition,
    parse_definition,
)

HEAD = """\
schema = 1
programme = "hotel-h"
name = "Hotel H Rewards"
valid_from = 2015-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"
"""
CURRENCY = '[currency]\ncode = "H-POINTS"\n'
STAYS = '[[counters]]\ncounter = "stays"\nper = "activity"\n'
TWO = CURRENCY + STAYS + '[[tiers]]\nname = "MEMBER"\n[[tiers]]\nname = "GOLD"\n'
RULE = CURRENCY + '[[earn]]\nrule = "base"\nactivity = "STAY"\npoints = 1\n'
NIGHTS = RULE + 'per = "night"\n'
AWARD = CURRENCY + '[[awards]]\naward = "night"\nname = "A night"\nprices = [{ points = 1 }]\n'
FX = '[[fx]]\ncurrency = "USD"\nrate = "0.9"\nvalid_from = 2026-01-01T00:00:00Z\n'
SECOND_RULE = '[[earn]]\nrule = "second"\nactivity = "STAY"\npoints = 1\nper = "points"\n'
REPLACES = '[replaces]\nprogramme = "old"\non = 2026-01-01T00:00:00Z\nratio = 1\n'
WHILE = '[qualification]\nperiod = "consecutive-months"\nterm = "while-reached"\n'
MONTHS = '[qualification]\nperiod = "consecutive-months"\nterm = "months"\n'


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with a definition that must be refused."""
    with pytest.raises(BadDefinition) as refused:
        parse_definition((HEAD + text).encode())
    return refused.value.problems


@pytest.mark.parametrize(
    "text",
    [
        TWO, RULE + 'per = "night"\n', AWARD, TWO + WHILE, TWO + MONTHS,
        RULE + 'per = "money"\ncurrency = "EUR"\n' + FX + 'to = "EUR"\n',
        NIGHTS + SECOND_RULE + 'of = ["base"]\n',
    ],
)  # fmt: skip
def test_what_the_broken_ones_are_made_of_is_right(text: str) -> None:
    parse_definition((HEAD + text).encode())


@pytest.mark.parametrize(
    ("text", "line", "field", "problem", "remedy"),
    [
        # The programme as a whole.
        ('[currency]\ncode = "EUR"\n', 8, "currency.code", "which is money", "ISO 4217"),
        (AWARD.removeprefix(CURRENCY), 7, "awards", "no [currency]", "remove awards"),
        ('[expiry]\nby = "age"\nafter = "1 years"\n', 7, "expiry", "no [currency]", "remove"),
        ('[joining]\nways = ["purchase"]\n', 7, "joining.price", "is bought", "state a price"),
        ('[joining]\nprice = "5 EUR"\n', 8, "joining.price", "is bought", '"purchase"'),
        (CURRENCY + '[expiry]\nby = "age"\nafter = "1 years"\nactivities = ["STAY"]\n', 12,
         "expiry.activities", "expire by age", "inactivity"),
        (CURRENCY + '[expiry]\nby = "age"\nafter = "1 years"\nexempt_tiers = ["TOP"]\n', 12,
         "expiry.exempt_tiers[0]", "no such tier", "MEMBER"),
        ('[replaces]\nprogramme = "hotel-h"\non = 2026-01-01T00:00:00Z\nratio = 1\n', 8,
         "replaces.programme", "this programme itself", "the old"),
        (REPLACES + 'tiers = { OLD-GOLD = "GOLD" }\n', 11, "replaces.tiers.OLD-GOLD",
         "no such tier", "MEMBER"),
        # Tiers.
        (TWO + "reached = [{ nights = 4 }]\n", 16, "tiers[1].reached[0].nights",
         "no such counter", "stays"),
        (TWO + "lifetime = [{ stays = 4 }, { nights = 4 }]\n", 16,
         "tiers[1].lifetime[1].nights", "no such counter", "stays"),
        (TWO + 'bonus = "5%"\nmultiplier = 2\n', 17, "tiers[1].multiplier", "beside a bonus",
         "25%"),
        (TWO + 'multiplier = "0.5"\n', 16, "tiers[1].multiplier", "below 1", 'from "1" on'),
        (TWO + 'holds = "1 years"\n', 16, "tiers[1].holds", "bought, matched or accepted",
         "add price"),
        (TWO + 'lowest_fall = "5%"\n', 16, "tiers[1].lowest_fall", "goes with lowest_by",
         "or neither"),
        (TWO + 'lowest_by = "stays"\n', 14, "tiers[1].lowest_fall", "goes with", "or neither"),
        (TWO + 'lowest_fall = "101%"\nlowest_by = "stays"\n', 16, "tiers[1].lowest_fall",
         "more than all", "100%"),
        (TWO + 'lowest_fall = "5%"\nlowest_by = "nights"\n', 17, "tiers[1].lowest_by",
         "no such counter", "stays"),
        (TWO + 'lowest_fall = "5%"\nlowest_by = "stays"\n' + MONTHS, 16, "tiers[1].lowest_fall",
         "not counted by years", "calendar-year"),
        (TWO + 'match = [{ programme = "hotel-h", tier = "TOP" }]\n', 16,
         "tiers[1].match[0].programme", "this programme itself", "another"),
        (TWO + 'price = "5 EUR"\n' + WHILE, 16, "tiers[1].price", "no end", "holds"),
        (TWO + '[[tiers.match]]\nprogramme = "other"\ntier = "TOP"\n' + WHILE, 16,
         "tiers[1].match", "no end", "holds"),
        (TWO.replace('"GOLD"', '"MEMBER"'), 15, "tiers[1].name", "a second time", "its own"),
        *(
            (STAYS + f'[[tiers]]\nname = "MEMBER"\n{key} = {value}\n', 12, f"tiers[0].{key}",
             "which all have", "put a tier before it")
            for key, value in (
                ("reached", "[{ stays = 1 }]"), ("lifetime", "[{ stays = 1 }]"),
                ("invitation", "true"), ("price", '"5 EUR"'),
                ("match", '[{ programme = "other", tier = "TOP" }]'),
            )
        ),
        # Qualification.
        ('[qualification]\nperiod = "consecutive-months"\n', 8, "qualification.period",
         "go by years", 'term = "months"'),
        ('[qualification]\nperiod = "monthly-rating"\nterm = "period"\n', 9,
         "qualification.term", "go by years", 'term = "months"'),
        ("[qualification]\nmonths = 6\n", 8, "qualification.months", "calendar-year",
         "consecutive-months"),
        ("[qualification]\nterm_months = 6\n", 8, "qualification.term_months", "next-period",
         'term = "months"'),
        (WHILE + 'fall = "one-step"\n', 10, "qualification.fall", "tiers have none",
         "to-reached"),
        # Counters.
        (STAYS + STAYS + 'keep = "latest"\n', 7, "counters[0].keep", "differs",
         "same keep"),
        ('[[counters]]\ncounter = "pts"\nper = "points"\n', 9, "counters[0].per", "has none",
         "[currency]"),
        ('[[counters]]\ncounter = "mon"\nper = "membership_month"\nactivity = "STAY"\n', 10,
         "counters[0].activity", "of none", "remove"),
        ('[[counters]]\ncounter = "mon"\nper = "membership_month"\nkeep = "latest"\n', 10,
         "counters[0].keep", "of none", '"sum"'),
        ('[[counters]]\ncounter = "mon"\nper = "membership_month"\nwhere = { a-b = ["c"] }\n', 10,
         "counters[0].where.a-b", "of none", "remove"),
        (STAYS + 'reasons = ["BASE"]\n', 10, "counters[0].reasons", "of points", "remove"),
        ('[[counters]]\ncounter = "mon"\nper = "money"\n', 7, "counters[0].currency",
         "is missing", "name the money"),
        (STAYS + 'category = "ROOM"\n', 10, "counters[0].category", "of money", "remove"),
        # Rules.
        (RULE.removeprefix(CURRENCY) + 'per = "night"\n', 8, "earn[0].rule", "has none",
         "[currency]"),
        ("exclusive = true\n" + NIGHTS + 'programme = "airline"\n', 15, "earn[0].programme",
         "nothing elsewhere", "exclusive"),
        (RULE + 'per = "membership_month"\n', 13, "earn[0].per", "no part of an activity",
         "for tiers"),
        (RULE + 'per = "money"\n', 9, "earn[0].currency", "is missing", "name the money"),
        (NIGHTS + 'reason = "TIER_BONUS"\n', 14, "earn[0].reason", "by itself", "tier_bonus"),
        (NIGHTS + 'of = ["base"]\n', 14, "earn[0].of", "goes with", "name the rules"),
        (NIGHTS + SECOND_RULE, 14, "earn[1].of", "goes with", "name the rules"),
        (NIGHTS + SECOND_RULE + 'of = ["second"]\n', 19, "earn[1].of[0]", "no such rule", "base"),
        (RULE + 'per = "points"\nof = ["base"]\n', 14, "earn[0].of[0]", "no such rule above",
         "add a rule"),
        (NIGHTS + 'tiers = ["TOP"]\n', 14, "earn[0].tiers[0]", "no such tier", "MEMBER"),
        (NIGHTS + 'choices = ["miles"]\n', 14, "earn[0].choices[0]", "cannot choose",
         "[[choices]]"),
        (NIGHTS + "minimum = 2\nmaximum = 1\n", 14, "earn[0].minimum", "more than the maximum",
         "exchange"),
        (NIGHTS + "valid_from = 2026-01-02T00:00:00Z\nvalid_to = 2026-01-02T00:00:00Z\n", 15,
         "earn[0].valid_to", "not after", "later"),
        (NIGHTS + NIGHTS.removeprefix(CURRENCY), 15, "earn[1].rule", "a second time", "its own"),
        ('[[choices]]\nid = "miles"\nprogrammes = ["airline", "airline"]\n', 9,
         "choices[0].programmes[1]", "second time", "each once"),
        ('[[choices]]\nid = "miles"\nprogrammes = ["hotel-h"]\n', 9, "choices[0].programmes[0]",
         "this programme", "other programmes"),
        # Money.
        (RULE + 'per = "money"\ncurrency = "EUR"\n' + FX + 'to = "CHF"\n', 19, "fx[0].to",
         "no rule or counter counts", "EUR"),
        (NIGHTS + FX + 'to = "CHF"\n', 18, "fx[0].to", "no rule or counter counts", "remove"),
        (NIGHTS + FX + 'to = "USD"\n', 18, "fx[0].to", "the same money", "is counted"),
        (RULE + 'per = "money"\ncurrency = "EUR"\n' + (FX + 'to = "EUR"\n') * 2, 23,
         "fx[1].valid_from", "a second rate of USD in EUR", "one of them"),
        # Awards and vouchers.
        (AWARD + "stock = 2\nreserved = 3\n", 14, "awards[0].reserved", "more than the stock",
         "state a stock"),
        (AWARD + "reserved = 3\n", 13, "awards[0].reserved", "more than the stock", "stock"),
        (AWARD + "valid_from = 2026-01-02T00:00:00Z\nvalid_to = 2026-01-01T00:00:00Z\n", 14,
         "awards[0].valid_to", "not after", "later"),
        (AWARD.replace("points = 1", 'points = 1, tiers = ["TOP"]'), 12,
         "awards[0].prices[0].tiers[0]", "no such tier", "MEMBER"),
        (AWARD + 'tiers = ["TOP"]\n', 13, "awards[0].tiers[0]", "no such tier", "MEMBER"),
        (AWARD + '[[vouchers]]\nvoucher = "night"\nname = "V"\ncounter = "stays"\nevery = 3\n'
         + STAYS, 14, "vouchers[0].voucher", "a second time", "its own"),
        (STAYS + 'keep = "latest"\n[[vouchers]]\nvoucher = "v1"\nname = "V"\n'
         'counter = "stays"\nevery = 3\n', 14, "vouchers[0].counter",
         "no such counter that sums up", "add a counter"),
        ('[[benefits]]\nbenefit = "wifi"\nname = "Wi-Fi"\ntiers = ["TOP"]\n', 10,
         "benefits[0].tiers[0]", "no such tier", "MEMBER"),
    ],
)  # fmt: skip
def test_a_contradiction_is_named(
    text: str, line: int, field: str, problem: str, remedy: str
) -> None:
    found = problems(text)
    assert (found[0].line, found[0].field) == (line, field), list(map(str, found))
    assert problem in found[0].problem
    assert remedy in found[0].remedy


@pytest.mark.parametrize(
    ("text", "field", "remedy"),
    [
        (TWO + '[[tiers.match]]\nprogrammme = "x"\n', "tiers[1].match[0].programmme",
         "did you mean programme?"),
        (TWO + 'match = [{ teir = "X" }]\n', "tiers[1].match[0].teir", "did you mean tier?"),
        (AWARD.replace("points = 1", "points = 1, mony = 2"), "awards[0].prices[0].mony",
         "did you mean money?"),
        (AWARD + "stcok = 3\n", "awards[0].stcok", "did you mean stock?"),
        ("[qualification]\nperoid = 1\n", "qualification.peroid", "did you mean period?"),
        ("[conversion]\nin = true\n", "conversion.in", "did you mean into?"),
        ("[joining]\nxyz = 1\n", "joining.xyz", "known are ways, price"),
        ("[expirey]\n", "expirey", "did you mean expiry?"),
        (TWO + "reached = [4]\n", "tiers[1].reached[0]", "a table in braces"),
        (TWO + "reached = [{ Stays = 4 }]\n", "tiers[1].reached[0].Stays", "lower-case"),
        (TWO + 'reached = [{ stays = "4 stays" }]\n', "tiers[1].reached[0].stays", '"> 10000"'),
        (TWO + "reached = [{ stays = 0.5 }]\n", "tiers[1].reached[0].stays", "positive number"),
        (TWO + "reached = []\n", "tiers[1].reached", "leave the key out"),
        (TWO + 'holds = "a year"\n', "tiers[1].holds", '"12 months"'),
        (TWO + 'holds = "0 days"\n', "tiers[1].holds", '"12 months"'),
        (TWO + 'price = "5"\n', "tiers[1].price", '"50 USD"'),
        (TWO + 'price = "0 USD"\n', "tiers[1].price", '"50 USD"'),
        (TWO + 'price = "0.001 USD"\n', "tiers[1].price", '"50 USD"'),
        (TWO + 'price = "5 XAU"\n', "tiers[1].price", '"50 USD"'),
        ('time_zone = "Mars/Olympus"\n', "time_zone", "IANA"),
        ('time_zone = "../UTC"\n', "time_zone", "IANA"),
        (NIGHTS + "where = 5\n", "earn[0].where", "a table in braces"),
        (NIGHTS + "where = { brand = [] }\n", "earn[0].where.brand", "leave the key out"),
        (NIGHTS + 'where = { brand = ["a\\n"] }\n', "earn[0].where.brand[0]", "ASCII"),
        (NIGHTS + 'where = { brand = "park" }\n', "earn[0].where.brand", '["park"]'),
    ],
)  # fmt: skip
def test_a_key_or_value_that_is_not_known_comes_with_what_is(
    text: str, field: str, remedy: str
) -> None:
    found = {problem.field: problem.remedy for problem in problems(text)}
    assert remedy in found[field], found


def _tables(model: type[BaseModel], keys: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys that lead to every table inside a model."""
    yield keys
    for name, field in model.model_fields.items():
        for inner in _models(field.annotation):
            yield from _tables(inner, (*keys, field.alias or name))


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def test_every_table_can_name_its_keys() -> None:
    assert set(_tables(ProgrammeDefinition)) == set(door._TABLES)
