"""Definitions: what is read, and that what is broken is named by line, field and remedy."""

import json
import warnings
from datetime import UTC, datetime
from fractions import Fraction
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.programmes.definition import (
    MAX_DEFINITION_BYTES,
    MAX_PROBLEMS,
    BadDefinition,
    Custody,
    PointsCurrency,
    Problem,
    ProgrammeDefinition,
    ReversalPolicy,
    definition_schema,
    parse_definition,
)

WHOLE = """\
schema = 1
programme = "hotel-h"
name = "Hotel H Rewards"
valid_from = 2015-01-01T02:00:00+02:00
custody = "partner"
reversal = "funder-bears"

[currency]
code = "H-POINTS"
exponent = 2

[[tiers]]
name = "MEMBER"

[[tiers]]
name = "GOLD"
bonus = "12.5%"

[[choices]]
id = "points"

[[earn]]
rule = "room-base"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "USD"
points = "1/3"
tier_bonus = true
choices = ["points"]
"""
SAMPLES = sorted(
    sample.name.removesuffix(".toml")
    for sample in files("partners.programmes.samples").iterdir()
    if sample.name.endswith(".toml")
)


def broken(text: str | bytes) -> tuple[Problem, ...]:
    """The problems of a definition that must be refused."""
    with pytest.raises(BadDefinition) as refused:
        parse_definition(text if isinstance(text, bytes) else text.encode())
    return refused.value.problems


def test_a_definition_is_read() -> None:
    definition = parse_definition(WHOLE.encode())
    assert definition.programme == "hotel-h"
    assert definition.valid_from == datetime(2015, 1, 1, tzinfo=UTC)
    assert definition.valid_from.utcoffset() == UTC.utcoffset(None)
    assert definition.custody is Custody.PARTNER
    assert definition.reversal is ReversalPolicy.FUNDER_BEARS
    assert definition.currency == PointsCurrency(code="H-POINTS", exponent=2)
    assert definition.bonus_of("GOLD") == Fraction(1, 8)
    assert definition.earn[0].points == Fraction(1, 3)
    assert definition.earns(definition.earn[0]) == "hotel-h"


def test_what_is_left_out_has_a_default() -> None:
    text = WHOLE[: WHOLE.index("[[tiers]]")].replace("exponent = 2\n", "")
    definition = parse_definition(text.encode())
    assert (definition.entry_tier, definition.default_choice) == ("MEMBER", "points")
    assert definition.bonus_of("MEMBER") == 0
    assert definition.currency == PointsCurrency(code="H-POINTS", exponent=0)
    assert definition.earn == ()
    assert definition.time_zone == ZoneInfo("UTC")
    assert not definition.exclusive


def test_a_programme_can_be_without_points() -> None:
    text = WHOLE[: WHOLE.index("[currency]")]
    assert parse_definition(text.encode()).currency is None


@pytest.mark.parametrize("spoiled", ["\ufeff" + WHOLE, WHOLE.replace("\n", "\r\n")])
def test_editors_of_other_systems_do_no_harm(spoiled: str) -> None:
    assert parse_definition(spoiled.encode()) == parse_definition(WHOLE.encode())


@pytest.mark.parametrize(
    ("written", "points"),
    [
        ("10", Fraction(10)),
        ('"10"', Fraction(10)),
        ('"0.125"', Fraction(1, 8)),
        ('"1/3"', Fraction(1, 3)),
        ('"999999999999"', Fraction(999_999_999_999)),
    ],
)
def test_points_are_exact(written: str, points: Fraction) -> None:
    definition = parse_definition(WHOLE.replace('"1/3"', written).encode())
    assert definition.earn[0].points == points


@pytest.mark.parametrize(
    "written",
    ["0.1", "0", "-1", "true", '"0"', '"0/5"', '"1/0"', '"1e3"', '" 1"', '"1_0"', '"\u0661"',
     '"1."', '"1000000000000"', '"0.0000001"', '"nan"', '"-1"', "[1]", "inf"],
)  # fmt: skip
def test_points_that_are_not_exact_and_positive_are_refused(written: str) -> None:
    (problem,) = broken(WHOLE.replace('"1/3"', written))
    assert (problem.line, problem.field) == (28, "earn[0].points")
    assert "in quotes" in problem.remedy


