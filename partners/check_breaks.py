"""Self-checks of partners' records and of the steps of breaks, against the book."""

from collections.abc import Mapping

_RECORD_ENTRY = """
select coalesce(e.number, r.number) as number,
       coalesce(concat_ws(' ', r.participant, r.window_id, encode(r.file_sha256, 'hex'),
                          r.rows, r.total), '') as found,
       coalesce(concat_ws(' ', facts ->> 'participant', facts ->> 'window',
                          facts ->> 'file_sha256', facts ->> 'rows', facts ->> 'total'), '')
           as expected
from (
  select number, convert_from(facts, 'UTF8')::jsonb as facts
  from entry where kind = 'RECONCILIATION_OPENED'
) e
full join reconciliation r using (number)
where (r.participant, r.window_id::text, encode(r.file_sha256, 'hex'), r.rows::text, r.total::text)
      is distinct from (facts ->> 'participant', facts ->> 'window', facts ->> 'file_sha256',
                        facts ->> 'rows', facts ->> 'total')
order by 1
"""
"""A record is what its entry says."""

_RECORD_ROWS = """
select r.number, concat_ws(' ', r.received_rows, r.received_total) as found,
       concat_ws(' ', coalesce(s.rows, 0), coalesce(s.total, 0)) as expected
from reconciliation r left join (
  select reconciliation as number, count(*) as rows, sum(amount) as total
  from reconciliation_row group by reconciliation
) s using (number)
where (r.received_rows, r.received_total) <> (coalesce(s.rows, 0), coalesce(s.total, 0))
order by 1
"""
"""What came of a record is what its rows come to."""

_RECORD_CONCLUDED = """
select coalesce(e.number, r.concluded_number) as number,
       coalesce(concat_ws(' ', r.number, encode(m.digest, 'hex'), m.findings), '') as found,
       coalesce(concat_ws(' ', facts ->> 'reconciliation', facts ->> 'findings_sha256',
                          facts ->> 'findings'), '') as expected
from (
  select number, convert_from(facts, 'UTF8')::jsonb as facts
  from entry where kind = 'RECONCILIATION'
) e
full join (select * from reconciliation where concluded_number is not null) r
  on r.concluded_number = e.number
left join reconciliation_result m on m.reconciliation = r.number
where (r.number::text, encode(m.digest, 'hex'), m.findings::text) is distinct from
      (facts ->> 'reconciliation', facts ->> 'findings_sha256', facts ->> 'findings')
order by 1
"""
"""A concluded record has the result that its entry tells."""

_RECORD_SUPERSEDED = """
with told as (
  select e.number as by, other::bigint as number from entry e,
  jsonb_array_elements_text(convert_from(facts, 'UTF8')::jsonb -> 'supersedes') other
  where e.kind = 'RECONCILIATION'
)
select coalesce(r.number, t.number) as number,
       coalesce(r.superseded_number::text, '') as found, coalesce(t.by::text, '') as expected
from (select * from reconciliation where superseded_number is not null) r
full join told t using (number)
where r.superseded_number is distinct from t.by
order by 1
"""
"""A record is superseded by the entry that says so."""

_BREAK_STEP = """
select coalesce(e.number, s.number) as number,
       coalesce(concat_ws(' ', s.id, s.step, s.state, s.words, s.entry), '') as found,
       coalesce(concat_ws(' ', facts ->> 'break', facts ->> 'step', facts ->> 'state',
                          facts ->> 'words', facts ->> 'entry'), '') as expected
from (
  select number, convert_from(facts, 'UTF8')::jsonb as facts
  from entry where kind in ('BREAK_STEP', 'ADJUSTMENT')
) e
full join (
  select *, break_number || case when break_item = 0 then '' else '.' || break_item end as id
  from break_step
) s using (number)
where (s.id, s.step, s.state, s.words, s.entry::text) is distinct from
      (facts ->> 'break', facts ->> 'step', facts ->> 'state', facts ->> 'words',
       facts ->> 'entry')
order by 1
"""
"""A step of a break is what its entry says."""

_BREAK_STEP_MADE = """
with told as (
  select number, sender, accepted_at, convert_from(facts, 'UTF8')::jsonb as facts
  from entry where kind in ('BREAK_STEP', 'ADJUSTMENT')
), made as (
  select t.number, concat_ws(' ', case p.kind when 'PERSON' then c.operator else t.sender end,
           t.sender, t.facts ->> 'evidence_sha256', t.facts #>> '{adjustment,0}',
           t.facts #>> '{adjustment,1}', t.facts #>> '{adjustment,2}', t.accepted_at) as words
  from told t join principal p on p.principal_id = t.sender cross join coalition c
), kept as (
  select number, concat_ws(' ', participant, sender, encode(evidence_sha256, 'hex'),
           nullif(debtor, ''), nullif(creditor, ''), amount, taken_at) as words
  from break_step
)
select m.number, k.words as found, m.words as expected
from made m join kept k using (number)
where k.words <> m.words
order by 1
"""
"""Who took a step, when, on what evidence and for what amount is what its entry says."""

_RECORD_RULES = """
select r.number,
       concat_ws(' ', r.amount_tolerance, r.day_tolerance, r.time_zone, r.concluded_at) as found,
       concat_ws(' ', o.rules ->> 'amount_tolerance', o.rules ->> 'day_tolerance',
                 o.rules ->> 'time_zone', e.accepted_at) as expected
from reconciliation r
join (
  select number, convert_from(facts, 'UTF8')::jsonb -> 'rules' as rules
  from entry where kind = 'RECONCILIATION_OPENED'
) o using (number)
left join entry e on e.number = r.concluded_number
where (r.amount_tolerance::text, r.day_tolerance::text, r.time_zone, r.concluded_at)
      is distinct from (o.rules ->> 'amount_tolerance', o.rules ->> 'day_tolerance',
                        o.rules ->> 'time_zone', e.accepted_at)
order by 1
"""
"""A record is matched by the rules that its entry says, and concluded with its entry."""

BREAK_CHECKS: Mapping[str, tuple[str, str]] = {
    "record-entry": ("record", _RECORD_ENTRY),
    "record-rows": ("record", _RECORD_ROWS),
    "record-concluded": ("entry", _RECORD_CONCLUDED),
    "record-superseded": ("record", _RECORD_SUPERSEDED),
    "record-rules": ("record", _RECORD_RULES),
    "break-step": ("entry", _BREAK_STEP),
    "break-step-made": ("entry", _BREAK_STEP_MADE),
}
"""Each check's name, what its numbers are of, and the query that finds what is wrong."""
