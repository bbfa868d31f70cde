"""Self-checks of erasures, against the book."""

from collections.abc import Mapping

_TOLD = """
  select e.number, m.member_id::bigint as member_id, e.facts ->> 'programme' as programme
  from (
    select number, convert_from(facts, 'UTF8')::jsonb as facts from entry where kind = 'ERASURE'
  ) e cross join lateral jsonb_array_elements_text(e.facts -> 'members') as m (member_id)
"""

_ERASURE_ENTRY = f"""
with told as ({_TOLD})
select coalesce(o.number, t.number) as number,
       coalesce(concat_ws(' ', o.programme, o.member_id), 'no erasure') as found,
       coalesce(concat_ws(' ', t.programme, t.member_id), 'no entry') as expected
from erasure o full join told t using (number, member_id, programme)
where o.number is null or t.number is null
order by 1
"""  # noqa: S608 - all of it is of this module

_ERASED_MEMBERSHIP = f"""
with told as ({_TOLD})
select coalesce(m.member_id, t.member_id) as number,
       coalesce(concat_ws(' ', m.programme, m.state), 'no membership') as found,
       coalesce(t.programme || ' ERASED', 'not erased') as expected
from membership m full join told t using (member_id, programme)
where (t.number is not null or m.state = 'ERASED' or m.member_number ^@ '(')
  and (t.number is not null, m.state, m.member_number) is distinct from
      (true, 'ERASED', '(erased ' || m.member_id || ')')
order by 1
"""  # noqa: S608 - all of it is of this module
"""Who was erased has no number any more, and nobody else has lost it."""

_ERASURE_FINISHED = """
select number, case when member_number is null then 'no number' else 'a number' end as found,
       case when finished_at is null then 'a number' else 'no number' end as expected
from erasure where (finished_at is null) <> (member_number is not null)
order by 1
"""
"""The number is kept until what was stored under it is cut, and not longer."""

_ERASED_REQUEST = """
select r.number, r.sender || ' ' || r.request_id as found,
       'a request, cut by an erasure' as expected
from erased_request r
left join request q using (sender, request_id)
where q.sender is null or r.number not in (select number from erasure)
order by 1
"""

ERASURE_CHECKS: Mapping[str, tuple[str, str]] = {
    "erasure-entry": ("erasure", _ERASURE_ENTRY),
    "erased-membership": ("member", _ERASED_MEMBERSHIP),
    "erasure-finished": ("erasure", _ERASURE_FINISHED),
    "erased-request": ("erasure", _ERASED_REQUEST),
}
"""Each check's name, what its numbers are of, and the query that finds what is wrong."""
