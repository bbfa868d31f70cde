"""Currencies of money: their codes, minor units and order of magnitude.

Source: ISO 4217 list one as its maintenance agency (SIX) published it on 2026-01-01, without
the entries that have no minor unit (metals, bond units, SDR, testing). A table of our own,
since what an activity earned must not change with the release of a library, and locale
data (CLDR) counts decimals otherwise than the standard. Codes are added and never taken out:
definitions that were published name them for ever.
"""

from collections.abc import Mapping
from types import MappingProxyType

_CODES_BY_EXPONENT: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
        CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
        GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK
        LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
        NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
        SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST
        XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

EXPONENTS: Mapping[str, int] = MappingProxyType(
    {code: exponent for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()}
)
"""Decimals of the minor unit by currency: USD 12.34 is 1234 at exponent 2."""

_CODES_BY_MAGNITUDE: Mapping[int, str] = {
    1: """
        AUD AWG AZN BAM BBD BHD BMD BND BOV BSD BZD CAD CHE CHF CHW CLF EUR FJD FKP GBP GEL GIP
        JOD KWD KYD MXV NZD OMR PAB SGD SHP TND TOP USD USN UYW WST XAD XCD XCG
    """,
    10: """
        AED BOB BRL BWP BYN CNY COU CZK DKK ERN GHS GTQ HKD HNL ILS LSL LYD MAD MDL MOP MVR MXN
        MYR NAD NOK PEN PGK PLN QAR RON SAR SBD SCR SEK SLE STN SVC SZL TJS TMT TTD UYI ZAR ZMW
    """,
    100: """
        AFN ALL BDT BTN CUP CVE DJF DOP EGP ETB GMD GYD HTG INR ISK JMD JPY KES KGS LKR LRD MKD
        MRU MUR MZN NIO NPR PHP PKR RSD RUB SRD THB TRY TWD UAH UYU VUV XPF ZWG
    """,
    1_000: """
        AMD AOA ARS BIF CDF CLP CRC DZD HUF IQD KMF KPW KRW KZT MWK NGN RWF SDG SOS TZS VED VES
        XAF XOF YER
    """,
    10_000: "COP GNF IDR KHR LAK MGA MMK MNT PYG SSP SYP UGX UZS VND",
    100_000: "LBP",
    1_000_000: "IRR",
}

_MAGNITUDES: Mapping[str, int] = MappingProxyType(
    {code: units for units, codes in _CODES_BY_MAGNITUDE.items() for code in codes.split()}
)


class UnknownMoney(LookupError):
    """Not the code of a current currency of ISO 4217."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"{currency!r} is not a current currency code of ISO 4217, such as EUR")
        self.currency = currency


def exponent_of(currency: str) -> int:
    """Give the decimals of a currency's minor unit.

    Raises UnknownMoney.
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownMoney(currency) from None


def magnitude_of(currency: str) -> int:
    """Give the power of ten nearest to the units that made a US dollar in 2025.

    For sanity ceilings and nothing else: no amount is ever computed from it.
    Raises UnknownMoney.
    """
    exponent_of(currency)
    return _MAGNITUDES[currency]


def in_words(minor: int, currency: str) -> str:
    """Write an amount of minor units for people: 1234 USD is "12.34 USD".

    Raises UnknownMoney.
    """
    return f"{decimal(minor, exponent_of(currency))} {currency}"


def decimal(minor: int, exponent: int) -> str:
    """Write minor units of money or points in major ones: 1234 with exponent 2 is "12.34"."""
    if exponent == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    units, part = divmod(abs(minor), 10**exponent)
    return f"{sign}{units}.{part:0{exponent}d}"
