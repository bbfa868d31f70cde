"""Why points came or went: every kind of line on an issuer's account has its reason here.

What is not here is an error, so that nothing falls through when a new event is made.
"""

from collections.abc import Mapping
from enum import StrEnum

from partners.postings import (
    CARRIED_OVER,
    EXPIRED,
    FORFEITED,
    PURCHASED,
    REDEEMED,
    REFUNDED,
    RESTORED,
)
from partners.review import WIND_DOWN
from settlement.ledger.issuance import Moved


class Movement(StrEnum):
    """Why points came or went, in the order in which a report lists them."""

    ISSUED = "ISSUED"
    PURCHASED = "PURCHASED"
    CONVERTED_IN = "CONVERTED_IN"
    CARRIED_IN = "CARRIED_IN"
    REVERSED = "REVERSED"
    CONVERTED_IN_UNDONE = "CONVERTED_IN_UNDONE"
    REDEEMED = "REDEEMED"
    REFUNDED = "REFUNDED"
    RESTORED = "RESTORED"
    CONVERTED_OUT = "CONVERTED_OUT"
    CONVERTED_OUT_UNDONE = "CONVERTED_OUT_UNDONE"
    EXPIRED = "EXPIRED"
    WOUND_DOWN = "WOUND_DOWN"
    FORFEITED = "FORFEITED"
    CARRIED_OUT = "CARRIED_OUT"


class UnknownMovement(Exception):
    """A line on an issuer's account of which nobody has said why it is there."""


ANY = "*"
"""Lines of any kind: reasons of legs are the programmes' own words."""

_CAME: Mapping[tuple[str, str], Movement] = {
    ("ACCRUAL", ANY): Movement.ISSUED,
    ("REDEMPTION", PURCHASED): Movement.PURCHASED,
    ("CONVERSION", ANY): Movement.CONVERTED_IN,
    ("CARRIED_OVER", CARRIED_OVER): Movement.CARRIED_IN,
    ("REFUND", REFUNDED): Movement.REFUNDED,
    ("CANCELLATION", RESTORED): Movement.RESTORED,
    ("CONVERSION_REVERSED", ANY): Movement.CONVERTED_OUT_UNDONE,
}
"""By the kinds of entry and line, where the issuer's account is debited."""

_WENT: Mapping[tuple[str, str], Movement] = {
    ("REVERSAL", ANY): Movement.REVERSED,
    ("CONVERSION_REVERSED", ANY): Movement.CONVERTED_IN_UNDONE,
    ("REDEMPTION", REDEEMED): Movement.REDEEMED,
    ("CAPTURE", REDEEMED): Movement.REDEEMED,
    ("CONVERSION", ANY): Movement.CONVERTED_OUT,
    ("EXPIRY", EXPIRED): Movement.EXPIRED,
    **dict.fromkeys(
        [
            (entry, FORFEITED)
            for entry in ("MEMBERSHIP", "CAPTURE", "VOID", "HOLD_EXPIRED", "REFUND")
        ],
        Movement.FORFEITED,
    ),
    ("CARRIED_OVER", CARRIED_OVER): Movement.CARRIED_OUT,
}
"""The same, where it is credited."""


def movement_of(moved: Moved) -> Movement:
    """Why lines moved points. Raises UnknownMovement."""
    known = _CAME if moved.issues else _WENT
    found = known.get((moved.entry_kind, moved.line_kind)) or known.get((moved.entry_kind, ANY))
    if found is None:
        side = "debits" if moved.issues else "credits"
        raise UnknownMovement(
            f"an entry {moved.entry_kind} {side} an issuer with a line {moved.line_kind}, and no "
            "movement is known for that"
        )
    if found is Movement.EXPIRED and moved.rule == WIND_DOWN:
        return Movement.WOUND_DOWN
    return found


LOTS = frozenset({Movement.ISSUED, Movement.PURCHASED, Movement.CONVERTED_IN, Movement.CARRIED_IN})
"""Movements that make points that were not there before."""

LOTS_UNDONE = frozenset({Movement.REVERSED, Movement.CONVERTED_IN_UNDONE})
"""Movements that take such points back, by an entry that names the one that made them."""

USES_UNDONE = frozenset({Movement.REFUNDED, Movement.RESTORED, Movement.CONVERTED_OUT_UNDONE})
"""Movements that give back what was used, by an entry that names the one that used it."""

LAPSED = frozenset({Movement.EXPIRED, Movement.WOUND_DOWN, Movement.FORFEITED})
"""Movements by which points go that nobody has used. All others that are left are uses."""


def entry_kinds(movements: frozenset[Movement]) -> list[str]:
    """Kinds of entries that make these movements."""
    tables = (*_CAME.items(), *_WENT.items())
    return sorted({entry for (entry, _), movement in tables if movement in movements})


def line_kinds(movements: frozenset[Movement]) -> list[str]:
    """Kinds of lines that make these movements."""
    tables = (*_CAME.items(), *_WENT.items())
    return sorted({line for (_, line), movement in tables if movement in movements})
