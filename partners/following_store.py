"""Loading the conversions that a reversal may follow, with what their targets hold."""

from collections.abc import Iterable

from partners.exchange_store import conversion_of
from partners.following import MAX_CONVERSIONS, MAX_HOPS
from partners.line_store import load_lines
from partners.member_store import load_accounts, load_member_counters
from partners.querying import query, together
from partners.standing_store import load_merges_of
from partners.state import AccountKey, RecordedActivity, State

_SINCE = {"member_id": "bigint", "programme": "text", "since": "bigint"}


async def load_followed(state: State, reversible: Iterable[RecordedActivity]) -> set[AccountKey]:
    """Conversions out of the accounts that activities credited, since then, hop by hop.

    One round of queries a hop, as far as there are any, and one for all of them after that.
    Gives the accounts that conversions went to, also those of quotes that are loaded: they may be
    executed in the same batch.
    """
    targets = {quote.target for quote in state.quotes.values()} & state.accounts.keys()
    found: set[int] = set()
    seen: dict[AccountKey, int] = {}
    ahead = _credited(state, reversible)
    for _ in range(MAX_HOPS):
        ahead = {a: n for a, n in ahead.items() if n < seen.get(a, n + 1)}
        seen |= ahead
        hop = await _conversions_since(state, ahead)
        if not hop:
            break
        found |= hop
        reached = {number: state.conversions[number].target for number in hop}
        targets |= set(reached.values())
        await _load_holders(state, set(reached.values()))
        ahead = _earliest(state, ((account, number) for number, account in reached.items()))
    standing = {state.standing_for(state.accounts[a]).account for a in targets}
    await together(load_lines(state, found), load_member_counters(state, targets | standing))
    return targets


def _credited(state: State, reversible: Iterable[RecordedActivity]) -> dict[AccountKey, int]:
    return _earliest(
        state,
        (
            ((account.member_id, account.programme), activity.number)
            for activity in reversible
            for line in state.lines.get(activity.number, ())
            for account in [line.credit]
            if account.member_id is not None and account.programme is not None
        ),
    )


def _earliest(state: State, credited: Iterable[tuple[AccountKey, int]]) -> dict[AccountKey, int]:
    """Holders of what entries gave accounts, each with the first entry since when."""
    found: dict[AccountKey, int] = {}
    for account, number in credited:
        for holder, since in state.holders(account, number).items():
            found[holder] = min(since, found.get(holder, since))
    return found


async def _conversions_since(state: State, since: dict[AccountKey, int]) -> set[int]:
    """The newest conversions out of accounts since entries, of which something can return."""
    rows = await query(
        "select c.* from {batch} cross join lateral ("
        "select * from conversion c where c.source_member_id = batch.member_id "
        "and c.source_programme = batch.programme and c.number > batch.since "
        "and c.state = 'COMPLETED' and c.returned_source_minor < c.source_minor "
        "order by c.number desc limit :limit) c",
        _SINCE,
        ((*account, number) for account, number in since.items()),
        limit=MAX_CONVERSIONS,
    )
    for row in rows:
        state.put_conversion(conversion_of(row))
    return {row.number for row in rows}


async def _load_holders(state: State, accounts: set[AccountKey]) -> None:
    """Memberships, and the merges by which others hold their points."""
    await load_accounts(state, accounts)
    merged = {account for account, m in state.accounts.items() if m.merged_into is not None}
    await load_merges_of(state, merged)
