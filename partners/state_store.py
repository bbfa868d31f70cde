"""Loading the state that a batch needs: a fixed number of set-based queries."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from sqlalchemy import Connection

from partners.activities import ActivityKey
from partners.counted import read_counted, read_recovered
from partners.erasure_store import load_pending
from partners.exchange_store import load_exchange
from partners.following_store import load_followed
from partners.hold_store import load_holds, load_open_holds
from partners.line_store import load_lines
from partners.member_store import (
    add_membership,
    find_memberships,
    load_accounts,
    load_hanging,
    load_member_counters,
    load_memberships,
)
from partners.payment_store import load_settlements
from partners.querying import MEMBERSHIP, ask, query, run, together
from partners.reconciliation_store import load_reconciliations
from partners.standing_store import (
    load_held,
    load_invitations,
    load_merges,
    load_merges_of,
    load_progress,
    load_standings,
    load_terms,
    load_usage,
    load_vouchers,
)
from partners.state import (
    AccountKey,
    LinkCode,
    MembershipKey,
    Needs,
    RecordedActivity,
    State,
)


def load(connection: Connection, needs: Needs) -> State:
    """The state that `needs` name, and what hangs on it.

    What agreements, budgets and stocks have used is loaded whole.
    """
    state = State()
    run(connection, load_into(connection, state, needs))
    return state


async def load_into(connection: Connection, state: State, needs: Needs) -> None:
    """Load that, together with what else is loaded; most batches need the first steps alone."""
    await together(
        _load_members(state, needs),
        _load_activities(state, needs.activities),
        load_invitations(state, needs.standings | needs.invitations),
        load_merges(state, needs.merges),
        load_usage(state),
    )
    await load_exchange(state, needs)
    await load_pending(state, needs.pending_of)
    await load_holds(state, needs.holds)
    await _load_link_codes(state, needs.link_codes)
    await _load_lines(state, needs.lines_of)
    reversible = [state.activities[key] for key in needs.lines_of if key in state.activities]
    await load_vouchers(state, needs.vouchers, {a.number for a in reversible})
    await _load_carried_over(state, needs.carry_over)
    await _load_parties(state, reversible)
    followed = await load_followed(state, reversible) if needs.lines_of else set()
    await _load_balances(state, needs.balances)
    await together(
        load_standings(state, _standing_accounts(state, needs, reversible)),
        load_open_holds(state),
        load_held(state, {side for a in state.balances for side in state.sides(a)}),
    )
    await load_progress(state, followed - state.progress.keys())
    await load_settlements(connection, state, needs.settlements)
    load_reconciliations(connection, state, needs)


async def _load_members(state: State, needs: Needs) -> None:
    """Memberships that are named, and at once the standings of those that stand for themselves."""
    found = await find_memberships(state, needs.memberships | needs.link_codes | needs.standings)
    asked = (state.accounts[account] for account in found)
    alone = {m.account for m in asked if m.merged_into is None and m.key in needs.standings}
    await together(load_hanging(state, found), load_standings(state, alone))


async def _load_parties(state: State, reversible: Iterable[RecordedActivity]) -> None:
    """Memberships and balances of vouchers and merges; memberships that activities counted for."""
    vouchers = {(v.member_id, v.programme) for v in state.vouchers.values()}
    merges = {
        (member_id, m.programme)
        for m in state.merges.values()
        for member_id in (m.kept_member_id, m.merged_member_id)
    }
    counted = {item.account for activity in reversible for item in activity.counted}
    await load_accounts(state, vouchers | merges | counted)
    await load_member_counters(state, vouchers | merges)


def _standing_accounts(
    state: State, needs: Needs, reversible: Iterable[RecordedActivity]
) -> set[AccountKey]:
    named = {state.memberships[key].account for key in needs.standings & state.memberships.keys()}
    return named | {item.account for activity in reversible for item in activity.counted}


async def _load_carried_over(state: State, wanted: Mapping[tuple[str, str], int]) -> None:
    """The next members of old programmes, with what they hold and are in the new ones.

    Members who were carried over are met again when something was booked on them since: what was
    reported late, or taken back.
    """
    for (old, new), limit in wanted.items():
        rows = await ask(
            "select m.*, count(*) over () as remaining from membership m "
            "left join member_account a using (member_id, programme) "
            "where programme = :old and (m.state in ('ACTIVE', 'BLOCKED') "
            "or m.state = 'CARRIED_OVER' and a.credits - a.debits <> a.debits_pending) "
            "order by member_id limit :limit",
            old=old,
            limit=limit,
        )
        found = [add_membership(state, row) for row in rows]
        state.to_carry_over[old] = found
        state.remaining[old] = rows[0].remaining if rows else 0
        accounts = {m.account for m in found}
        await load_member_counters(state, accounts)
        await load_terms(state, accounts)
        await load_accounts(state, {(m.member_id, new) for m in found})
        await load_memberships(state, {(new, m.member_number) for m in found})


async def _load_activities(state: State, keys: set[ActivityKey]) -> None:
    rows = await query(
        "select a.* from {batch} join activity a using (supplier, kind, reference, revision)",
        {"supplier": "text", "kind": "text", "reference": "text", "revision": "integer"},
        ((k.supplier, k.kind, k.reference, k.revision) for k in keys),
    )
    for row in rows:
        key = ActivityKey(row.supplier, row.kind, row.reference, row.revision)
        state.activities[key] = RecordedActivity(
            key=key,
            number=row.number,
            reporter=row.reporter,
            counted=read_counted(row.counted),
            reversed_number=row.reversed_number,
            reversed=Fraction(row.reversed_numerator, row.reversed_denominator),
            recovered=read_recovered(row.recovered),
        )


async def _load_link_codes(state: State, keys: set[MembershipKey]) -> None:
    rows = await query(
        "select c.* from {batch} join link_code c on c.other_programme = batch.programme "
        "and c.other_number = batch.member_number and not c.used",
        MEMBERSHIP,
        keys,
    )
    for row in rows:
        state.link_codes[row.number] = LinkCode(
            row.number,
            row.member_id,
            row.programme,
            row.other_programme,
            row.other_number,
            row.expires_at,
            row.tries,
            row.used,
        )
    origins = {(code.member_id, code.programme) for code in state.link_codes.values()}
    await load_accounts(state, origins)


async def _load_lines(state: State, keys: set[ActivityKey]) -> None:
    """Lines of recorded activities, and the balances of the members on them.

    An activity that is not recorded may be accrued earlier in the same batch, to any membership
    that the batch names or finds.
    """
    numbers = {a.number for key in keys if (a := state.activities.get(key)) is not None}
    await load_lines(state, numbers)
    accounts = {
        (account.member_id, account.programme)
        for lines in state.lines.values()
        for line in lines
        for account in (line.debit, line.credit)
        if account.member_id is not None and account.programme is not None
    }
    if not keys <= state.activities.keys():
        accounts |= state.accounts.keys()
    await load_accounts(state, accounts)
    standing = {
        state.standing_for(state.accounts[account]).account
        for account in accounts & state.accounts.keys()
    }
    merged = {account for account, m in state.accounts.items() if m.merged_into is not None}
    await load_merges_of(state, merged)
    await load_member_counters(state, accounts | standing)


async def _load_balances(state: State, keys: set[MembershipKey]) -> None:
    accounts = {state.memberships[key].account for key in keys if key in state.memberships}
    await load_member_counters(state, accounts)
