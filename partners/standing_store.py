"""Loading what programmes know of members: tiers, progress, registrations, vouchers, merges."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, text

from partners.programmes.forms import MoneyAmount
from partners.programmes.progress import Progress
from partners.programmes.tiers import TierSource, TierTerm
from partners.querying import ACCOUNT, MEMBERSHIP, query
from partners.state import (
    AccountKey,
    Election,
    Held,
    Invitation,
    MembershipKey,
    Merge,
    State,
    Voucher,
    VoucherState,
)

_NUMBER = {"number": "bigint"}


def load_standings(connection: Connection, state: State, accounts: Iterable[AccountKey]) -> None:
    """Tiers, choices, progress and registrations of memberships that are loaded already.

    With them those of the memberships that stand for them or were merged into them.
    """
    wanted = _with_merged(state, accounts)
    load_terms(connection, state, wanted)
    load_progress(connection, state, wanted)
    _load_registrations(connection, state, wanted)
    _load_multiples(connection, state, wanted)


def _with_merged(state: State, accounts: Iterable[AccountKey]) -> set[AccountKey]:
    found: set[AccountKey] = set()
    for account in accounts:
        if account in state.accounts:
            standing = state.standing_for(state.accounts[account])
            found.update(state.sides(standing.account))
    return found


def load_terms(connection: Connection, state: State, accounts: set[AccountKey]) -> None:
    """Every tier and every choice of memberships, in the order of the log."""
    rows = query(
        connection,
        "select t.* from {batch} join tier_term t using (member_id, programme) order by t.number",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        term = TierTerm(row.tier, row.since, row.until, TierSource(row.source))
        state.terms.setdefault((row.member_id, row.programme), []).append(term)
    rows = query(
        connection,
        "select e.* from {batch} join election e using (member_id, programme) order by e.number",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        election = Election(row.choice, row.chosen_programme, row.elected_at)
        state.elections.setdefault((row.member_id, row.programme), []).append(election)


def load_progress(connection: Connection, state: State, accounts: set[AccountKey]) -> None:
    """What was counted of memberships, day by day."""
    for account in accounts:
        state.progress.setdefault(account, Progress())
    rows = query(
        connection,
        "select p.* from {batch} join progress p using (member_id, programme)",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        progress = state.progress[row.member_id, row.programme]
        progress.add(row.counter, row.day, row.number, row.amount)


def _load_registrations(connection: Connection, state: State, accounts: set[AccountKey]) -> None:
    rows = query(
        connection,
        "select r.* from {batch} join registration r using (member_id, programme)",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        of_member = state.registrations.setdefault((row.member_id, row.programme), {})
        of_member[row.rule] = row.registered_at


def _load_multiples(connection: Connection, state: State, accounts: set[AccountKey]) -> None:
    rows = query(
        connection,
        "select v.member_id, v.programme, v.award, v.multiple from {batch} "
        "join voucher v using (member_id, programme) "
        "join membership m using (member_id, programme) "
        "where v.multiple is not null and v.state <> 'CANCELLED' and v.number > m.number",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        state.multiples[row.member_id, row.programme].add((row.award, row.multiple))


def load_invitations(connection: Connection, state: State, keys: set[MembershipKey]) -> None:
    """Invitations of member numbers."""
    rows = query(
        connection,
        "select i.* from {batch} join invitation i using (programme, member_number)",
        MEMBERSHIP,
        keys,
    )
    for row in rows:
        state.invitations[row.number] = Invitation(
            row.number, row.programme, row.member_number, row.tier, row.expires_on, row.used
        )


def load_held(connection: Connection, state: State, accounts: Iterable[AccountKey]) -> None:
    """Points that cannot be spent yet."""
    rows = query(
        connection,
        "select h.* from {batch} join held_points h using (member_id, programme)",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        of_member = state.held.setdefault((row.member_id, row.programme), {})
        of_member[row.number] = Held(row.amount, row.available_at)


def load_vouchers(
    connection: Connection, state: State, numbers: set[int], earned_by: set[int]
) -> None:
    """Vouchers by their numbers, and by those of the accruals that brought them."""
    named = query(
        connection,
        "select v.* from {batch} join voucher v using (number)",
        _NUMBER,
        ((number,) for number in numbers),
    )
    earned = query(
        connection,
        "select v.* from {batch} join voucher v on v.earned_by = batch.number",
        _NUMBER,
        ((number,) for number in earned_by),
    )
    for row in (*named, *earned):
        state.put_voucher(voucher_of(row))


def voucher_of(row: Any) -> Voucher:  # noqa: ANN401 - a row
    """A voucher from its row."""
    return Voucher(
        number=row.number,
        member_id=row.member_id,
        programme=row.programme,
        award=row.award,
        tier=row.tier,
        points_minor=row.points,
        bought_minor=row.bought,
        money=tuple(map(_money, row.money)),
        state=VoucherState(row.state),
        usable_until=row.usable_until,
        cancellable_until=row.cancellable_until,
        earned_by=row.earned_by,
        multiple=row.multiple,
    )


def _money(text_: str) -> MoneyAmount:
    currency, minor = text_.split()
    return MoneyAmount(currency, int(minor))


def load_merges_of(connection: Connection, state: State, accounts: set[AccountKey]) -> None:
    """Merges that stand, by the memberships that were merged."""
    rows = query(
        connection,
        "select m.* from {batch} join member_merge m on m.merged_member_id = batch.member_id "
        "and m.programme = batch.programme and m.undone_number is null",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        state.merges[row.number] = _merge(row)


def load_merges(connection: Connection, state: State, numbers: set[int]) -> None:
    """Merges by their numbers."""
    rows = query(
        connection,
        "select m.* from {batch} join member_merge m using (number)",
        _NUMBER,
        ((number,) for number in numbers),
    )
    for row in rows:
        state.merges[row.number] = _merge(row)


def _merge(row: Any) -> Merge:  # noqa: ANN401 - a row
    return Merge(
        number=row.number,
        programme=row.programme,
        kept_member_id=row.kept_member_id,
        merged_member_id=row.merged_member_id,
        moved_minor=row.moved,
        undone_number=row.undone_number,
    )


def load_usage(connection: Connection, state: State) -> None:
    """What agreements, budgets and stocks have used: few rows, loaded whole."""
    rows = connection.execute(text("select agreement, used from agreement_usage"))
    state.usage = {row.agreement: int(row.used) for row in rows}
    rows = connection.execute(text("select programme, rule, used from rule_usage"))
    state.rule_usage = {(row.programme, row.rule): int(row.used) for row in rows}
    rows = connection.execute(text("select programme, award, used from award_usage"))
    state.award_usage = {(row.programme, row.award): row.used for row in rows}
