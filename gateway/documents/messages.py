"""What the two messages of ISO 20022 have in common: ids, parties, amounts, and their XML."""

import hashlib
from datetime import datetime
from typing import NamedTuple

from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.formats.dataclass.serializers.config import SerializerConfig

from coalition.statement_reading import Statement
from gateway.documents.problems import NoDocument
from partners.programmes.money import exponent_of

ID_LENGTH = 35
"""Most characters of an id (Max35Text)."""
AMOUNT_DIGITS = 18
"""Most digits of an amount (ActiveCurrencyAndAmount)."""


class InMoney(NamedTuple):
    """A money that a statement is valued in."""

    currency: str
    exponent: int


def in_money(statement: Statement, currency: str | None) -> InMoney:
    """The money of a message: the one that is named, or the only one that is pinned.

    Raises NoDocument where there is no such value, or more than one to choose from.
    """
    prices = statement.prices
    if currency is None and len(prices) == 1:
        (currency,) = prices
    if currency is None or currency not in prices:
        asked = "a money has to be chosen" if currency is None else f"no value in {currency}"
        pinned = ", ".join(prices) or "none"
        message = f"{asked} (--money); pinned for window {statement.window}: {pinned}"
        raise NoDocument(message)
    return InMoney(currency, exponent_of(currency))


def issuer(statement: Statement) -> str:
    """The coalition as whoever makes its codes: its id without dashes has room."""
    return statement.coalition.replace("-", "")[:ID_LENGTH]


def message_id(statement: Statement, kind: str) -> str:
    """The id of a message made of a statement, whatever money it is in and whenever it is made.

    The statement's hash is in it, so a bank that is sent the same payments again, in another
    money or on another day, sees the id that it knows.
    """
    return f"{kind}-{statement.sha256}"[:ID_LENGTH]


def payment_id(statement: Statement, payer: str, payee: str) -> str:
    """The end-to-end id of a payment, which payer and payee come to alike."""
    named = ":".join((statement.coalition, str(statement.settlement), payer, payee))
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def require_amounts(*minors: int) -> None:
    """Raise NoDocument where an amount has more digits than a message can hold."""
    if any(len(str(abs(minor))) > AMOUNT_DIGITS for minor in minors):
        message = f"an amount has more than {AMOUNT_DIGITS} digits, which no bank message can hold"
        raise NoDocument(message)


def iso_instant(instant: datetime) -> str:
    """An instant as the messages have it: UTC, to the second."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def as_xml(document: object, namespace: str) -> bytes:
    """The file: UTF-8, indented, the message's namespace as the default one."""
    config = SerializerConfig(indent="  ", encoding="UTF-8")
    text = XmlSerializer(config=config).render(document, ns_map={None: namespace})
    return text.encode("utf-8")
