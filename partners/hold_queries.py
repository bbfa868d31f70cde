"""What partners may read of holds."""

from dataclasses import replace

from sqlalchemy import Connection, text

from partners.hold_store import hold_of
from partners.holding import HoldOf, reimbursement_minor
from partners.member_store import load_accounts
from partners.queries import Asker
from partners.querying import run
from partners.state import State

_LISTED = """
select * from redemption_hold
where number > :after and (merchant = :merchant or :all)
  and (not :open or state = 'OPEN' and expires_at >= :now)
order by number limit :limit
"""


def holds(
    connection: Connection, asker: Asker, *, after: int, limit: int, only_open: bool
) -> list[HoldOf]:
    """Holds at the asker's participant by number; the operator, whose members they are, sees all.

    Each as it stands now: past its expiry it is EXPIRED, booked yet or not.
    """
    bound = {
        "after": after,
        "merchant": asker.participant,
        "all": asker.participant == asker.directory.coalition.operator,
        "open": only_open,
        "now": asker.now,
        "limit": limit,
    }
    found = [hold_of(row) for row in connection.execute(text(_LISTED), bound)]
    state = State()
    run(connection, load_accounts(state, {hold.account for hold in found}))
    context = asker.context(state)
    return [
        HoldOf(
            replace(hold, state=hold.state_at(asker.now)),
            state.accounts[hold.account],
            reimbursement_minor(hold, context),
        )
        for hold in found
    ]
