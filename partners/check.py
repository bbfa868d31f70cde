"""Self-checks of what partners agreed and reported, against the book."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, text

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

_ACCRUAL_WITHOUT_ACTIVITY = """
select e.number, coalesce(a.reference, 'no activity') as found, 'one activity' as expected
from entry e left join activity a on a.number = e.number
where (e.kind = 'ACCRUAL') <> (a.number is not null)
order by e.number
"""

_REVERSAL_WITHOUT_ACTIVITY = """
select coalesce(e.number, a.reversed_number) as number,
       coalesce(a.number::text, 'nothing') as found,
       coalesce(e.corrects::text, 'nothing') as expected
from (select * from entry where kind = 'REVERSAL') e
full join (select * from activity where reversed_number is not null) a
  on a.reversed_number = e.number
where e.corrects is distinct from a.number
order by 1
"""

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
  where l.debit like 'issued/%' or l.credit like 'issued/%'
  group by l.terms
)
select coalesce(u.agreement, m.agreement) as number,
       coalesce(u.used, 0)::text as found, coalesce(m.points, 0)::text as expected
from agreement_usage u full join moved m on m.agreement = u.agreement
where coalesce(u.used, 0) <> coalesce(m.points, 0)
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

_CHECKS = {
    "entry-request": ("entry", _ENTRY_WITHOUT_REQUEST),
    "request-entry": ("request of entry", _REQUEST_WITHOUT_ENTRY),
    "accrual-activity": ("entry", _ACCRUAL_WITHOUT_ACTIVITY),
    "reversal-activity": ("entry", _REVERSAL_WITHOUT_ACTIVITY),
    "conversion-quote": ("quote", _CONVERSION_WITHOUT_QUOTE),
    "agreement-usage": ("agreement", _AGREEMENT_USAGE),
    "enrolment": ("member", _ENROLMENT),
}
"""Each check's name, what its numbers are of, and the query that finds what is wrong."""


def check_agreed(connection: Connection) -> Iterator[Problem]:
    """Requests, activities, quotes, agreements and memberships agree with the book."""
    for name, (where, query) in _CHECKS.items():
        rows = connection.execute(text(query))
        yield from _problems(name, where, rows)


def _problems(name: str, where: str, rows: Iterable[Any]) -> Iterator[Problem]:
    for row in rows:
        yield Problem(name, f"{where} {row.number}", str(row.found), str(row.expected))
