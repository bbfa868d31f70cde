"""A book made by hand, without the partners: two examples of docs/ACCOUNTING.md as drafts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from sqlalchemy import Connection

from settlement.ledger import accounts
from settlement.ledger.book import append, create, place, read_head
from settlement.ledger.entries import EVERYONE, Coalition, Draft, Entry, Line
from settlement.windows import open_first

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
COALITION = Coalition("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "operator", "COIN", 2, b"k" * 32)
PARTICIPANTS = ("airline-m", "bank-c", "hotel-h")


def money_at(_: Connection, opened_at: datetime, __: datetime) -> dict[str, Fraction]:
    """What the shared currency is worth: a third more from a window of 2026-01-06 on."""
    return {"USD": Fraction(1), "EUR": Fraction(4 if opened_at.day > NOW.day else 3, 4)}


Business = Callable[[int], Draft]
"""What happens in the window that is open."""


def found(connection: Connection) -> None:
    """Make the coalition, its genesis entry and its first window."""
    head = create(connection, COALITION, NOW)
    genesis = Draft("GENESIS", "operator", {"coalition": "x"}, frozenset({EVERYONE}))
    append(connection, head, [place(COALITION, head, genesis, number=0, now=NOW)])
    open_first(connection, NOW)


def write(connection: Connection, *happened: Business, now: datetime = NOW) -> list[Entry]:
    """Write what happened, a second apart, at the end of the log."""
    head = read_head(connection, lock=True)
    entries = [
        place(
            COALITION,
            head,
            business(head.open_window),
            number=head.size + offset,
            now=now + timedelta(seconds=offset),
        )
        for offset, business in enumerate(happened)
    ]
    append(connection, head, entries)
    return entries


def owes(window: int, kind: str, debtor: str, creditor: str, amount: int) -> Line:
    """An obligation in the shared currency."""
    return Line(
        kind=kind,
        amount=amount,
        debit=accounts.clearing(window, debtor, creditor, "COIN"),
        credit=accounts.clearing(window, creditor, debtor, "COIN"),
        parties=frozenset({debtor, creditor}),
    )


def points(kind: str, programme: str, member_id: int, amount: int, funder: str) -> Line:
    """Points that a programme issues to a member."""
    currency = programme.split("-")[1].upper() + "-POINTS"
    return Line(
        kind=kind,
        amount=amount,
        debit=accounts.issued(programme, currency),
        credit=accounts.member(member_id, programme, currency),
        parties=frozenset({programme, funder}),
        funder=funder,
        price=None if programme == funder else Fraction(120),
        rule="room",
        terms=0,
    )


def back(programme: str, member_id: int, amount: int) -> Line:
    """Points that a member gives back."""
    currency = programme.split("-")[1].upper() + "-POINTS"
    return Line(
        kind="CONVERSION",
        amount=amount,
        debit=accounts.member(member_id, programme, currency),
        credit=accounts.issued(programme, currency),
        parties=frozenset({programme}),
    )


def _business(kind: str, sender: str, *lines: Line) -> Draft:
    return Draft(
        kind=kind,
        sender=sender,
        facts={"member": "17"},
        facts_parties=frozenset({sender}),
        lines=lines,
        request_sha256=bytes(32),
        business=True,
    )


def double_dip(window: int) -> Draft:
    """A Gold member's stay for 200.00 that earns points and miles."""
    return _business(
        "ACCRUAL",
        "hotel-h",
        points("BASE", "hotel-h", 17, 2_000, "hotel-h"),
        points("TIER_BONUS", "hotel-h", 17, 500, "hotel-h"),
        points("BASE", "airline-m", 17, 200, "hotel-h"),
        owes(window, "PRINCIPAL", "hotel-h", "airline-m", 240_00),
        owes(window, "FEE", "hotel-h", "operator", 4_80),
    )


def conversion(window: int) -> Draft:
    """1,000 points of the hotel into 606 of the airline."""
    return _business(
        "CONVERSION",
        "hotel-h",
        back("hotel-h", 17, 1_000),
        points("CONVERSION", "airline-m", 17, 606, "airline-m"),
        owes(window, "PRINCIPAL", "hotel-h", "airline-m", 484_80),
        owes(window, "FEE", "hotel-h", "operator", 10_00),
        owes(window, "SPREAD", "hotel-h", "operator", 5_00),
        owes(window, "ROUNDING", "hotel-h", "operator", 20),
    )


def nothing_earned(window: int) -> Draft:
    """Business that moves nothing."""
    del window
    return _business("ACCRUAL", "hotel-h")


def debt(debtor: str, creditor: str, amount: int, kind: str = "PRINCIPAL") -> Business:
    """One participant comes to owe another."""
    return lambda window: _business("ACCRUAL", debtor, owes(window, kind, debtor, creditor, amount))


DAY = (double_dip, conversion, debt("bank-c", "hotel-h", 300_00), debt("hotel-h", "bank-c", 1_00))
"""All that happens on a day."""


def administration(window: int) -> Draft:
    """An entry of no window, shown to everyone."""
    del window
    return Draft("RATE", "operator", {"rate": "1/2"}, frozenset({EVERYONE}), directory=True)
