"""Loading the state that a batch needs: a fixed number of set-based queries."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.counted import read_counted, read_recovered
from partners.programmes.tiers import TierSource, TierTerm
from partners.querying import ACCOUNT, MEMBERSHIP, query
from partners.standing_store import (
    load_held,
    load_invitations,
    load_merges,
    load_merges_of,
    load_standings,
    load_terms,
    load_usage,
    load_vouchers,
)
from partners.state import (
    AccountKey,
    DebitAuthorization,
    LinkCode,
    Membership,
    MembershipKey,
    MembershipState,
    Needs,
    Quote,
    QuoteState,
    RecordedActivity,
    State,
)
from settlement.ledger.book import Counters
from settlement.ledger.reading import lines_of


def load(connection: Connection, needs: Needs) -> State:
    """The state that `needs` name, and what hangs on it.

    What agreements, budgets and stocks have used is loaded whole.
    """
    state = State()
    named = needs.memberships | needs.link_codes | needs.standings
    _load_memberships(connection, state, named)
    _load_activities(connection, state, needs.activities)
    _load_authorizations(connection, state, needs.authorizations)
    _load_quotes(connection, state, needs)
    _load_link_codes(connection, state, needs.link_codes)
    _load_lines(connection, state, needs.lines_of)
    reversible = [state.activities[key] for key in needs.lines_of if key in state.activities]
    load_vouchers(connection, state, needs.vouchers, {a.number for a in reversible})
    load_merges(connection, state, needs.merges)
    _load_carried_over(connection, state, needs.carry_over)
    _load_parties(connection, state, reversible)
    _load_balances(connection, state, needs.balances)
    load_invitations(connection, state, needs.standings | needs.invitations)
    load_standings(connection, state, _standing_accounts(state, needs, reversible))
    load_held(connection, state, {side for a in state.balances for side in state.sides(a)})
    load_usage(connection, state)
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
                "or m.state = 'CARRIED_OVER' and a.credits <> a.debits) "
                "order by member_id limit :limit"
            ),
            {"old": old, "limit": limit},
        ).all()
        found = [_add_membership(state, row) for row in rows]
        state.to_carry_over[old] = found
        state.remaining[old] = rows[0].remaining if rows else 0
        accounts = {m.account for m in found}
        load_member_counters(connection, state, accounts)
        load_terms(connection, state, accounts)
        load_accounts(connection, state, {(m.member_id, new) for m in found})
        _load_memberships(connection, state, {(new, m.member_number) for m in found})


def _load_memberships(
    connection: Connection,
    state: State,
    keys: set[MembershipKey],
) -> None:
    found = query(
        connection,
        "select m.* from {batch} join enrolment e using (programme, member_number) "
        "join membership m on m.member_id = e.member_id and m.programme = e.programme",
        MEMBERSHIP,
        keys,
    )
    accounts = [_add_membership(state, row).account for row in found]
    accounts += _load_merged(connection, state, accounts)
    _load_related(connection, state, accounts)


def _load_merged(
    connection: Connection, state: State, accounts: list[AccountKey]
) -> list[AccountKey]:
    """Memberships that stand for these, and those that these stand for; gives their accounts."""
    standing = {
        (into, programme)
        for account in accounts
        if (into := state.accounts[account].merged_into) is not None
        for programme in [account[1]]
    }
    found = []
    while standing - state.accounts.keys():
        rows = query(
            connection,
            "select m.* from {batch} join membership m using (member_id, programme)",
            ACCOUNT,
            standing - state.accounts.keys(),
        )
        added = [_add_membership(state, row) for row in rows]
        found += [membership.account for membership in added]
        standing = {(m.merged_into, m.programme) for m in added if m.merged_into is not None}
    near = [*accounts, *found]
    while near:
        rows = query(
            connection,
            "select m.* from {batch} join membership m on m.merged_into = batch.member_id "
            "and m.programme = batch.programme",
            ACCOUNT,
            near,
        )
        near = [_add_membership(state, row).account for row in rows]
        found += near
    return found


def _load_related(connection: Connection, state: State, accounts: list[AccountKey]) -> None:
    """Links of memberships, the linked memberships, and the same members' other ones.

    Of these others the links are not loaded: `state.links` has the accounts for which they are.
    """
    for account in accounts:
        state.links.setdefault(account, set())
    rows = query(
        connection,
        "select l.member_id as from_id, l.programme as from_programme, m.* from {batch} "
        "join link l using (member_id, programme) "
        "join membership m on m.member_id = l.other_member_id and m.programme = l.other_programme "
        "union all select null, null, m.* from (select distinct member_id from {batch}) as own "
        "join membership m using (member_id)",
        ACCOUNT,
        accounts,
    )
    added = []
    for row in rows:
        membership = _add_membership(state, row)
        added.append(membership.account)
        if row.from_id is not None:
            state.links[row.from_id, row.from_programme].add(membership.account)
    _load_merged(connection, state, added)


def load_accounts(connection: Connection, state: State, accounts: set[AccountKey]) -> None:
    """Memberships by member id, with their links."""
    rows = query(
        connection,
        "select m.* from {batch} join membership m using (member_id, programme)",
        ACCOUNT,
        accounts - state.links.keys(),
    )
    found = [_add_membership(state, row).account for row in rows]
    _load_related(connection, state, found + _load_merged(connection, state, found))


def membership_of(row: Any) -> Membership:  # noqa: ANN401 - a row
    """A membership from its row."""
    return Membership(
        member_id=row.member_id,
        programme=row.programme,
        member_number=row.member_number,
        term=TierTerm(row.tier, row.tier_since, row.tier_until, TierSource(row.tier_source)),
        choice=row.choice,
        state=MembershipState(row.state),
        joined_on=row.joined_on,
        chosen_programme=row.chosen_programme,
        red_listed=row.red_listed,
        merged_into=row.merged_into,
        evaluated_on=row.evaluated_on,
        number=row.number,
    )


def _add_membership(state: State, row: Any) -> Membership:  # noqa: ANN401 - a row
    membership = membership_of(row)
    state.add_membership(membership)
    return membership


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


def _load_authorizations(connection: Connection, state: State, numbers: set[int]) -> None:
    rows = query(
        connection,
        "select a.* from {batch} join debit_authorization a using (number)",
        {"number": "bigint"},
        ((number,) for number in numbers),
    )
    for row in rows:
        state.authorizations[row.number] = DebitAuthorization(
            row.number,
            row.grantee,
            (row.source_member_id, row.source_programme),
            (row.target_member_id, row.target_programme),
            row.amount_minor,
            row.expires_at,
            row.used,
        )


def _load_quotes(connection: Connection, state: State, needs: Needs) -> None:
    named = query(
        connection,
        "select q.* from {batch} join quote q using (number)",
        {"number": "bigint"},
        ((number,) for number in needs.quotes),
    )
    sources = {
        membership.account
        for key in needs.open_quotes
        if (membership := state.memberships.get(key)) is not None
    }
    still_open = query(
        connection,
        "select q.* from {batch} join quote q on q.source_member_id = batch.member_id "
        "and q.source_programme = batch.programme and q.state = 'OPEN'",
        ACCOUNT,
        sources,
    )
    for row in (*named, *still_open):
        state.add_quote(_quote(row))
    accounts = {account for q in state.quotes.values() for account in (q.source, q.target)}
    load_accounts(connection, state, accounts)
    load_member_counters(connection, state, {q.source for q in state.quotes.values()})
    used = {q.authorization for q in state.quotes.values() if q.authorization is not None}
    _load_authorizations(connection, state, used - state.authorizations.keys())


def _quote(row: Any) -> Quote:  # noqa: ANN401 - a row
    return Quote(
        number=row.number,
        requester=row.requester,
        source=(row.source_member_id, row.source_programme),
        target=(row.target_member_id, row.target_programme),
        source_minor=row.source_minor,
        shared_minor=row.shared_minor,
        fee_minor=row.fee_minor,
        spread_minor=row.spread_minor,
        value_minor=row.value_minor,
        rounding_minor=row.rounding_minor,
        target_minor=row.target_minor,
        source_rate=row.source_rate,
        target_rate=row.target_rate,
        authorization=row.authorization_number,
        expires_at=row.expires_at,
        state=QuoteState(row.state),
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


def load_member_counters(
    connection: Connection,
    state: State,
    accounts: set[AccountKey],
) -> None:
    """What was ever debited and credited to members' accounts."""
    rows = query(
        connection,
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
