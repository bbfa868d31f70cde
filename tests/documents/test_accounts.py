"""The file of accounts, and figures as people write them."""

from fractions import Fraction
from pathlib import Path

import pytest

from gateway.documents.accounts import Account, is_iban, read_accounts
from gateway.documents.figures import as_decimal, in_units, price_in_words
from gateway.documents.problems import NoDocument, require_installed

GOOD = """\
[hotel-h]
name = "Hôtel de l'Étoile S.A."
country = "FR"
iban = "FR1420041010050500013M02606"
bic = "BNPAFRPP"

[airline-m]
name = "Airline M"
account = "0026-1122"
"""


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(GOOD, encoding="utf-8")
    found = read_accounts(path)
    assert found["hotel-h"].number == "FR1420041010050500013M02606"
    assert found["airline-m"] == Account(name="Airline M", account="0026-1122")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("M02606", "M02607", "FR1420041010050500013M02607 is no IBAN"),
        ('iban = "FR14', 'iban = "FR14 ', "is no IBAN: write it without spaces"),
        ("BNPAFRPP", "BNPAFR", r"\[hotel-h.bic\]"),
        ('country = "FR"', 'country = "France"', r"\[hotel-h.country\]"),
        ('country = "FR"', 'town = "Paris"', r"\[hotel-h.town\] Extra inputs"),
        ('account = "0026-1122"', "", r"\[airline-m\] .*one of iban and account is needed"),
        ('name = "Airline M"', "", r"\[airline-m.name\] Field required"),
        ('name = "Airline M"', 'name = "Airline\\nM"', r"\[airline-m.name\]"),
        ("[airline-m]", "[airline-m", "is no TOML"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(NoDocument, match=problem):
        read_accounts(path)


# Examples of the IBAN registry.
@pytest.mark.parametrize(
    "iban", ["DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947"]
)
def test_ibans(iban: str) -> None:
    assert is_iban(iban)
    assert not is_iban(iban[:-1] + str((int(iban[-1]) + 1) % 10))


def test_a_missing_library_is_named() -> None:
    require_installed("json")
    with pytest.raises(NoDocument, match=r"needs no_such_module.*coalition-gateway\[documents\]"):
        require_installed("json", "no_such_module")


@pytest.mark.parametrize(
    ("minor", "exponent", "text"),
    [(-1, 2, "-0.01"), (123456789, 2, "1,234,567.89"), (1500, 0, "1,500"), (7, 3, "0.007")],
)
def test_units(minor: int, exponent: int, text: str) -> None:
    assert in_units(minor, exponent) == text
    assert str(as_decimal(minor, exponent)) == text.replace(",", "")


@pytest.mark.parametrize(
    ("price", "exponent", "money_exponent", "text"),
    [
        (Fraction(1, 2), 2, 2, "0.5"),
        (Fraction(155, 100), 2, 0, "155"),
        (Fraction(2, 3), 2, 2, "2/3"),
        (Fraction(1), 0, 2, "0.01"),
    ],
)
def test_prices_are_of_major_units(
    price: Fraction, exponent: int, money_exponent: int, text: str
) -> None:
    assert price_in_words(price, exponent, money_exponent) == text
