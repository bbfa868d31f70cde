"""Self-checks of what partners agreed and reported, against the book."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, text

from partners.check_breaks import BREAK_CHECKS
from partners.check_conversions import CONVERSION_CHECKS
from partners.check_erasures import ERASURE_CHECKS
from partners.hold_check import HOLD_CHECKS
from settlement.ledger.problems import Problem

_ENTRY_WITHOUT_REQUEST = """
select e.number, encode(e.request_sha256, 'hex') as found, encode(r.sha256, 'hex') as expected
from entry e left join request r on r.number = e.number
where e.request_sha256 is not null and r.sha256 is distinct from e.request_sha256
order by e.number
"""

_REQUEST_WITHOUT_ENTRY = """
select r.number, r.sender || ' ' || r.request_id as found, 'an entry of that number' as expected
from request r left join entry e on e.number = r.number
where r.number is not null and e.number is null
order by r.number
"""

_REQUEST_WITHOUT_ENVELOPE = """
select r.sender || ' ' || r.request_id as number, 'no envelope' as found,
       'an envelope, here or in an archive file' as expected
from request r
where r.envelope is null and r.batch_id is null
  and r.decided_at >= coalesce((select max(until) from archive_file), '-infinity')
order by 1
"""

_ACCRUAL_WITHOUT_ACTIVITY = """
select e.number, coalesce(a.reference, 'no activity') as found, 'one activity' as expected
from entry e left join activity a on a.number = e.number
where (e.kind = 'ACCRUAL') <> (a.number is not null)
order by e.number
"""

_REVERSAL_WITHOUT_ACTIVITY = """
select coalesce(a.number, e.corrects) as number,
       coalesce(a.reversed_number::text, 'not reversed') as found,
       coalesce(e.number::text, 'not reversed') as expected
from (select corrects, max(number) as number from entry where kind = 'REVERSAL' group by 1) e
full join (select * from activity where reversed_number is not null) a on a.number = e.corrects
where a.reversed_number is distinct from e.number
order by 1
"""
"""An activity names the entry that reversed it last; there is one for each part."""

_CONVERSION_WITHOUT_QUOTE = """
select q.number, c.times::text as found,
       case when q.state = 'USED' then '1' else '0' end as expected
from quote q
left join lateral (
  select count(*) as times from entry e
  where e.kind = 'CONVERSION' and e.number > q.number
    and convert_from(e.facts, 'UTF8')::jsonb ->> 'quote' = q.number::text
) c on true
where c.times <> case when q.state = 'USED' then 1 else 0 end
order by q.number
"""

_AGREEMENT_USAGE = """
with moved as (
  select l.terms as agreement,
         sum(case when l.debit like 'issued/%' then l.amount else -l.amount end) as points
  from line l join agreement a on a.number = l.terms
  where (l.debit like 'issued/%' or l.credit like 'issued/%')
    and l.number not in (select number from entry where kind in ('CAPTURE', 'REFUND'))
  group by l.terms
)
select coalesce(u.agreement, m.agreement) as number,
       coalesce(u.used, 0)::text as found, coalesce(m.points, 0)::text as expected
from agreement_usage u full join moved m on m.agreement = u.agreement
where coalesce(u.used, 0) <> coalesce(m.points, 0)
order by 1
"""

_BOOK_VERSION = """
select coalesce(b.number, e.number) as number,
       coalesce(convert_from(b.document, 'UTF8')::jsonb::text, 'no version') as found,
       coalesce((convert_from(e.facts, 'UTF8')::jsonb)::text, 'no entry') as expected
from book_version b full join (select * from entry where kind = 'RATE') e using (number)
where b.number is null or e.number is null
  or not convert_from(e.facts, 'UTF8')::jsonb @> convert_from(b.document, 'UTF8')::jsonb - 'kind'
order by 1
"""
"""The book is what its entries say; of the first schema's rates entries do not name the kind."""

_PROPOSAL = """
with told as (
  select distinct on (f ->> 'proposal') (f ->> 'proposal')::bigint as number, f ->> 'state' as state
  from (
    select number, convert_from(facts, 'UTF8')::jsonb as f from entry
    where kind in ('PROPOSAL', 'APPROVAL', 'CONSENT', 'REJECTION', 'WITHDRAWAL')
  ) e order by f ->> 'proposal', e.number desc
)
select p.number, p.state as found, t.state as expected
from told t left join proposal p using (number)
where p.state is distinct from t.state
order by 1
"""

