"""Digits of the minor unit of money, for amounts that files write in major units."""

import re

_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_EXPONENTS = {code: digits for digits, codes in _OTHERS.items() for code in codes.split()}
_MONEY = re.compile(r"[A-Z]{3}")


def exponent_of(currency: str) -> int | None:
    """Decimals of a currency of ISO 4217 (list one as of 2026-01-01), None for other codes.

    Every current code that is not listed here has two; whether a code is current is for the
    gateway to say.
    """
    if _MONEY.fullmatch(currency) is None:
        return None
    return _EXPONENTS.get(currency, 2)
