"""Loading memberships with what hangs on them, and what members hold."""

from typing import Any

from partners.programmes.tiers import TierSource, TierTerm
from partners.querying import ACCOUNT, MEMBERSHIP, query, together
from partners.state import AccountKey, Membership, MembershipKey, MembershipState, State
from settlement.ledger.book import Counters

_STATES = {state.value: state for state in MembershipState}
_SOURCES = {source.value: source for source in TierSource}


async def find_memberships(state: State, keys: set[MembershipKey]) -> list[AccountKey]:
    """Memberships by the partners' own numbers; gives their accounts."""
    found = await query(
        "select m.* from {batch} join enrolment e using (programme, member_number) "
        "join membership m on m.member_id = e.member_id and m.programme = e.programme",
        MEMBERSHIP,
        keys,
    )
    return [add_membership(state, row).account for row in found]


async def load_memberships(state: State, keys: set[MembershipKey]) -> None:
    """Memberships by the partners' own numbers, with what they are linked and merged to."""
    await load_hanging(state, await find_memberships(state, keys))


async def load_hanging(state: State, accounts: list[AccountKey]) -> None:
    """What memberships that are loaded are linked and merged to."""
    await together(_load_related(state, accounts), _load_merged_and_related(state, accounts))


async def _load_merged_and_related(state: State, accounts: list[AccountKey]) -> None:
    await _load_related(state, await _load_merged(state, accounts))


async def _load_merged(state: State, accounts: list[AccountKey]) -> list[AccountKey]:
    """Memberships that stand for these, and those that these stand for; gives their accounts."""
    standing = {
        (into, programme)
        for account in accounts
        if (into := state.accounts[account].merged_into) is not None
        for programme in [account[1]]
    }
    found = []
    while standing - state.accounts.keys():
        rows = await query(
            "select m.* from {batch} join membership m using (member_id, programme)",
            ACCOUNT,
            standing - state.accounts.keys(),
        )
        added = [add_membership(state, row) for row in rows]
        found += [membership.account for membership in added]
        standing = {(m.merged_into, m.programme) for m in added if m.merged_into is not None}
    near = [*accounts, *found]
    while near:
        rows = await query(
            "select m.* from {batch} join membership m on m.merged_into = batch.member_id "
            "and m.programme = batch.programme",
            ACCOUNT,
            near,
        )
        near = [add_membership(state, row).account for row in rows]
        found += near
    return found


_RELATED = """
with related as (
    select l.member_id as from_id, l.programme as from_programme, m.* from {batch}
    join link l using (member_id, programme)
    join membership m on m.member_id = l.other_member_id and m.programme = l.other_programme
    union all select null, null, m.* from (select distinct member_id from {batch}) as own
    join membership m using (member_id)
)
select false as is_merged, r.* from related r
union all select true, null, null, m.* from related r
join membership m on m.merged_into = r.member_id and m.programme = r.programme
"""
"""Links, the same members' other memberships, and what was merged into any of these. What hangs
on the merged ones in turn is asked for where there are any."""


async def _load_related(state: State, accounts: list[AccountKey]) -> None:
    """Links of memberships, the linked memberships, and the same members' other ones.

    Of these others the links are not loaded: `state.links` has the accounts for which they are.
    """
    for account in accounts:
        state.links.setdefault(account, set())
    rows = await query(_RELATED, ACCOUNT, accounts)
    added = []
    for row in rows:
        membership = add_membership(state, row)
        if row.is_merged or membership.merged_into is not None:
            added.append(membership.account)
        if row.from_id is not None:
            state.links[row.from_id, row.from_programme].add(membership.account)
    await _load_merged(state, added)


async def load_accounts(state: State, accounts: set[AccountKey]) -> None:
    """Memberships by member id, with their links."""
    rows = await query(
        "select m.* from {batch} join membership m using (member_id, programme)",
        ACCOUNT,
        accounts - state.links.keys(),
    )
    await load_hanging(state, [add_membership(state, row).account for row in rows])


def membership_of(row: Any) -> Membership:  # noqa: ANN401 - a row
    """A membership from its row."""
    return Membership(
        member_id=row.member_id,
        programme=row.programme,
        member_number=row.member_number,
        term=TierTerm(row.tier, row.tier_since, row.tier_until, _SOURCES[row.tier_source]),
        choice=row.choice,
        state=_STATES[row.state],
        joined_on=row.joined_on,
        chosen_programme=row.chosen_programme,
        red_listed=row.red_listed,
        merged_into=row.merged_into,
        evaluated_on=row.evaluated_on,
        number=row.number,
    )


def add_membership(state: State, row: Any) -> Membership:  # noqa: ANN401 - a row
    """Put the membership of a row into the state."""
    membership = membership_of(row)
    state.add_membership(membership)
    return membership


async def load_member_counters(
    state: State,
    accounts: set[AccountKey],
) -> None:
    """What was ever debited and credited to members' accounts."""
    rows = await query(
        "select a.* from {batch} join member_account a using (member_id, programme)",
        ACCOUNT,
        accounts - state.balances.keys(),
    )
    for row in rows:
        state.balances[row.member_id, row.programme] = Counters(
            row.debits,
            row.credits,
            row.debits_pending,
            row.credits_pending,
        )
