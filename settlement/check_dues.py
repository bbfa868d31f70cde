"""Checks of what is due: payments, aborts and their history, each from the lines of the log."""

from collections.abc import Mapping

_POSTED = """
    select 'settlement ' || settlement_id as place,
        format('entry %s of window %s, %s', p.post_number, p.window_id, p.state) as found,
        format('entry %s of window %s, at stage %s', s.post_number, s.window_id, s.stage)
            as expected
    from settlement s full join posted_settlement p using (settlement_id)
    where (s.post_number is not null or p.settlement_id is not null)
        and ((p.post_number, p.window_id) is distinct from (s.post_number, s.window_id)
            or (p.state = 'POSTED') <> (s.stage <> 'CLOSED'))
    order by 1
"""
"""What was posted is what the night posted; until that is closed nothing becomes of it."""

_MADE_DUE = """
    with posted as (
        select p.settlement_id, split_part(l.debit, '/', 2) as payer,
            split_part(l.credit, '/', 2) as payee, l.amount
        from posted_settlement p join line l on l.number = p.post_number
        where l.kind = 'PAYMENT_DUE'
    )
    select format('settlement %s, %s to %s', settlement_id, payer, payee) as place,
        coalesce(d.amount::text, 'nothing') as found,
        coalesce(l.amount::text, 'nothing') as expected
    from due d full join posted l using (settlement_id, payer, payee)
    where d.amount is distinct from l.amount
    order by 1
"""
"""What is due is what settlements' entries made due."""

_CONFIRMED = """
    with booked as (
        select e.number, (f.facts ->> 'settlement')::bigint as settlement_id,
            split_part(l.credit, '/', 2) as payer, split_part(l.debit, '/', 2) as payee, l.amount
        from entry e
        cross join lateral (select convert_from(e.facts, 'UTF8')::jsonb as facts) f
        join line l using (number)
        where e.kind = 'PAYMENT'
    ), paid as (
        select settlement_id, payer, payee, ended_number as number, amount
        from due where state = 'CONFIRMED'
    )
    select format('settlement %s, %s to %s', settlement_id, payer, payee) as place,
        coalesce(format('%s by entry %s', d.amount, d.number), 'not paid') as found,
        coalesce(format('%s by entry %s', b.amount, b.number), 'not paid') as expected
    from paid d full join booked b using (settlement_id, payer, payee)
    where (d.number, d.amount) is distinct from (b.number, b.amount)
    order by 1
"""
"""A payment is confirmed by one entry, and each such entry confirms one."""

_BALANCES = """
    with owed as (
        select participant, sum(amount) as balance from (
            select payee as participant, amount from due where state in ('DUE', 'SENT')
            union all
            select payer, -amount from due where state in ('DUE', 'SENT')
        ) sides group by participant
    ), booked as (
        select split_part(code, '/', 2) as participant, credits - debits as balance
        from company_account where code ^@ 'settlement/'
    )
    select 'account settlement/' || participant as place,
        'a balance of ' || coalesce(b.balance, 0) as found,
        'unpaid ' || coalesce(o.balance, 0) as expected
    from owed o full join booked b using (participant)
    where coalesce(o.balance, 0) <> coalesce(b.balance, 0)
    order by 1
"""
"""What settlement accounts hold is what is not paid."""

_STATES = """
    with counted as (
        select p.*, count(d.payer) as dues,
            count(*) filter (where d.state = 'CONFIRMED') as confirmed,
            count(*) filter (where d.state = 'VOID') as void
        from posted_settlement p left join due d using (settlement_id)
        group by p.settlement_id
    )
    select 'settlement ' || settlement_id as place, state as found,
        format('what %s payments say, of which %s are confirmed and %s void', dues, confirmed,
            void) as expected
    from counted
    where (state = 'SETTLED') <> (state <> 'POSTED' and void = 0 and confirmed = dues
            and abort_number is null)
        or (state = 'ABORTED') <> (abort_number is not null)
        or void <> case state when 'ABORTED' then dues else 0 end
        or state = 'POSTED' and confirmed > 0
    order by 1
"""
"""A settlement is settled when all of its payments are confirmed; aborted, all of them are void."""