@pytest.mark.parametrize("written", ['"25"', "25", "0.25", '"-5%"', '"25 %"', '"2001%"', '"1/4%"'])
def test_a_bonus_is_a_percentage(written: str) -> None:
    (problem,) = broken(WHOLE.replace('"12.5%"', written))
    assert (problem.line, problem.field) == (17, "tiers[1].bonus")
    assert '"25%"' in problem.remedy


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("schema = 1", "schema = 2", 1, "schema", "write 1"),
        ('"hotel-h"', '"Hotel H"', 2, "programme", "lower-case"),
        ('"Hotel H Rewards"', '""', 3, "name", "1 to 100"),
        ('"Hotel H Rewards"', '"a\\u0000b"', 3, "name", "printable"),
        ('"Hotel H Rewards"', f'"{"x" * 101}"', 3, "name", "1 to 100"),
        ("T02:00:00+02:00", "", 4, "valid_from", "offset"),
        ("T02:00:00+02:00", "T02:00:00", 4, "valid_from", "offset"),
        ("2015-01-01T02:00:00+02:00", '"2015-01-01T00:00:00Z"', 4, "valid_from", "without quotes"),
        ("2015-01-01T02:00:00+02:00", "0001-01-01T00:00:00+14:00", 4, "valid_from", "offset"),
        ('"partner"', '"bank"', 5, "custody", "'gateway' or 'partner'"),
        ('"funder-bears"', "1", 6, "reversal", "'negative-balance'"),
        ('"H-POINTS"', '"points"', 9, "currency.code", "upper-case"),
        ('"H-POINTS"', '"EUR"', 9, "currency.code", "ISO 4217"),
        ("exponent = 2", "exponent = 7", 10, "currency.exponent", "6 or less"),
        ("exponent = 2", "exponent = -1", 10, "currency.exponent", "0 or more"),
        ("exponent = 2", "exponent = 2.0", 10, "currency.exponent", "whole number"),
        ("exponent = 2", "exponent = true", 10, "currency.exponent", "whole number"),
        ("exponent = 2", "unit = 2", 10, "currency.unit", "known are code, exponent"),
        ('"GOLD"', '"MEMBER"', 16, "tiers[1].name", "its own"),
        ("bonus =", "bonsu =", 17, "tiers[1].bonsu", "did you mean bonus?"),
        ('rule = "room-base"', "", 22, "earn[0].rule", "add it"),
        ('"STAY"', '"stay"', 24, "earn[0].activity", "upper-case"),
        ('"money"', '"NIGHT"', 25, "earn[0].per", "lower case"),
        ('"ROOM"', "7", 26, "earn[0].category", "upper-case"),
        ('"USD"', '"USX"', 27, "earn[0].currency", "ISO 4217"),
        ('currency = "USD"', "", 22, "earn[0].currency", "name the money"),
        ("tier_bonus = true", 'tier_bonus = "yes"', 29, "earn[0].tier_bonus", "true or false"),
        ('["points"]', "[]", 30, "earn[0].choices", "leave the key out"),
        ('["points"]', '"points"', 30, "earn[0].choices", "list"),
        ('["points"]', '"points"', 30, "earn[0].choices", 'write a list: ["points"]'),
        ('["points"]', "{ points = 1 }", 30, "earn[0].choices", 'write a list: ["a", "b"]'),
        ("tier_bonus = true", 'where = { day = "saturday" }', 29, "earn[0].where.day",
         'write a list: ["saturday"]'),
        ("bonus =", 'match = { programme = "x", tier = "Y" }\nbonus =', 17, "tiers[1].match",
         "put it in a list: match = [{ ... }]"),
        ("bonus =", "reached = { nights = 10 }\nbonus =", 17, "tiers[1].reached",
         "put it in a list: reached = [{ ... }]"),
        ("bonus =", "reached = 10\nbonus =", 17, "tiers[1].reached",
         "put tables in a list: reached = [{ ... }]"),
        ("bonus =", "reached = [{ Nights = 10 }]\nbonus =", 17, "tiers[1].reached[0].Nights",
         "lower-case"),
        ("bonus =", "reached = [{}]\nbonus =", 17, "tiers[1].reached[0]", "fill it"),
        ("schema = 1", "", None, "schema", "add it: schema = 1"),
        ('custody = "partner"', "", None, "custody", 'add it: custody = "gateway" or "partner"'),
        ('["points"]', '["miles"]', 30, "earn[0].choices[0]", "[[choices]]"),
        ('activity = "STAY"', 'activity = "STAY"\nreason = "TIER_BONUS"', 25, "earn[0].reason",
         "tier_bonus = true"),
        ("[[earn]]", "[earn]", 22, "earn", "[[earn]]"),
    ],
)  # fmt: skip
def test_a_problem_names_line_field_and_remedy(
    old: str, new: str, line: int | None, field: str, says: str
) -> None:
    text = WHOLE.replace(old, new, 1)
    (problem,) = broken(text)
    assert (problem.line, problem.field) == (line, field)
    assert says in problem.remedy
    place = f"line {line}, " if line else ""
    assert str(problem).startswith(f"{place}{field} ")


