"""Values on the wire: instants, days, fractions, money, memberships' keys."""

from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from coalition.v1 import common_pb2
from partners.programmes.forms import MoneyAmount

if TYPE_CHECKING:  # at run time it would need the database
    from partners.state import MembershipKey


def timestamp(instant: datetime | None) -> Timestamp | None:
    """An instant on the wire; None stays absent."""
    if instant is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp


def fraction(value: Fraction | None) -> common_pb2.Fraction | None:
    """A fraction on the wire; None stays absent."""
    if value is None:
        return None
    return common_pb2.Fraction(numerator=value.numerator, denominator=value.denominator)


def membership_ref(key: "MembershipKey") -> common_pb2.MembershipRef:
    """A membership's key on the wire."""
    return common_pb2.MembershipRef(programme=key[0], member_number=key[1])


def day_text(day: date | None) -> str:
    """A day on the wire, YYYY-MM-DD; None is empty."""
    return "" if day is None else day.isoformat()


def amount(money: MoneyAmount) -> common_pb2.Amount:
    """An amount of money on the wire."""
    return common_pb2.Amount(currency=money.currency, minor=money.minor)
