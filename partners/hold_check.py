"""Self-checks of holds: against their entries, the lines of these, and what is pending."""

_TOLD = """
  select number, kind, convert_from(facts, 'UTF8')::jsonb as facts from entry
  where kind in ('HOLD', 'CAPTURE', 'VOID', 'HOLD_EXPIRED', 'REFUND')
"""

_PENDING = """
with held as (
  select member_id, programme, sum(amount) as amount
  from redemption_hold where state = 'OPEN' group by 1, 2
)
select coalesce(a.member_id, h.member_id) as number,
       format('%s, %s', coalesce(a.debits_pending, 0), coalesce(a.credits_pending, 0)) as found,
       format('%s, 0', coalesce(h.amount, 0)) as expected
from member_account a
full join held h on h.member_id = a.member_id and h.programme = a.programme
where coalesce(a.debits_pending, 0) <> coalesce(h.amount, 0)
  or coalesce(a.credits_pending, 0) <> 0
order by 1
"""
"""Pending counters of a member, debits and credits, are its open holds."""

_ENTRY = f"""
with told as ({_TOLD}), last as (
  select distinct on (facts ->> 'hold') (facts ->> 'hold')::bigint as number, facts
  from told order by facts ->> 'hold', told.number desc
), said as (
  select l.number, concat_ws(' ', l.facts ->> 'programme', l.facts ->> 'merchant',
         l.facts ->> 'amount', l.facts ->> 'captured', l.facts ->> 'refunded',
         l.facts ->> 'agreement', l.facts ->> 'state', l.facts ->> 'reference') as words
  from last l join told t on t.number = l.number and t.kind in ('HOLD', 'CAPTURE')
), kept as (
  select number, concat_ws(' ', programme, merchant, amount, captured, refunded, agreement,
         state, reference) as words
  from redemption_hold
)
select coalesce(k.number, s.number) as number,
       coalesce(k.words, 'no hold') as found, coalesce(s.words, 'no entry') as expected
from kept k full join said s using (number)
where k.words is distinct from s.words
order by 1
"""  # noqa: S608 - all of it is of this module
"""A hold was made by the entry of its number, and is what the last entry of it says."""

_LINES = f"""
with told as ({_TOLD}), moved as (
  select (t.facts ->> 'hold')::bigint as number,
         max(t.number) filter (where t.kind = 'CAPTURE') as capture_number,
         coalesce(sum(l.amount) filter (where l.kind = 'REDEEMED'), 0) as captured,
         coalesce(sum(l.amount) filter (where l.kind = 'REFUNDED'), 0) as refunded,
         coalesce(sum(case when split_part(l.debit, '/', 3) ^@ (c.operator || ':')
                           then l.amount else -l.amount end)
                  filter (where l.kind = 'PRINCIPAL'), 0) as owed
  from told t left join line l on l.number = t.number cross join coalition c
  group by 1
)
select coalesce(h.number, m.number) as number,
       concat_ws(' ', h.capture_number, h.captured, h.refunded,
         div((h.captured - h.refunded) * a.reimbursement_numerator::numeric,
             a.reimbursement_denominator::numeric)) as found,
       concat_ws(' ', m.capture_number, m.captured, m.refunded, m.owed) as expected
from redemption_hold h
left join agreement a on a.number = h.agreement
full join moved m on m.number = h.number
where (h.capture_number, h.captured, h.refunded) is distinct from
      (m.capture_number, m.captured, m.refunded)
  or div((h.captured - h.refunded) * a.reimbursement_numerator::numeric,
         a.reimbursement_denominator::numeric) is distinct from m.owed
order by 1
"""  # noqa: S608 - all of it is of this module
"""What was captured, refunded and is owed for it is what the lines of its entries moved."""

HOLD_CHECKS = {
    "pending": ("member", _PENDING),
    "hold-entry": ("hold", _ENTRY),
    "hold-lines": ("hold", _LINES),
}
"""Each check's name, what its numbers are of, and the query that finds what is wrong."""