def test_a_rule_per_unit_takes_no_money() -> None:
    problems = broken(WHOLE.replace('"money"', '"night"'))
    assert [(p.line, p.field) for p in problems] == [
        (26, "earn[0].category"),
        (27, "earn[0].currency"),
    ]


def test_ids_are_unique() -> None:
    rules = WHOLE[WHOLE.index("[[earn]]") :]
    (problem,) = broken(WHOLE + rules)
    assert (problem.line, problem.field) == (32, "earn[1].rule")
    (problem,) = broken(WHOLE.replace('id = "points"', 'id = "points"\n[[choices]]\nid = "points"'))
    assert (problem.line, problem.field) == (22, "choices[1].id")


def test_all_problems_are_named_at_once_in_the_order_of_the_document() -> None:
    text = WHOLE.replace("schema = 1", "").replace('"1/3"', "0.3").replace('"hotel-h"', "1")
    assert [problem.field for problem in broken(text)] == [
        "schema",
        "programme",
        "earn[0].points",
    ]


def test_of_very_many_problems_the_first_are_named() -> None:
    text = "".join(f"key{n} = 1\n" for n in range(1_000)) + WHOLE
    with pytest.raises(BadDefinition, match="and 980 more") as refused:
        parse_definition(text.encode())
    assert len(refused.value.problems) == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"schema = ", 1, "is not TOML"),
        (b"schema = 1\nname = 'x\n", 2, "is not TOML"),
        (b"schema = 1\n\nschema = 1\n", 3, "is not TOML"),
        (b"schema = 1\nname = '\xff'\n", 2, "UTF-8"),
        (b"schema = 1\nname = '" + b"x" * 1_000 + b"'", 2, "1009 characters in one line"),
        (b"schema = " + b"[" * 900, None, "nested too deep"),
        (b"#" * (MAX_DEFINITION_BYTES + 1), None, "bytes long"),
    ],
)
def test_what_is_no_document(data: bytes, line: int | None, says: str) -> None:
    (problem,) = broken(data)
    assert problem.line == line
    assert says in str(problem)


def test_an_empty_document_misses_everything_it_must_have() -> None:
    problems = broken("")
    assert {problem.problem for problem in problems} == {"is missing"}
    assert [(problem.line, problem.field) for problem in problems] == [
        (None, field)
        for field in ("schema", "programme", "name", "valid_from", "custody", "reversal")
    ]


def test_nothing_of_a_bad_value_can_break_a_message() -> None:
    (problem,) = broken(WHOLE.replace('"hotel-h"', '"{input}%s{0}\\u001b[31m' + "x" * 200 + '"'))
    assert str(problem).isprintable()
    assert len(str(problem)) < 250


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    broken(data)


@given(st.integers(0, len(WHOLE) - 1), st.characters(codec="utf-8"))
def test_any_typing_error_is_read_or_refused(at: int, character: str) -> None:
    try:
        parse_definition((WHOLE[:at] + character + WHOLE[at + 1 :]).encode())
    except BadDefinition as refused:
        assert refused.problems  # noqa: PT017 - either outcome is right, a crash is not


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_definitions_named_as_their_programme(name: str) -> None:
    sample = files("partners.programmes.samples").joinpath(f"{name}.toml").read_bytes()
    assert parse_definition(sample).programme == name


def test_the_published_schema_knows_every_key() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = definition_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == {
        field.alias or name for name, field in ProgrammeDefinition.model_fields.items()
    }
    for table in (schema, *schema["$defs"].values()):
        if table["type"] == "object":
            assert table["additionalProperties"] is False
            assert table["description"]
