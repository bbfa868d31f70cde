"""Loading what programmes know of members: tiers, progress, registrations, vouchers, merges."""

from collections.abc import Iterable
from typing import Any

from partners.programmes.forms import MoneyAmount
from partners.programmes.progress import Progress
from partners.programmes.tiers import TierSource, TierTerm
from partners.querying import ACCOUNT, MEMBERSHIP, NUMBER, ask, query, together
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


async def load_standings(state: State, accounts: Iterable[AccountKey]) -> None:
    """Tiers, choices, progress and registrations of memberships that are loaded already.

    With them those of the memberships that stand for them or were merged into them, as far as
    these are loaded. What was asked for before is not asked for again.
    """
    wanted = _with_merged(state, accounts) - state.progress.keys()
    await together(
        load_terms(state, wanted),
        load_progress(state, wanted),
        _load_registrations(state, wanted),
        _load_multiples(state, wanted),
    )


def _with_merged(state: State, accounts: Iterable[AccountKey]) -> set[AccountKey]:
    found: set[AccountKey] = set()
    for account in accounts:
        if account in state.accounts:
            standing = state.standing_for(state.accounts[account])
            found.update(state.sides(standing.account))
    return found


async def load_terms(state: State, accounts: set[AccountKey]) -> None:
    """Every tier and every choice of memberships, in the order of the log."""
    await together(_load_tiers(state, accounts), _load_elections(state, accounts))


async def _load_tiers(state: State, accounts: set[AccountKey]) -> None:
    rows = await query(
        "select t.* from {batch} join tier_term t using (member_id, programme) order by t.number",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        term = TierTerm(row.tier, row.since, row.until, TierSource(row.source))
        state.terms.setdefault((row.member_id, row.programme), []).append(term)


async def _load_elections(state: State, accounts: set[AccountKey]) -> None:
    rows = await query(
        "select e.* from {batch} join election e using (member_id, programme) order by e.number",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        election = Election(row.choice, row.chosen_programme, row.elected_at)
        state.elections.setdefault((row.member_id, row.programme), []).append(election)


async def load_progress(state: State, accounts: set[AccountKey]) -> None:
    """What was counted of memberships, day by day."""
    for account in accounts:
        state.progress.setdefault(account, Progress())
    rows = await query(
        "select p.* from {batch} join progress p using (member_id, programme)",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        progress = state.progress[row.member_id, row.programme]
        progress.add(row.counter, row.day, row.number, row.amount)


async def _load_registrations(state: State, accounts: set[AccountKey]) -> None:
    rows = await query(
        "select r.* from {batch} join registration r using (member_id, programme)",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        of_member = state.registrations.setdefault((row.member_id, row.programme), {})
        of_member[row.rule] = row.registered_at


async def _load_multiples(state: State, accounts: set[AccountKey]) -> None:
    rows = await query(
        "select v.member_id, v.programme, v.award, v.multiple from {batch} "
        "join voucher v using (member_id, programme) "
        "join membership m using (member_id, programme) "
        "where v.multiple is not null and v.state <> 'CANCELLED' and v.number > m.number",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        state.multiples[row.member_id, row.programme].add((row.award, row.multiple))


async def load_invitations(state: State, keys: set[MembershipKey]) -> None:
    """Invitations of member numbers."""
    rows = await query(
        "select i.* from {batch} join invitation i using (programme, member_number)",
        MEMBERSHIP,
        keys,
    )
    for row in rows:
        state.invitations[row.number] = Invitation(
            row.number, row.programme, row.member_number, row.tier, row.expires_on, row.used
        )


async def load_held(state: State, accounts: Iterable[AccountKey]) -> None:
    """Points that cannot be spent yet."""
    rows = await query(
        "select h.* from {batch} join held_points h using (member_id, programme)",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        of_member = state.held.setdefault((row.member_id, row.programme), {})
        of_member[row.number] = Held(row.amount, row.available_at)


async def load_vouchers(state: State, numbers: set[int], earned_by: set[int]) -> None:
    """Vouchers by their numbers, and by those of the accruals that brought them."""
    named = await query(
        "select v.* from {batch} join voucher v using (number)",
        NUMBER,
        ((number,) for number in numbers),
    )
    earned = await query(
        "select v.* from {batch} join voucher v on v.earned_by = batch.number",
        NUMBER,
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


async def load_merges_of(state: State, accounts: set[AccountKey]) -> None:
    """Merges that stand, by the memberships that were merged."""
    rows = await query(
        "select m.* from {batch} join member_merge m on m.merged_member_id = batch.member_id "
        "and m.programme = batch.programme and m.undone_number is null",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        state.merges[row.number] = _merge(row)


async def load_merges(state: State, numbers: set[int]) -> None:
    """Merges by their numbers."""
    rows = await query(
        "select m.* from {batch} join member_merge m using (number)",
        NUMBER,
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


_USAGE = """
select 'agreement' as kind, agreement, null as programme, null as name, used from agreement_usage
union all select 'rule', null, programme, rule, used from rule_usage
union all select 'award', null, programme, award, used from award_usage
"""


async def load_usage(state: State) -> None:
    """What agreements, budgets and stocks have used: few rows, loaded whole."""
    for row in await ask(_USAGE):
        if row.kind == "agreement":
            state.usage[row.agreement] = int(row.used)
        elif row.kind == "rule":
            state.rule_usage[row.programme, row.name] = int(row.used)
        else:
            state.award_usage[row.programme, row.name] = int(row.used)
