"""Self-checks of conversions, deliveries and breaks, against the book."""

from collections.abc import Mapping

_CONVERSION_ENTRY = """
select coalesce(e.number, c.number) as number,
       case when c.number is null then 'no conversion'
            else concat_ws(' ', c.quote, c.source_hold) end as found,
       case when e.number is null then 'no entry'
            else concat_ws(' ', e.quote, e.source_hold) end as expected
from (
  select number, convert_from(facts, 'UTF8')::jsonb ->> 'quote' as quote,
         coalesce(convert_from(facts, 'UTF8')::jsonb ->> 'source_hold', '') as source_hold
  from entry where kind = 'CONVERSION'
) e
full join conversion c using (number)
where (e.quote, e.source_hold) is distinct from (c.quote::text, c.source_hold)
order by 1
"""
"""Each conversion is an entry's, with its quote and hold, and the other way round."""

_CONVERSION_RETURNED = """
with back as (
  select e.corrects as number,
         sum(l.amount) filter (where l.debit = 'issued/' || c.source_programme) as source,
         sum(l.amount) filter (where l.credit = 'issued/' || c.target_programme) as target
  from entry e join conversion c on c.number = e.corrects join line l on l.number = e.number
  where e.kind = 'CONVERSION_REVERSED'
  group by 1
)
select c.number, concat_ws(' ', c.returned_source_minor, c.returned_target_minor) as found,
       concat_ws(' ', coalesce(b.source, 0), coalesce(b.target, 0)) as expected
from conversion c left join back b using (number)
where c.returned_source_minor <> coalesce(b.source, 0)
   or c.returned_target_minor <> coalesce(b.target, 0)
order by c.number
"""
"""What came back of a conversion is what entries that correct it brought back."""

_CONVERSION_STATE = """
with told as (
  select convert_from(facts, 'UTF8')::jsonb as facts, kind from entry
  where kind in ('DELIVERY', 'CONVERSION_REVERSED')
), ended as (
  select (facts ->> 'conversion')::bigint as number,
         case kind when 'DELIVERY' then 'COMPLETED' else facts ->> 'state' end as state
  from told
  where kind = 'DELIVERY' or facts ->> 'state' in ('REFUSED', 'TIMED_OUT')
), expected as (
  select c.number, coalesce(
    string_agg(e.state, ' ' order by e.state),
    case when c.deadline is null then 'COMPLETED' else 'PENDING' end
  ) as state
  from conversion c left join ended e using (number) group by c.number, c.deadline
)
select c.number, c.state as found, e.state as expected
from conversion c join expected e using (number)
where c.state <> e.state
order by c.number
"""
"""A conversion that waits ends by one entry: a delivery, or being taken back."""

_CONVERSION_WHOLE = """
select number, concat_ws(' ', returned_source_minor, returned_target_minor) as found,
       concat_ws(' ', source_minor, target_minor) as expected
from conversion
where state in ('REFUSED', 'TIMED_OUT')
  and (returned_source_minor, returned_target_minor) <> (source_minor, target_minor)
order by number
"""
"""What was refused or timed out came back whole."""

_BREAK_ENTRY = """
select coalesce(e.number, b.number) as number,
       coalesce(
         concat_ws(' ', b.kind, b.conversion, b.owner, b.ledger_minor, b.reported_minor), ''
       ) as found,
       coalesce(concat_ws(' ', facts ->> 'kind', facts ->> 'conversion', facts ->> 'owner',
                          facts ->> 'ledger', facts ->> 'reported'), '') as expected
from (
  select number, convert_from(facts, 'UTF8')::jsonb as facts from entry where kind = 'BREAK'
) e
full join delivery_break b using (number)
where e.number is null or b.number is null
   or (b.kind, b.conversion::text, b.owner, b.ledger_minor::text, b.reported_minor::text)
      is distinct from (facts ->> 'kind', facts ->> 'conversion', facts ->> 'owner',
                        facts ->> 'ledger', facts ->> 'reported')
order by 1
"""

CONVERSION_CHECKS: Mapping[str, tuple[str, str]] = {
    "conversion-entry": ("conversion", _CONVERSION_ENTRY),
    "conversion-returned": ("conversion", _CONVERSION_RETURNED),
    "conversion-state": ("conversion", _CONVERSION_STATE),
    "conversion-whole": ("conversion", _CONVERSION_WHOLE),
    "break-entry": ("break", _BREAK_ENTRY),
}
"""Each check's name, what its numbers are of, and the query that finds what is wrong."""
