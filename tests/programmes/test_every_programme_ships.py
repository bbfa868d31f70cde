"""Every programme that the product was asked to carry is a definition that ships."""

import re
from collections import Counter
from pathlib import Path

import pytest

from partners.programmes.definition import parse_definition
from support.programme_life import SAMPLES, sample, sample_text

SHIPPED = sorted(Path(str(path)).stem for path in SAMPLES.iterdir() if path.name.endswith(".toml"))

PLAIN = {"hotel", "airline", "card"}
"""Examples to begin with, of no known programme."""

REQUESTED = {
    "Hilton HHonors": ["hilton-hhonors"],
    "Hyatt Gold Passport": ["hyatt-gold-passport"],
    "Priority Club (IHG)": ["priority-club"],
    "Gloria Partner": ["gloria-partner"],
    "China Telecom stars": ["china-telecom-stars", "telecom-club-cards"],
    "Restaurant chain": ["restaurant-chain"],
    "E-commerce member levels": [
        "ecommerce-spend",
        "ecommerce-purchases",
        "ecommerce-satisfaction",
        "ecommerce-any",
        "ecommerce-all",
    ],
    "Bank customer levels": ["bank-customer-levels"],
    "Five-star customer": ["five-star-customer"],
    "Kempinski Private Concierge": ["kempinski-private-concierge"],
    "Tai Pan Club (Marco Polo)": ["tai-pan-club"],
    "Super 8": ["super-8"],
    "Millennium & Copthorne, and one more group": ["millennium-copthorne", "miles-only-hotels"],
    "Accor Favorite Guest": ["accor-favorite-guest", "accor-successor"],
    "single-company points scheme": ["single-company-points"],
    "coalition points scheme": ["coalition-points", "coalition-shop"],
    "co-brand card, affinity card": ["co-brand-card", "affinity-card"],
    "member club": ["paid-club", "free-club"],
    "what holds of all: miles of a chosen airline": ["pacific-airline"],
}

OF_ALL = {
    "one activity in 12 months keeps points": ["hilton-hhonors", "gloria-partner"],
    "points expire by age": ["single-company-points", "pacific-airline"],
    "points of some levels never expire": ["five-star-customer"],
    "levels by application": ["free-club"],
    "levels by activity": ["hilton-hhonors"],
    "levels by purchase": ["priority-club", "five-star-customer"],
    "levels by invitation": ["gloria-partner", "tai-pan-club"],
    "levels lapse": ["hilton-hhonors"],
    "levels for life": ["five-star-customer"],
    "levels only rise inside their term": ["china-telecom-stars"],
    "a choice between points and miles": ["hyatt-gold-passport"],
    "both at once": ["hilton-hhonors"],
    "earned and spent across one another": ["coalition-points"],
    "the red list is served first": ["coalition-points", "gloria-partner"],
    "awards by level, and a catalogue of their own": ["bank-customer-levels"],
    "vouchers": ["hyatt-gold-passport"],
}


STATED = {
    "hilton-hhonors": "4 10 15% 16 36 60,000 25% 28 60 100,000 50% 12",
    "hyatt-gold-passport": "5 15 15% 30% 3 500 10% 12",
    "priority-club": "15 20,000 10% 50 60,000 50% 12",
    "gloria-partner": "1 8,855 27,878 12",
    "china-telecom-stars": "1 12",
    "restaurant-chain": "1/100 2 3 5",
    "ecommerce-spend": "500 2,000 5,000 10,000",
    "ecommerce-purchases": "10 20 50",
    "ecommerce-satisfaction": "80 90 95",
    "five-star-customer": "3 4 5 2,000 20,000 1,000,000 12 1/12",
    "coalition-points": "12",
}
"""The figures that the sources state of each programme, with twelve months for points that one
activity keeps alive, four as what is between three and five, and a month as a twelfth of a year."""

_OF_ANY = re.compile(r"#|\[|schema|valid_from = 2000|(?:name|programme|code|award|voucher|rule) =")
_FIGURE = re.compile(r"(?<![\w-])\d+(?:[./]\d+)?%?(?![\w-])")


@pytest.mark.parametrize("programme", SHIPPED)
def test_every_sample_is_a_definition_of_its_own_name(programme: str) -> None:
    definition = sample(programme)
    assert definition.programme == programme
    assert sample_text(programme).startswith("# ")


@pytest.mark.parametrize(("row", "programmes"), [*REQUESTED.items(), *OF_ALL.items()])
def test_every_row_has_its_definitions(row: str, programmes: list[str]) -> None:
    assert set(programmes) <= set(SHIPPED), row


def test_every_sample_is_of_one_row() -> None:
    named = Counter(name for names in REQUESTED.values() for name in names)
    assert named == Counter(set(SHIPPED) - PLAIN)


def test_no_two_samples_issue_the_same_currency() -> None:
    codes = Counter(d.currency.code for d in map(sample, SHIPPED) if d.currency)
    assert max(codes.values()) == 1


@pytest.mark.parametrize("programme", SHIPPED)
def test_programmes_that_a_sample_names_ship_too(programme: str) -> None:
    definition = sample(programme)
    named = {definition.earns(rule) for rule in definition.earn}
    named |= {other for choice in definition.choices for other in choice.programmes}
    named |= {match.programme for tier in definition.tiers for match in tier.match}
    if definition.replaces:
        named.add(definition.replaces.programme)
    assert named <= {*SHIPPED, "operator"}


@pytest.mark.parametrize("programme", sorted(set(SHIPPED) - PLAIN))
def test_every_figure_is_the_sources_or_marked_as_assumed(programme: str) -> None:
    lines = [line for line in sample_text(programme).splitlines() if not _OF_ANY.match(line)]
    unmarked = " ".join(line for line in lines if "# assumed" not in line)
    figures = {figure.replace(",", "") for figure in STATED.get(programme, "").split()}
    assert set(_FIGURE.findall(unmarked)) == figures


@pytest.mark.parametrize("programme", SHIPPED)
def test_line_ends_of_other_systems_do_no_harm(programme: str) -> None:
    text = sample_text(programme)
    assert parse_definition(text.replace("\n", "\r\n").encode()) == sample(programme)
