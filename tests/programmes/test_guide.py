"""docs/PROGRAMMES.md: its examples are definitions, and it knows what ships."""

import pytest

from docs.markdown import Row, page, sections
from partners.programmes.definition import parse_definition
from support.programme_life import SAMPLES, sample, sample_text

GUIDE = sections(page("docs/PROGRAMMES.md"))
PARTS = [(section.title, part) for section in GUIDE for part in section.code("toml part")]
SHIPPED = {path.name.removesuffix(".toml") for path in SAMPLES.iterdir()} - {"__init__.py"}
ROWS = [row for section in GUIDE for row in section.table("definition")]
HEAD = """
schema = 1
programme = "my-hotel"
name = "My Hotel's Guests"
valid_from = 2026-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"

[currency]
code = "GUEST-POINTS"

"""


def test_the_small_programme_is_a_definition() -> None:
    (whole,) = (code for section in GUIDE for code in section.code("toml definition"))
    assert parse_definition(whole.encode()).bonus_of("FRIEND") > 0


@pytest.mark.parametrize(("title", "part"), PARTS, ids=lambda value: value[:12])
def test_every_part_goes_below_the_first_keys(title: str, part: str) -> None:
    assert parse_definition((HEAD + part).encode()), title


def test_every_definition_has_its_row() -> None:
    named = [row["definition"].strip("`") for row in ROWS]
    assert sorted(named) == sorted(SHIPPED)
    assert len(PARTS) == 5


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["definition"])
def test_what_is_assumed_is_told(row: Row) -> None:
    programme = row["definition"].strip("`")
    assert sample(programme).programme == programme
    assert (row["assumed"] == "nothing") == ("# assumed" not in sample_text(programme))
