"""What an erasure asks of the database before it is decided."""

from partners.querying import ACCOUNT, query
from partners.state import MembershipKey, State


async def load_pending(state: State, keys: set[MembershipKey]) -> None:
    """Which of these memberships, and of those merged into them, wait for a delivery."""
    memberships = [state.memberships[key] for key in keys if key in state.memberships]
    accounts = {side for m in memberships for side in state.sides(m.account)}
    rows = await query(
        "select distinct batch.member_id, batch.programme from {batch} join conversion c "
        "on (c.source_member_id, c.source_programme) = (batch.member_id, batch.programme) "
        "or (c.target_member_id, c.target_programme) = (batch.member_id, batch.programme) "
        "where c.state = 'PENDING'",
        ACCOUNT,
        accounts,
    )
    state.pending |= {(row.member_id, row.programme) for row in rows}