_ABORTS = """
    select 'settlement ' || p.settlement_id as place,
        coalesce(format('an entry of kind %s that corrects %s', e.kind, e.corrects), 'none')
            as found,
        'an abort of entry ' || p.post_number as expected
    from posted_settlement p left join entry e on e.number = p.abort_number
    where p.abort_number is not null
        and (e.kind, e.corrects) is distinct from ('ABORT', p.post_number)
    union all
    select 'number ' || e.number, 'an abort', 'one of a settlement'
    from entry e where e.kind = 'ABORT'
        and e.number not in
            (select abort_number from posted_settlement where abort_number is not null)
    union all
    select 'settlement ' || p.settlement_id, 'without a proposal that was approved',
        'one that entry ' || p.abort_number || ' approved'
    from posted_settlement p where p.abort_number is not null and 1 <> (
        select count(*) from settlement_abort a
        where a.settlement_id = p.settlement_id and a.state = 'APPROVED'
            and a.ended_number = p.abort_number and a.ended_by <> a.proposed_by)
    order by 1
"""
"""An abort is an entry that two persons made."""

_PROPOSALS = """
    with told as (
        select e.number, e.kind, e.sender, e.accepted_at,
            convert_from(e.facts, 'UTF8')::jsonb as facts
        from entry e where e.kind in ('ABORT_PROPOSED', 'ABORT', 'ABORT_WITHDRAWN')
    ), logged as (
        select p.number, concat_ws(' ', p.facts ->> 'settlement', p.sender, p.accepted_at,
            p.facts ->> 'reason', (p.facts -> 'apart')::text,
            (p.facts ->> 'despite_sent')::boolean,
            case e.kind when 'ABORT' then 'APPROVED' when 'ABORT_WITHDRAWN' then 'WITHDRAWN'
                else 'PROPOSED' end, e.number, e.sender,
            case when e.kind = 'ABORT' and e.sender = p.sender then 'of one person' end,
            case when e.kind = 'ABORT' and e.facts -> 'apart' <> p.facts -> 'apart'
                then 'other apart' end) as words
        from told p left join told e on e.kind <> 'ABORT_PROPOSED'
            and e.facts ->> 'proposal' = p.number::text
        where p.kind = 'ABORT_PROPOSED'
    ), kept as (
        select number, concat_ws(' ', settlement_id, proposed_by, proposed_at, reason,
            to_jsonb(apart)::text, despite_sent, state, ended_number,
            nullif(ended_by, '')) as words
        from settlement_abort
    )
    select 'proposal ' || number as place, coalesce(k.words, 'none') as found,
        coalesce(l.words, 'none') as expected
    from logged l full join kept k using (number)
    where k.words is distinct from l.words
    union all
    select 'number ' || e.number, 'an end of no proposal', 'of one before it'
    from told e where e.kind <> 'ABORT_PROPOSED' and not exists (
        select from told p where p.kind = 'ABORT_PROPOSED' and p.number < e.number
            and e.facts ->> 'proposal' = p.number::text
            and e.facts -> 'settlement' = p.facts -> 'settlement')
    order by 1
"""
"""A proposal, and what ended it, are what their entries say; an abort is by another person."""

_UNDONE = """
    with made as (
        select p.settlement_id, l.index, l.kind, l.currency, l.amount, l.debit, l.credit
        from posted_settlement p join line l on l.number = p.post_number
        where p.abort_number is not null
    ), undone as (
        select p.settlement_id, l.index, l.kind, l.currency, l.amount, l.credit as debit,
            l.debit as credit
        from posted_settlement p join line l on l.number = p.abort_number
    )
    select format('settlement %s, line %s', settlement_id, index) as place,
        coalesce(format('%s %s from %s to %s', u.kind, u.amount, u.credit, u.debit), 'none')
            as found,
        coalesce(format('%s %s from %s to %s', m.kind, m.amount, m.credit, m.debit), 'none')
            as expected
    from made m full join undone u using (settlement_id, index)
    where (m.kind, m.currency, m.amount, m.debit, m.credit) is distinct from
        (u.kind, u.currency, u.amount, u.debit, u.credit)
    order by 1
"""
"""An abort books the inverse of what it undoes, line by line."""

