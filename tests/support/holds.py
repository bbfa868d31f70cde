"""Spending at a merchant: a shop, a member with shared currency, and what runs when time is up."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.changes import Change, write_all
from partners.context import Context
from partners.directory import Permission
from partners.directory_store import load_directory
from partners.hold_store import find_expired
from partners.state import MembershipKey, Needs
from partners.state_store import load
from partners.usecases.redemption import Authorize, Capture, Refund, Void, expire
from settlement.ledger.book import append, place, read_head
from support.use_case_bench import Bench, Outcome, bench, report

OPERATOR = "operator"
ADMIN = "admin-one"
MEMBER = (OPERATOR, "1")
MERCHANTS = ("shop", "cafe")


@contextmanager
def spending_bench(
    database_url: str, *, price: Fraction = Fraction(9, 10), balance: int = 1_000
) -> Iterator[Bench]:
    """A shop and a café that are owed `price` of what is spent, and a member who holds coins."""
    with bench(database_url) as made:
        made.admit(*MERCHANTS, "stranger")
        for merchant in MERCHANTS:
            may_redeem(made, merchant, price)
        made.enrol(*MEMBER, sender=ADMIN)
        if balance:
            give(made, MEMBER, balance)
        yield made


def may_redeem(world: Bench, merchant: str, price: Fraction, **terms: Any) -> int:
    """An agreement by which members spend shared currency at a merchant; its number."""
    return world.agree(
        OPERATOR,
        merchant,
        issuer=ADMIN,
        permissions=[Permission.REDEEM],
        reimbursement=price,
        **terms,
    )


def give(world: Bench, key: MembershipKey, amount: int, reference: str = "gift") -> None:
    """Coins for nothing."""
    name = ActivityKey(OPERATOR, "GIFT", f"{reference} {key[1]}")
    assert not world.ask(ADMIN, report(key, name, [(OPERATOR, "BASE", amount)])).reason


def authorization(amount: int, **changes: Any) -> Authorize:
    """A hold at the shop."""
    values = {"membership": MEMBER, "merchant": "shop", "reference": "order", **changes}
    return Authorize(amount_minor=amount, **values)


def held(world: Bench, amount: int, sender: str = ADMIN, **changes: Any) -> Outcome:
    """A hold is asked for."""
    return world.ask(sender, authorization(amount, **changes))


def captured(world: Bench, hold: int, amount: int, sender: str = "shop") -> Outcome:
    """A hold is captured."""
    return world.ask(sender, Capture(hold, amount))


def voided(world: Bench, hold: int, sender: str = "shop") -> Outcome:
    """A hold is given up."""
    return world.ask(sender, Void(hold))


def refunded(world: Bench, hold: int, amount: int, sender: str = "shop") -> Outcome:
    """Some of a capture is given back."""
    return world.ask(sender, Refund(hold, amount))


def book_expired(world: Bench, limit: int = 500) -> list[int]:
    """Book the holds whose time is up, as what runs regularly does; the numbers of their holds."""
    if world.connection is not None:
        return _book_expired(world, world.connection, limit)
    with world.engine.begin() as connection:
        return _book_expired(world, connection, limit)


def _book_expired(world: Bench, connection: Connection, limit: int) -> list[int]:
    head = read_head(connection, lock=True)
    now = max(world.now, head.accepted_at)
    numbers = find_expired(connection, now, limit)
    state = load(connection, Needs(holds=set(numbers), now=now))
    directory = load_directory(connection, world.coalition)
    entries = []
    changes: list[Change] = []
    for number in sorted(numbers):
        context = Context(
            head.size + len(entries),
            now,
            head.open_window,
            OPERATOR,
            "",
            directory,
            state,
            head.window_opened_at,
        )
        decision = expire(number, context)
        draft = decision.draft(OPERATOR)
        entries.append(place(world.coalition, head, draft, number=context.number, now=now))
        state.post(decision.lines)
        for change in decision.changes:
            change.apply(state)
            changes.append(change)
    append(connection, head, entries)
    write_all(connection, changes)
    return sorted(numbers)


def counters(world: Bench, member_id: int) -> tuple[int, int]:
    """Posted debits and pending debits of a member's coins."""
    query = text(
        "select debits, debits_pending from member_account "
        "where member_id = :member and programme = 'operator'"
    )
    with reading(world) as connection:
        row = connection.execute(query, {"member": member_id}).one()
    return row.debits, row.debits_pending


@contextmanager
def reading(world: Bench) -> Iterator[Connection]:
    """The connection of what will be undone, or a new one."""
    if world.connection is not None:
        yield world.connection
        return
    with world.engine.connect() as connection:
        yield connection


@contextmanager
def at(world: Bench, instant: datetime) -> Iterator[None]:
    """It is that instant, inside."""
    before, world.now = world.now, instant
    try:
        yield
    finally:
        world.now = before
