"""What options hold: instants, memberships, exact decimals and percentages."""

import re
from datetime import UTC, datetime
from fractions import Fraction
from typing import NoReturn

import click

from coalition.v1 import common_pb2

INT64_MAX = 2**63 - 1

_DECIMAL = re.compile(r"\d{1,15}(?:\.\d{1,9})?|\d{1,15}/[1-9]\d{0,14}", re.ASCII)
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


EXACT = Exact()
PART = Exact(percent=True)
INSTANT = Instant()
MEMBERSHIP = Membership()

points_exponent_option = click.option(
    "--points-exponent",
    type=click.IntRange(0, 6),
    default=0,
    show_default=True,
    help="Decimals of the programme's points.",
)


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