_SUPERSEDED = """
    select 'settlement ' || s.settlement_id as place,
        format('in place of %s, apart: %s', coalesce(s.supersedes::text, 'none'),
            array_to_string(s.apart, ' ')) as found,
        format('in place of %s, apart: %s', coalesce(b.settlement_id::text, 'none'),
            array_to_string(coalesce(b.apart, '{}'), ' ')) as expected
    from settlement s
    left join lateral (
        select p.settlement_id, p.state, array(select jsonb_array_elements_text(
            convert_from(a.facts, 'UTF8')::jsonb -> 'apart')) as apart
        from settlement e left join posted_settlement p using (settlement_id)
        left join entry a on a.number = p.abort_number and a.kind = 'ABORT'
        where e.window_id = s.window_id and e.settlement_id < s.settlement_id
        order by e.settlement_id desc limit 1
    ) b on true
    where (s.supersedes, s.apart) is distinct from (b.settlement_id, coalesce(b.apart, '{}'))
        or b.state <> 'ABORTED'
    order by s.settlement_id
"""
"""A window has a second settlement only in place of an aborted one, with whom that set apart."""

_HISTORY = """
    with last as (
        select distinct on (settlement_id, payer, payee) settlement_id, payer, payee, step
        from settlement_change
        where step not in ('ABORT_PROPOSED', 'ABORT_WITHDRAWN')
        order by settlement_id, payer, payee, change_id desc
    ), stands as (
        select s.settlement_id, '' as payer, '' as payee,
            case when p.state in ('SETTLED', 'ABORTED') then p.state else s.stage end as state
        from settlement s left join posted_settlement p using (settlement_id)
        union all
        select settlement_id, payer, payee, state from due
    )
    select trim(format('settlement %s %s %s', settlement_id, payer, payee)) as place,
        coalesce(s.state, 'none') as found, coalesce(l.step, 'no step') as expected
    from stands s full join last l using (settlement_id, payer, payee)
    where s.state is distinct from case l.step when 'DISPUTED' then 'DUE' else l.step end
    order by 1
"""
"""The last step of each history is where it stands."""

_STEPS = """
    select 'step ' || c.change_id as place,
        format('%s by an entry of kind %s', c.step, coalesce(e.kind, 'none')) as found,
        'an entry that says so' as expected
    from settlement_change c left join entry e using (number)
    where c.number is not null and e.kind is distinct from case c.step
            when 'POST' then 'SETTLEMENT' when 'DUE' then 'SETTLEMENT'
            when 'ABORTED' then 'ABORT' when 'VOID' then 'ABORT'
            when 'CONFIRMED' then 'PAYMENT' when 'SETTLED' then 'PAYMENT'
            when 'SENT' then 'PAYMENT_SENT' when 'DISPUTED' then 'PAYMENT_DISPUTED'
            else c.step end
        or c.number is null and c.step not in ('CUT', 'NET', 'POST', 'STATE', 'CLOSED', 'SETTLED')
    union all
    select 'number ' || e.number, 'a ' || e.kind || ' in no history', 'a step'
    from entry e
    where e.kind in ('PAYMENT', 'PAYMENT_SENT', 'PAYMENT_DISPUTED', 'ABORT', 'ABORT_PROPOSED',
            'ABORT_WITHDRAWN')
        and e.number not in (select number from settlement_change where number is not null)
    order by 1
"""
"""Each step of a payment or an abort is by an entry, and each such entry is a step."""

DUE_CHECKS: Mapping[str, str] = {
    "posted-settlements": _POSTED,
    "dues": _MADE_DUE,
    "due-payments": _CONFIRMED,
    "due-balances": _BALANCES,
    "settlement-states": _STATES,
    "settlement-aborts": _ABORTS,
    "settlement-proposals": _PROPOSALS,
    "settlement-undone": _UNDONE,
    "settlement-superseded": _SUPERSEDED,
    "settlement-history": _HISTORY,
    "settlement-steps": _STEPS,
}
"""By the name of the check: a query that gives (where, found, expected) per problem."""
