"""What options hold: instants, days, memberships, money, exact decimals and percentages."""

import re
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import NoReturn

import click

from coalition.v1 import accrual_pb2, common_pb2
from partners.programmes.money import UnknownMoney, exponent_of

INT64_MAX = 2**63 - 1

_DECIMAL = re.compile(r"\d{1,15}(?:\.\d{1,9})?|\d{1,15}/[1-9]\d{0,14}", re.ASCII)
_MONEY = re.compile(r"(\d{1,15}(?:\.\d{1,4})?) ?([A-Z]{3})", re.ASCII)
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,31}")


class Exact(click.ParamType[Fraction]):
    """A decimal or a fraction, exactly: 0.50 or 1/3; also 2% where that is allowed."""

    name = "decimal"

    def __init__(self, *, percent: bool = False) -> None:
        """A percentage is read as a part of one."""
        self._percent = percent

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """Read it, or say what is expected."""
        if isinstance(value, Fraction):
            return value
        text = str(value).strip()
        is_percentage = self._percent and text.endswith("%")
        if _DECIMAL.fullmatch(text.removesuffix("%") if is_percentage else text) is None:
            example = "0.02 or 2%" if self._percent else "0.50 or 1/3"
            self.fail(f"{text!r} is no number such as {example}", param, ctx)
        return Fraction(text.removesuffix("%")) / (100 if is_percentage else 1)


class Range(click.ParamType[tuple[Fraction, Fraction]]):
    """Two exact numbers, the lower first: 0.40:0.60."""

    name = "low:high"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Fraction, Fraction]:
        """Read both, or say what is expected."""
        if isinstance(value, tuple):
            return value
        low, _, high = str(value).partition(":")
        if not (low and high):
            self.fail(f"{value!r} is no range such as 0.40:0.60", param, ctx)
        found = EXACT.convert(low, param, ctx), EXACT.convert(high, param, ctx)
        if found[0] > found[1]:
            self.fail(f"{value!r} ends below its beginning", param, ctx)
        return found


class Instant(click.ParamType[datetime]):
    """An instant as ISO 8601 writes it; UTC where it names no offset."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it, or say what is expected."""
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no instant such as 2026-01-31T00:00:00Z", param, ctx)


