"""Loading what conversions are decided by: quotes, authorisations, conversions, what is used up."""

import json
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from partners import tables
from partners.exchange.arithmetic import Bonus, ConversionAmounts, MoneyCharge
from partners.line_store import load_lines
from partners.member_store import load_accounts, load_member_counters
from partners.offered import EVER, EVERYBODY, periods
from partners.querying import ACCOUNT, NUMBER, ask, query, together
from partners.state import (
    AccountKey,
    BreakKind,
    Conversion,
    ConversionState,
    DebitAuthorization,
    DeliveryBreak,
    Needs,
    Quote,
    QuoteState,
    State,
)


async def load_exchange(state: State, needs: Needs) -> None:
    """Quotes, authorisations and conversions that `needs` name, and what hangs on them."""
    await together(
        _load_authorizations(state, needs.authorizations),
        load_conversions(state, needs.conversions),
    )
    await _load_deliveries(state, needs.conversions)
    await _load_quotes(state, needs)
    await together(_load_source_holds(state, needs.source_holds), _load_usage(state, needs))


def sources_of(state: State, needs: Needs) -> set[AccountKey]:
    """What gives, of quotes that are asked for or executed, once these are loaded."""
    asked, named = _asked(state, needs), needs.quotes & state.quotes.keys()
    return asked | {state.quotes[number].source for number in named}


def _asked(state: State, needs: Needs) -> set[AccountKey]:
    memberships = state.memberships
    return {memberships[key].account for key in needs.open_quotes & memberships.keys()}


async def _load_quotes(state: State, needs: Needs) -> None:
    named = await query(
        "select q.* from {batch} join quote q using (number)",
        NUMBER,
        ((n,) for n in needs.quotes | {c.quote for c in state.conversions.values()}),
    )
    sources = _asked(state, needs)
    await _load_persons(state, sources)
    still_open = await query(
        "select q.* from {batch} join quote q on q.source_member_id = batch.member_id "
        "and q.source_programme = batch.programme and q.state = 'OPEN'",
        ACCOUNT,
        {account for source in sources for account in state.persons[source]},
    )
    every = await ask(_EVERY_OPEN_QUOTE, now=needs.now) if needs.all_open_quotes else ()
    for row in (*named, *still_open, *every):
        state.add_quote(quote_of(row))
    accounts = {account for q in state.quotes.values() for account in (q.source, q.target)}
    used = {q.authorization for q in state.quotes.values() if q.authorization is not None}
    await together(
        load_accounts(state, accounts),
        load_member_counters(state, {q.source for q in state.quotes.values()}),
        _load_authorizations(state, used - state.authorizations.keys()),
    )


async def _load_persons(state: State, sources: Iterable[AccountKey]) -> None:
    """Every membership that is one person's with these: of one member, or linked, step by step."""
    rows = await query(
        "with recursive near (root_id, root, member_id, programme) as ("
        "select member_id, programme, member_id, programme from {batch} "
        "union select n.root_id, n.root, o.member_id, o.programme from near n cross join lateral ("
        "select l.other_member_id, l.other_programme from link l "
        "where l.member_id = n.member_id and l.programme = n.programme "
        "union all select m.member_id, m.programme from membership m "
        "where m.member_id = n.member_id) as o (member_id, programme)) select * from near",
        ACCOUNT,
        sources,
    )
    for source in sources:
        state.persons[source] = {source}
    for row in rows:
        state.persons[row.root_id, row.root].add((row.member_id, row.programme))


_EVERY_OPEN_QUOTE = (
    "select * from quote where state = 'OPEN' and expires_at >= :now order by number"
)
"""Quotes that can still be executed; others stay open in the table, and are past."""


def quote_of(row: Any) -> Quote:  # noqa: ANN401 - a row, here and below
    """A quote from its row."""
    return Quote(
        number=row.number,
        requester=row.requester,
        source=(row.source_member_id, row.source_programme),
        target=(row.target_member_id, row.target_programme),
        amounts=_amounts(row),
        source_rate=row.source_rate,
        target_rate=row.target_rate,
        authorization=row.authorization_number,
        expires_at=row.expires_at,
        offer=row.offer,
        shortfall_funder=row.shortfall_funder,
        state=QuoteState(row.state),
    )


