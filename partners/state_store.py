"""Loading the state that a batch needs: a fixed number of set-based queries."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from partners.activities import ActivityKey
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
from settlement.ledger.bulk import unnest
from settlement.ledger.reading import lines_of


def load(connection: Connection, needs: Needs) -> State:
    """The state that `needs` name, and what hangs on it. Agreements' usage is loaded whole."""
    state = State()
    _load_memberships(connection, state, needs.memberships | needs.link_codes)
    _load_activities(connection, state, needs.activities)
    _load_authorizations(connection, state, needs.authorizations)
    _load_quotes(connection, state, needs)
    _load_link_codes(connection, state, needs.link_codes)
    _load_lines(connection, state, needs.lines_of)
    _load_balances(connection, state, needs.balances)
    rows = connection.execute(text("select agreement, used from agreement_usage"))
    state.usage = {row.agreement: int(row.used) for row in rows}
    return state


def _query(
    connection: Connection,
    statement: str,
    columns: Mapping[str, str],
    keys: Iterable[tuple[object, ...]],
) -> Sequence[Any]:
    """Rows of a statement in which `{batch}` stands for the keys as a table."""
    lists = list(zip(*keys, strict=True))
    if not lists:
        return ()
    bound = {name: list(values) for name, values in zip(columns, lists, strict=True)}
    return connection.execute(text(statement.format(batch=unnest(columns))), bound).all()


_MEMBERSHIP = {"programme": "text", "member_number": "text"}
_ACCOUNT = {"member_id": "bigint", "programme": "text"}


def _load_memberships(
    connection: Connection,
    state: State,
    keys: set[MembershipKey],
) -> None:
    found = _query(
        connection,
        "select m.* from {batch} join enrolment e using (programme, member_number) "
        "join membership m on m.member_id = e.member_id and m.programme = e.programme",
        _MEMBERSHIP,
        keys,
    )
    accounts = [_add_membership(state, row).account for row in found]
    _load_related(connection, state, accounts)


def _load_related(connection: Connection, state: State, accounts: list[AccountKey]) -> None:
    """Links of memberships, the linked memberships, and the same members' other ones.

    Of these others the links are not loaded: `state.links` has the accounts for which they are.
    """
    for account in accounts:
        state.links.setdefault(account, set())
    rows = _query(
        connection,
        "select l.member_id as from_id, l.programme as from_programme, m.* from {batch} "
        "join link l using (member_id, programme) "
        "join membership m on m.member_id = l.other_member_id and m.programme = l.other_programme "
        "union all select null, null, m.* from (select distinct member_id from {batch}) as own "
        "join membership m using (member_id)",
        _ACCOUNT,
        accounts,
    )
    for row in rows:
        membership = _add_membership(state, row)
        if row.from_id is not None:
            state.links[row.from_id, row.from_programme].add(membership.account)


def _load_accounts(connection: Connection, state: State, accounts: set[AccountKey]) -> None:
    """Memberships by member id, with their links."""
    rows = _query(
        connection,
        "select m.* from {batch} join membership m using (member_id, programme)",
        _ACCOUNT,
        accounts - state.links.keys(),
    )
    _load_related(connection, state, [_add_membership(state, row).account for row in rows])


def _add_membership(state: State, row: Any) -> Membership:  # noqa: ANN401 - a row
    membership = Membership(
        row.member_id,
        row.programme,
        row.member_number,
        row.tier,
        row.choice,
        MembershipState(row.state),
    )
    state.add_membership(membership)
    return membership


def _load_activities(connection: Connection, state: State, keys: set[ActivityKey]) -> None:
    rows = _query(
        connection,
        "select a.* from {batch} join activity a using (supplier, kind, reference, revision)",
        {"supplier": "text", "kind": "text", "reference": "text", "revision": "integer"},
        ((k.supplier, k.kind, k.reference, k.revision) for k in keys),
    )
    for row in rows:
        key = ActivityKey(row.supplier, row.kind, row.reference, row.revision)
        state.activities[key] = RecordedActivity(
            key,
            row.number,
            row.reporter,
            row.reversed_number,
        )


def _load_authorizations(connection: Connection, state: State, numbers: set[int]) -> None:
    rows = _query(
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
    named = _query(
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
    still_open = _query(
        connection,
        "select q.* from {batch} join quote q on q.source_member_id = batch.member_id "
        "and q.source_programme = batch.programme and q.state = 'OPEN'",
        _ACCOUNT,
        sources,
    )
    for row in (*named, *still_open):
        state.add_quote(_quote(row))
    accounts = {account for q in state.quotes.values() for account in (q.source, q.target)}
    _load_accounts(connection, state, accounts)
    _load_member_counters(connection, state, {q.source for q in state.quotes.values()})
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
    rows = _query(
        connection,
        "select c.* from {batch} join link_code c on c.other_programme = batch.programme "
        "and c.other_number = batch.member_number and not c.used",
        _MEMBERSHIP,
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
    _load_accounts(connection, state, origins)


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
    _load_member_counters(connection, state, accounts)
    _load_accounts(connection, state, accounts)


def _load_balances(connection: Connection, state: State, keys: set[MembershipKey]) -> None:
    accounts = {state.memberships[key].account for key in keys if key in state.memberships}
    _load_member_counters(connection, state, accounts)


def _load_member_counters(
    connection: Connection,
    state: State,
    accounts: set[AccountKey],
) -> None:
    rows = _query(
        connection,
        "select a.* from {batch} join member_account a using (member_id, programme)",
        _ACCOUNT,
        accounts - state.balances.keys(),
    )
    for row in rows:
        state.balances[row.member_id, row.programme] = Counters(
            row.debits,
            row.credits,
            row.debits_pending,
            row.credits_pending,
        )
