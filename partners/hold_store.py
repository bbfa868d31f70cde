"""Loading holds: those that are named, and those that are open on what members hold."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from partners.member_store import load_accounts, load_member_counters
from partners.querying import ACCOUNT, NUMBER, query
from partners.state import Hold, HoldState, State


async def load_holds(state: State, numbers: Iterable[int]) -> None:
    """Holds by their numbers, with their memberships, those that stand for them, and balances."""
    rows = await query(
        "select h.* from {batch} join redemption_hold h using (number)",
        NUMBER,
        ((number,) for number in numbers),
    )
    for row in rows:
        state.put_hold(hold_of(row))
    accounts = {hold.account for hold in state.holds.values()}
    await load_accounts(state, accounts)
    standing = {state.standing_for(state.accounts[account]).account for account in accounts}
    await load_member_counters(state, accounts | standing)


async def load_open_holds(state: State) -> None:
    """Every hold that is pending on a balance that is loaded."""
    pending = {a for a, counters in state.balances.items() if counters.debits_pending}
    rows = await query(
        "select h.* from {batch} join redemption_hold h using (member_id, programme) "
        "where h.state = 'OPEN'",
        ACCOUNT,
        pending,
    )
    for row in rows:
        state.put_hold(hold_of(row))


def find_expired(
    connection: Connection, now: datetime, limit: int, without: Collection[int] = ()
) -> set[int]:
    """Numbers of holds past their expiry that are not booked as expired yet, at most so many."""
    rows = connection.execute(
        text(
            "select number from redemption_hold where state = 'OPEN' and expires_at < :now "
            "and number <> all(cast(:without as bigint[])) "
            "order by expires_at, number limit :limit"
        ),
        {"now": now, "limit": limit, "without": list(without)},
    )
    return {row.number for row in rows}


def hold_of(row: Any) -> Hold:  # noqa: ANN401 - a row
    """A hold from its row."""
    return Hold(
        number=row.number,
        account=(row.member_id, row.programme),
        merchant=row.merchant,
        amount_minor=row.amount,
        agreement=row.agreement,
        requester=row.requester,
        expires_at=row.expires_at,
        reference=row.reference,
        state=HoldState(row.state),
        captured_minor=row.captured,
        refunded_minor=row.refunded,
        capture_number=row.capture_number,
        captured_by=row.captured_by,
    )