_ENROLMENT = """
select coalesce(m.member_id, e.member_id) as number,
       coalesce(e.programme || ' ' || e.member_number, 'no enrolment') as found,
       coalesce(m.programme || ' ' || m.member_number, 'no membership') as expected
from enrolment e
full join membership m
  on m.programme = e.programme and m.member_number = e.member_number
where m.member_id is distinct from e.member_id
order by 1
"""

_MEMBERSHIP_TIER = """
select m.member_id as number,
       concat_ws(' ', m.programme, m.tier, m.tier_since, m.tier_until, m.tier_source) as found,
       coalesce(
         concat_ws(' ', m.programme, t.tier, t.since, t.until, t.source), 'some tier'
       ) as expected
from membership m
left join lateral (
  select * from tier_term t
  where t.member_id = m.member_id and t.programme = m.programme order by t.number desc limit 1
) t on true
where (m.tier, m.tier_since, m.tier_until, m.tier_source)
  is distinct from (t.tier, t.since, t.until, t.source)
order by 1
"""

_PROGRESS = """
with recursive left_behind (member_id, programme) as (
  select m.member_id, m.programme from membership m
  where m.state in ('CLOSED', 'ERASED') or exists (
    select 1 from tier_term t
    where t.member_id = m.member_id and t.programme = m.programme and t.number < m.number
  )
  union
  select g.merged_member_id, g.programme from left_behind l
  join member_merge g on g.kept_member_id = l.member_id and g.programme = l.programme
), made as (
  select (c ->> 0)::bigint as member_id, c ->> 1 as programme, c ->> 2 as counter,
         (c ->> 3)::date as day, case when c ->> 5 = 'EACH' then a.number else 0 end as number,
         sum(
           (c ->> 4)::numeric - case
             when a.reversed_numerator = a.reversed_denominator then (c ->> 4)::numeric
             when c ->> 2 = '@active' then 0
             else div(
               2 * (c ->> 4)::numeric * a.reversed_numerator + a.reversed_denominator,
               2 * a.reversed_denominator::numeric
             )
           end
         ) as amount
  from activity a cross join lateral jsonb_array_elements(a.counted::jsonb) c
  where c ->> 2 <> '@earned'
  group by 1, 2, 3, 4, 5
), kept as (
  select * from progress where counter <> '@earned'
)
select member_id as number,
       concat_ws(' ', programme, counter, day, coalesce(k.amount, 0)) as found,
       concat_ws(' ', programme, counter, day, coalesce(m.amount, 0)) as expected
from kept k full join made m using (member_id, programme, counter, day, number)
where coalesce(k.amount, 0) <> coalesce(m.amount, 0)
  and (counter ^@ '@rule/' or (member_id, programme) not in (select * from left_behind))
order by 1, 2
"""
"""What was counted is what activities counted, net of what is reversed of them.

Left out are points by their age (@earned), which come by conversion and purchase as well, and
members who left, also those who came again, and who was merged into them: what was counted of
them was forgotten.
"""

_TOLD_OF_VOUCHERS = """
  select number, kind, convert_from(facts, 'UTF8')::jsonb as facts from entry
  where kind in ('REDEMPTION', 'VOUCHER', 'CANCELLATION', 'VOUCHER_USED')
"""

_VOUCHER_ENTRY = f"""
with told as ({_TOLD_OF_VOUCHERS}), given as (
  select number, facts ->> 'award' as award, (facts ->> 'points')::bigint as points,
         null::bigint as earned_by
  from told where kind = 'REDEMPTION'
  union all
  select number, facts ->> 'voucher', 0, (facts ->> 'because')::bigint
  from told where kind = 'VOUCHER'
)
select coalesce(v.number, g.number) as number,
       coalesce(concat_ws(' ', v.award, v.points, v.earned_by), 'no voucher') as found,
       coalesce(concat_ws(' ', g.award, g.points, g.earned_by), 'no entry') as expected
from voucher v full join given g using (number)
where v.number is null or g.number is null
  or (v.award, v.points, v.earned_by) is distinct from (g.award, g.points, g.earned_by)
order by 1
"""  # noqa: S608 - all of it is of this module

