"""Checks of who said what of payments, and when, each from the entry that says so.

Of a settlement's step by the night itself (CUT to CLOSED, and SETTLED where nothing is due) the
clock is the night's own, and stands in no entry. Steps that were carried over from before they
were recorded have words of their own.
"""

from collections.abc import Mapping

_TOLD = """
    select e.number, e.kind, e.sender, e.accepted_at,
        (e.facts ->> 'settlement')::bigint as settlement_id, e.facts ->> 'payer' as payer,
        e.facts ->> 'payee' as payee, e.facts
    from (
        select number, kind, sender, accepted_at, convert_from(facts, 'UTF8')::jsonb as facts
        from entry where kind in ('PAYMENT_SENT', 'PAYMENT_DISPUTED', 'PAYMENT')
    ) e
"""

_WORDS = f"""
    with told as ({_TOLD}), last as (
        select distinct on (settlement_id, payer, payee) settlement_id, payer, payee, kind, facts
        from told where kind <> 'PAYMENT'
        order by settlement_id, payer, payee, number desc
    ), said as (
        select settlement_id, payer, payee,
            case when kind = 'PAYMENT_SENT' then facts ->> 'reference' else '' end as reference,
            case when kind = 'PAYMENT_SENT' then facts ->> 'value_date' end as value_date,
            case when kind = 'PAYMENT_DISPUTED' then facts ->> 'reason' else '' end as disputed
        from last
    )
    select format('settlement %s, %s to %s', settlement_id, payer, payee) as place,
        concat_ws(' ', d.reference, d.value_date, d.disputed) as found,
        concat_ws(' ', s.reference, s.value_date, s.disputed) as expected
    from due d left join said s using (settlement_id, payer, payee)
    where (d.reference, d.value_date::text, d.disputed) is distinct from
        (coalesce(s.reference, ''), s.value_date, coalesce(s.disputed, ''))
    order by 1
"""  # noqa: S608 - all of it is of this module
"""What a payment says of itself is what its payer or payee said of it last."""

_TIMES = """
    select format('settlement %s, %s to %s', d.settlement_id, d.payer, d.payee) as place,
        concat_ws(' ', d.posted_at, d.ended_at) as found,
        concat_ws(' ', p.accepted_at, e.accepted_at) as expected
    from due d
    join posted_settlement s using (settlement_id)
    left join entry p on p.number = s.post_number
    left join entry e on e.number = d.ended_number
    where (d.posted_at, d.ended_at) is distinct from (p.accepted_at, e.accepted_at)
    union all
    select 'settlement ' || s.settlement_id, s.posted_at::text, e.accepted_at::text
    from posted_settlement s left join entry e on e.number = s.post_number
    where s.posted_at is distinct from e.accepted_at
    order by 1
"""
"""Payments begin and end with their entries."""

_SAID = """
    with made as (
        select number, kind, sender, accepted_at, convert_from(facts, 'UTF8')::jsonb as facts
        from entry
    ), kept as (
        select c.change_id, c.who, c.at, c.why, c.step, m.*,
            case c.step
                when 'SENT' then concat(facts ->> 'reference', ', value ', facts ->> 'value_date')
                when 'DISPUTED' then facts ->> 'reason'
                when 'CONFIRMED' then facts ->> 'reference'
                when 'SETTLED' then 'all of its payments are confirmed'
                when 'DUE' then ''
                when 'ABORT_PROPOSED' then facts ->> 'reason'
            end as reason
        from settlement_change c join made m using (number)
        where m.kind <> 'SETTLEMENT' or c.step = 'DUE'
    )
    select 'step ' || change_id as place, concat_ws(' ', step, who, at, why) as found,
        concat_ws(' ', kind, sender, accepted_at, reason) as expected
    from kept
    where (who, at) is distinct from (sender, accepted_at)
        or reason is not null and why not in (
            reason, 'carried over: earlier steps were not recorded')
    order by change_id
"""
"""A step says who took it, when and why as its entry does."""

DUE_WORD_CHECKS: Mapping[str, str] = {
    "due-words": _WORDS,
    "due-times": _TIMES,
    "settlement-words": _SAID,
}
"""By the name of the check: a query that gives (where, found, expected) per problem."""