class Membership(click.ParamType[common_pb2.MembershipRef]):
    """A membership: PROGRAMME/NUMBER."""

    name = "programme/number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> common_pb2.MembershipRef:
        """Read it, or say what is expected."""
        if isinstance(value, common_pb2.MembershipRef):
            return value
        programme, _, number = str(value).partition("/")
        if not number or _SLUG.fullmatch(programme) is None:
            self._refuse(value, param, ctx)
        return common_pb2.MembershipRef(programme=programme, member_number=number)

    def _refuse(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> NoReturn:
        self.fail(f"{value!r} is no membership such as hotel/H001", param, ctx)


class Day(click.ParamType[date]):
    """A day: YYYY-MM-DD."""

    name = "day"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """Read it, or say what is expected."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-01-31", param, ctx)


class Money(click.ParamType[common_pb2.Amount]):
    """An amount with its currency, in major units: 200.00EUR."""

    name = "money"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> common_pb2.Amount:
        """Read it, or say what is expected."""
        if isinstance(value, common_pb2.Amount):
            return value
        match = _MONEY.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no money such as 200.00EUR", param, ctx)
        number, currency = match.groups()
        try:
            minor = Fraction(number) * 10 ** exponent_of(currency)
        except UnknownMoney as problem:
            self.fail(str(problem), param, ctx)
        if minor.denominator != 1:
            self.fail(f"{value!r} is finer than {currency} can be", param, ctx)
        return common_pb2.Amount(currency=currency, minor=int(minor))


class Pair(click.ParamType[tuple[str, str]]):
    """A name with its value: NIGHT=2."""

    name = "name=value"

    def __init__(self, example: str) -> None:
        """`example` is shown where there is none."""
        self._example = example

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Take it apart, or say what is expected."""
        if isinstance(value, tuple):
            return value
        name, _, text = str(value).partition("=")
        if not (name and text):
            self.fail(f"{value!r} is not of the form {self._example}", param, ctx)
        return name, text


class Spend(click.ParamType[accrual_pb2.Spend]):
    """Money by what it was paid for: ROOM=200.00EUR."""

    name = "category=money"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> accrual_pb2.Spend:
        """Read it, or say what is expected."""
        if isinstance(value, accrual_pb2.Spend):
            return value
        category, money = Pair("ROOM=200.00EUR").convert(value, param, ctx)
        return accrual_pb2.Spend(category=category, amount=MONEY.convert(money, param, ctx))


class Quantity(click.ParamType[accrual_pb2.Quantity]):
    """A count by its unit: NIGHT=2."""

    name = "unit=count"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> accrual_pb2.Quantity:
        """Read it, or say what is expected."""
        if isinstance(value, accrual_pb2.Quantity):
            return value
        unit, text = Pair("NIGHT=2").convert(value, param, ctx)
        if not (text.isascii() and text.isdecimal() and int(text) <= INT64_MAX):
            self.fail(f"{text!r} is no count such as 2", param, ctx)
        return accrual_pb2.Quantity(unit=unit, count=int(text))


class Attribute(click.ParamType[accrual_pb2.Attribute]):
    """A name with its value: property=garden."""

    name = "name=value"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> accrual_pb2.Attribute:
        """Read it, or say what is expected."""
        if isinstance(value, accrual_pb2.Attribute):
            return value
        name, text = Pair("property=garden").convert(value, param, ctx)
        return accrual_pb2.Attribute(name=name, value=text)


EXACT = Exact()
DAY = Day()
MONEY = Money()
PART = Exact(percent=True)
INSTANT = Instant()
RANGE = Range()
MEMBERSHIP = Membership()
SPEND = Spend()
QUANTITY = Quantity()
ATTRIBUTE = Attribute()


def fraction(value: Fraction) -> common_pb2.Fraction:
    """As the contract has it. Raises click.UsageError where it does not fit into 64 bits."""
    if max(value.numerator, value.denominator) > INT64_MAX:
        message = f"{value} is too fine: write fewer digits"
        raise click.UsageError(message)
    return common_pb2.Fraction(numerator=value.numerator, denominator=value.denominator)


def per_minor_unit(
    per_point: Fraction, shared_exponent: int, points_exponent: int
) -> common_pb2.Fraction:
    """Shared minor units per minor unit of points, from whole units of both."""
    return fraction(per_point * Fraction(10**shared_exponent, 10**points_exponent))


def per_point(rate: common_pb2.Fraction, shared_exponent: int, points_exponent: int) -> str:
    """The inverse, for people: 0.5, or 1/3 where no decimal is exact."""
    if not rate.denominator:
        return ""
    value = Fraction(rate.numerator, rate.denominator) * Fraction(
        10**points_exponent, 10**shared_exponent
    )
    return plain(value)


def plain(value: Fraction) -> str:
    """A fraction as a decimal where that is exact, else as it is."""
    for digits in range(10):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            whole, part = divmod(abs(scaled.numerator), 10**digits)
            sign = "-" if value < 0 else ""
            return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"
    return str(value)


def to_minor(amount: Fraction, exponent: int) -> int:
    """A whole amount in minor units. Raises click.UsageError where it is finer than these."""
    scaled = amount * 10**exponent
    if scaled.denominator != 1 or scaled > INT64_MAX:
        message = f"{plain(amount)} is no amount with {exponent} decimals"
        raise click.UsageError(message)
    return int(scaled)


def in_major(minor: int, exponent: int) -> str:
    """Minor units as people write an amount: -1234 at exponent 2 is -12.34."""
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**exponent)
    return f"{sign}{whole}.{part:0{exponent}d}" if exponent else f"{sign}{whole}"
