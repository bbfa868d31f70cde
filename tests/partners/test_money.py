"""The table of currencies, against what ISO 4217 is known for."""

import pytest

from partners.programmes.money import EXPONENTS, UnknownMoney, exponent_of, in_words, magnitude_of


@pytest.mark.parametrize(
    ("exponent", "codes"),
    [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (2, "AUD BRL CAD CHF CNY EUR GBP HKD IDR INR IRR LAK MGA MRU MXN SEK SGD USD ZAR"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ],
)
def test_exponents(exponent: int, codes: str) -> None:
    for code in codes.split():
        assert exponent_of(code) == exponent


def test_the_table_is_whole() -> None:
    """165 entries of list one have a minor unit, as published on 2026-01-01."""
    assert len(EXPONENTS) == 165
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in EXPONENTS)
    assert sorted(set(EXPONENTS.values())) == [0, 2, 3, 4]


@pytest.mark.parametrize("code", sorted(EXPONENTS))
def test_every_currency_has_an_order_of_magnitude(code: str) -> None:
    magnitude = magnitude_of(code)
    assert str(magnitude) == "1" + "0" * (len(str(magnitude)) - 1)


@pytest.mark.parametrize("code", ["XAU", "XXX", "DEM", "usd", "", "POINTS"])
def test_what_is_not_money(code: str) -> None:
    for ask in (exponent_of, magnitude_of):
        with pytest.raises(UnknownMoney) as refused:
            ask(code)
        assert refused.value.currency == code


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (1_234, "USD", "12.34 USD"),
        (5, "EUR", "0.05 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (1_234, "JPY", "1234 JPY"),
        (1_234, "KWD", "1.234 KWD"),
        (1_234, "CLF", "0.1234 CLF"),
    ],
)
def test_in_words(minor: int, currency: str, words: str) -> None:
    assert in_words(minor, currency) == words
