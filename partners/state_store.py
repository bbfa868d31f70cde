"""Loading the state that a batch needs: a fixed number of set-based queries."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.counted import read_counted, read_recovered
from partners.erasure_store import load_pending
from partners.exchange_store import load_exchange
from partners.following_store import load_followed
from partners.hold_store import load_holds, load_open_holds
from partners.member_store import (
    add_membership,
    load_accounts,
    load_member_counters,
    load_memberships,
)
from partners.payment_store import load_settlements
from partners.querying import MEMBERSHIP, query
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
from settlement.ledger.reading import lines_of


def load(connection: Connection, needs: Needs) -> State:
    """The state that `needs` name, and what hangs on it.

    What agreements, budgets and stocks have used is loaded whole.
    """
    state = State()
    named = needs.memberships | needs.link_codes | needs.standings
    load_memberships(connection, state, named)
    _load_activities(connection, state, needs.activities)
    load_exchange(connection, state, needs)
    load_pending(connection, state, needs.pending_of)
    load_holds(connection, state, needs.holds)
    _load_link_codes(connection, state, needs.link_codes)
    _load_lines(connection, state, needs.lines_of)
    reversible = [state.activities[key] for key in needs.lines_of if key in state.activities]
    load_vouchers(connection, state, needs.vouchers, {a.number for a in reversible})
    load_merges(connection, state, needs.merges)
    _load_carried_over(connection, state, needs.carry_over)
    _load_parties(connection, state, reversible)
    followed = load_followed(connection, state, reversible) if needs.lines_of else set()
    _load_balances(connection, state, needs.balances)
    load_invitations(connection, state, needs.standings | needs.invitations)
    load_standings(connection, state, _standing_accounts(state, needs, reversible))
    load_open_holds(connection, state)
    load_progress(connection, state, followed - state.progress.keys())
    load_held(connection, state, {side for a in state.balances for side in state.sides(a)})
    load_usage(connection, state)
    load_settlements(connection, state, needs.settlements)
    load_reconciliations(connection, state, needs)
    return state


def _load_parties(
    connection: Connection, state: State, reversible: Iterable[RecordedActivity]
) -> None:
    """Memberships and balances of vouchers and merges; memberships that activities counted for."""
    vouchers = {(v.member_id, v.programme) for v in state.vouchers.values()}
    merges = {
        (member_id, m.programme)
        for m in state.merges.values()
        for member_id in (m.kept_member_id, m.merged_member_id)
    }
    counted = {item.account for activity in reversible for item in activity.counted}
    load_accounts(connection, state, vouchers | merges | counted)
    load_member_counters(connection, state, vouchers | merges)


def _standing_accounts(
    state: State, needs: Needs, reversible: Iterable[RecordedActivity]
) -> set[AccountKey]:
    named = {state.memberships[key].account for key in needs.standings & state.memberships.keys()}
    return named | {item.account for activity in reversible for item in activity.counted}


def _load_carried_over(
    connection: Connection, state: State, wanted: Mapping[tuple[str, str], int]
) -> None:
    """The next members of old programmes, with what they hold and are in the new ones.

    Members who were carried over are met again when something was booked on them since: what was
    reported late, or taken back.
    """
    for (old, new), limit in wanted.items():
        rows = connection.execute(
            text(
                "select m.*, count(*) over () as remaining from membership m "
                "left join member_account a using (member_id, programme) "
                "where programme = :old and (m.state in ('ACTIVE', 'BLOCKED') "
                "or m.state = 'CARRIED_OVER' and a.credits - a.debits <> a.debits_pending) "
                "order by member_id limit :limit"
            ),
            {"old": old, "limit": limit},
        ).all()
        found = [add_membership(state, row) for row in rows]
        state.to_carry_over[old] = found
        state.remaining[old] = rows[0].remaining if rows else 0
        accounts = {m.account for m in found}
        load_member_counters(connection, state, accounts)
        load_terms(connection, state, accounts)
        load_accounts(connection, state, {(m.member_id, new) for m in found})
        load_memberships(connection, state, {(new, m.member_number) for m in found})


def _load_activities(connection: Connection, state: State, keys: set[ActivityKey]) -> None:
    rows = query(
        connection,
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


def _load_link_codes(connection: Connection, state: State, keys: set[MembershipKey]) -> None:
    rows = query(
        connection,
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
    load_accounts(connection, state, origins)


def _load_lines(connection: Connection, state: State, keys: set[ActivityKey]) -> None:
    """Lines of recorded activities, and the balances of the members on them.

    An activity that is not recorded may be accrued earlier in the same batch, to any membership
    that the batch names or finds.
    """
    numbers = {a.number for key in keys if (a := state.activities.get(key)) is not None}
    for number, lines in lines_of(connection, numbers).items():
        state.lines[number] = tuple(line.as_line() for line in lines)
    accounts = {
        (account.member_id, account.programme)
        for lines in state.lines.values()
        for line in lines
        for account in (line.debit, line.credit)
        if account.member_id is not None and account.programme is not None
    }
    if not keys <= state.activities.keys():
        accounts |= state.accounts.keys()
    load_accounts(connection, state, accounts)
    standing = {
        state.standing_for(state.accounts[account]).account
        for account in accounts & state.accounts.keys()
    }
    merged = {account for account, m in state.accounts.items() if m.merged_into is not None}
    load_merges_of(connection, state, merged)
    load_member_counters(connection, state, accounts | standing)


def _load_balances(connection: Connection, state: State, keys: set[MembershipKey]) -> None:
    accounts = {state.memberships[key].account for key in keys if key in state.memberships}
    load_member_counters(connection, state, accounts)