_VOUCHER_STATE = f"""
with told as ({_TOLD_OF_VOUCHERS}), ended as (
  select (facts ->> 'voucher')::bigint as number,
         case kind when 'CANCELLATION' then 'CANCELLED' else 'USED' end as state
  from told where kind in ('CANCELLATION', 'VOUCHER_USED')
)
select v.number, v.state as found, coalesce(e.state, r.state, 'ISSUED') as expected
from voucher v
left join ended e on e.number = v.number
left join (
  select number, 'CANCELLED' as state from activity
  where reversed_numerator = reversed_denominator
) r on r.number = v.earned_by
where v.state <> coalesce(e.state, r.state, 'ISSUED')
order by 1
"""  # noqa: S608 - all of it is of this module

_RULE_USAGE = """
with given as (
  select programme, substr(counter, length('@rule/') + 1) as rule, sum(amount) as points
  from progress where counter ^@ '@rule/' group by 1, 2
)
select concat_ws(' ', programme, rule) as number,
       coalesce(u.used, 0)::text as found, coalesce(g.points, 0)::text as expected
from rule_usage u full join given g using (programme, rule)
where coalesce(u.used, 0) <> coalesce(g.points, 0)
order by 1
"""

_AWARD_USAGE = """
with given as (
  select programme, award, count(*) as times
  from voucher where earned_by is null and state <> 'CANCELLED' group by 1, 2
)
select concat_ws(' ', programme, award) as number,
       coalesce(u.used, 0)::text as found, coalesce(g.times, 0)::text as expected
from award_usage u full join given g using (programme, award)
where coalesce(u.used, 0) <> coalesce(g.times, 0)
order by 1
"""

_PROMISED = """
with held as (
  select c.operator as participant, sum(
    div(h.amount::numeric * a.reimbursement_numerator, a.reimbursement_denominator)
  ) as amount
  from redemption_hold h join agreement a on a.number = h.agreement cross join coalition c
  where h.state = 'OPEN' group by 1
)
select participant as number,
       coalesce(p.amount, 0)::text as found, coalesce(h.amount, 0)::text as expected
from promised p full join held h using (participant)
where coalesce(p.amount, 0) <> coalesce(h.amount, 0)
order by 1
"""
"""What counts against a limit for holds is what open holds come to at their agreements' prices."""

_CHECKS = {
    "entry-request": ("entry", _ENTRY_WITHOUT_REQUEST),
    "request-entry": ("request of entry", _REQUEST_WITHOUT_ENTRY),
    "request-envelope": ("request", _REQUEST_WITHOUT_ENVELOPE),
    "accrual-activity": ("entry", _ACCRUAL_WITHOUT_ACTIVITY),
    "reversal-activity": ("entry", _REVERSAL_WITHOUT_ACTIVITY),
    "conversion-quote": ("quote", _CONVERSION_WITHOUT_QUOTE),
    **CONVERSION_CHECKS,
    **BREAK_CHECKS,
    "agreement-usage": ("agreement", _AGREEMENT_USAGE),
    "book-version": ("version", _BOOK_VERSION),
    "proposal": ("proposal", _PROPOSAL),
    "enrolment": ("member", _ENROLMENT),
    "membership-tier": ("member", _MEMBERSHIP_TIER),
    "progress": ("member", _PROGRESS),
    "voucher-entry": ("voucher", _VOUCHER_ENTRY),
    "voucher-state": ("voucher", _VOUCHER_STATE),
    "rule-usage": ("rule", _RULE_USAGE),
    "award-usage": ("award", _AWARD_USAGE),
    **HOLD_CHECKS,
    **ERASURE_CHECKS,
    "promised": ("participant", _PROMISED),
}
"""Each check's name, what its numbers are of, and the query that finds what is wrong."""


def check_agreed(connection: Connection) -> Iterator[Problem]:
    """Requests, activities, quotes, agreements, members, vouchers, holds agree with the book."""
    for name, (where, query) in _CHECKS.items():
        rows = connection.execute(text(query))
        yield from _problems(name, where, rows)


def _problems(name: str, where: str, rows: Iterable[Any]) -> Iterator[Problem]:
    for row in rows:
        yield Problem(name, f"{where} {row.number}", str(row.found), str(row.expected))