def _amounts(row: Any) -> ConversionAmounts:  # noqa: ANN401
    in_money = row.money_currency is not None
    return ConversionAmounts(
        source_minor=row.source_minor,
        shared_minor=row.shared_minor,
        fee_minor=row.fee_minor,
        spread_minor=row.spread_minor,
        value_minor=row.value_minor,
        rounding_minor=row.rounding_minor,
        target_minor=row.target_minor,
        remainder=Fraction(row.remainder_numerator, row.remainder_denominator),
        bonuses=tuple(Bonus(*bonus) for bonus in json.loads(row.bonuses)),
        shortfall_minor=row.shortfall_minor,
        money_fee=MoneyCharge(row.money_currency, row.money_minor, row.money_shared_minor)
        if in_money
        else None,
    )


async def _load_authorizations(state: State, numbers: set[int]) -> None:
    rows = await query(
        "select a.* from {batch} join debit_authorization a using (number)",
        NUMBER,
        ((number,) for number in numbers),
    )
    for row in rows:
        state.authorizations[row.number] = DebitAuthorization(
            row.number,
            row.grantee,
            (row.source_member_id, row.source_programme),
            None if row.target_member_id is None else (row.target_member_id, row.target_programme),
            row.amount_minor,
            row.expires_at,
            row.source_hold,
            row.used,
        )


async def load_conversions(state: State, numbers: Iterable[int]) -> None:
    """Conversions by the numbers of their entries."""
    rows = await query(
        "select c.* from {batch} join conversion c using (number)",
        NUMBER,
        ((number,) for number in numbers),
    )
    for row in rows:
        state.put_conversion(conversion_of(row))


async def _load_deliveries(state: State, numbers: Iterable[int]) -> None:
    """Lines and breaks of conversions."""
    known = state.conversions.keys() & set(numbers)
    await load_lines(state, known)
    rows = await query(
        "select b.* from {batch} join delivery_break b on b.conversion = batch.number "
        "order by b.number",
        NUMBER,
        ((number,) for number in known),
    )
    for row in rows:
        state.breaks[row.conversion].append(break_of(row))


def break_of(row: Any) -> DeliveryBreak:  # noqa: ANN401
    """A break from its row."""
    return DeliveryBreak(
        number=row.number,
        kind=BreakKind(row.kind),
        conversion=row.conversion,
        owner=row.owner,
        ledger_minor=row.ledger_minor,
        reported_minor=row.reported_minor,
        reference=row.reference,
        recorded_at=row.recorded_at,
    )


async def _load_source_holds(state: State, references: set[str]) -> None:
    """Which holds are used that quotes could name: their sender's, or an authorisation's.

    Also of quotes that this batch makes, out of memberships that it names.
    """
    authorized = {a.source_hold for a in state.authorizations.values() if a.source_hold}
    programmes = {quote.source[1] for quote in state.quotes.values()}
    programmes |= {programme for programme, _ in state.memberships}
    rows = await query(
        "select c.* from {batch} "  # noqa: S608 - our names
        "join conversion c using (source_programme, source_hold) "
        f"where {tables.HOLD_IS_USED}",
        {"source_programme": "text", "source_hold": "text"},
        ((p, r) for p in programmes for r in references | authorized),
    )
    for row in rows:
        state.source_holds[row.source_programme, row.source_hold] = row.number


def conversion_of(row: Any) -> Conversion:  # noqa: ANN401
    """A conversion from its row."""
    return Conversion(
        number=row.number,
        quote=row.quote,
        source=(row.source_member_id, row.source_programme),
        target=(row.target_member_id, row.target_programme),
        source_minor=row.source_minor,
        target_minor=row.target_minor,
        source_rate=row.source_rate,
        target_rate=row.target_rate,
        source_hold=row.source_hold,
        accepted_at=row.accepted_at,
        deadline=row.deadline,
        state=ConversionState(row.state),
        reference=row.reference,
        returned_source_minor=row.returned_source_minor,
        returned_target_minor=row.returned_target_minor,
    )


async def _load_usage(state: State, needs: Needs) -> None:
    """What was converted out of programmes today, this year and ever: of members and of all."""
    accounts = sources_of(state, needs)
    if not accounts or needs.now is None:
        return
    everybody = {(EVERYBODY, programme) for _, programme in accounts}
    rows = await query(
        "select u.* from {batch} join conversion_usage u on u.member_id = batch.member_id "
        "and u.source = batch.programme and u.period = any(:periods)",
        ACCOUNT,
        accounts | everybody,
        periods=[*periods(needs.now), EVER],
    )
    for row in rows:
        key = row.source, row.target, row.offer, row.member_id, row.period
        state.conversion_usage[key] = int(row.used)
