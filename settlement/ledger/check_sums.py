"""Checks on whole tables: each query gives a row (where, found, expected) per problem."""

from collections.abc import Mapping

_MOVED = """
    select debit as code, currency, amount as debits, 0::bigint as credits from line
    union all
    select credit, currency, 0, amount from line
"""

_ACCOUNTS = """
    select code, currency, debits, credits from company_account
    union all
    select 'member/' || member_id || '/' || programme, currency, debits, credits
    from member_account
"""

_COUNTERS = f"""
    with sums as (
        select code, sum(debits) as debits, sum(credits) as credits
        from ({_MOVED}) moved group by code
    )
    select 'account ' || coalesce(a.code, s.code) as place,
        case when a.code is null then 'no account'
             else format('debits %s, credits %s', a.debits, a.credits) end as found,
        format('debits %s, credits %s', coalesce(s.debits, 0), coalesce(s.credits, 0)) as expected
    from ({_ACCOUNTS}) a full join sums s on a.code = s.code
    where (a.debits, a.credits) is distinct from (coalesce(s.debits, 0), coalesce(s.credits, 0))
    order by 1
"""  # noqa: S608 - all of it is of this module
"""Counters of every account equal the sums over its lines."""

_CURRENCIES = f"""
    select 'account ' || m.code as place, 'lines in ' || m.currency as found,
        'its currency, ' || a.currency as expected
    from (select code, currency from ({_MOVED}) moved group by code, currency) m
    join ({_ACCOUNTS}) a on a.code = m.code
    where a.currency <> m.currency
    order by 1, 2
"""  # noqa: S608 - all of it is of this module
"""An account's lines are of its currency."""

_POINTS = f"""
    select 'currency ' || currency as place, 'issued ' || issued as found,
        'held ' || held as expected
    from (
        select currency,
            coalesce(sum(debits::numeric - credits) filter (where code ^@ 'issued/'), 0) as issued,
            coalesce(sum(credits::numeric - debits)
                filter (where code ^@ 'member/' or code ^@ 'external/'), 0) as held
        from ({_ACCOUNTS}) a group by currency
    ) sides
    where issued <> held order by 1
"""  # noqa: S608 - all of it is of this module
"""What a currency's issuer has outstanding is what its holders hold."""

_BETWEEN_COMPANIES = """
    select circle as place, 'debits ' || debits as found, 'credits ' || credits as expected
    from (
        select case when code ^@ 'clearing/' then 'clearing/' || split_part(code, '/', 2)
                    else 'settlement' end as circle,
            sum(debits) as debits, sum(credits) as credits
        from company_account where code ^@ 'clearing/' or code ^@ 'settlement/'
        group by 1
    ) circles
    where debits <> credits order by 1
"""
"""What participants owe each other sums to zero: in each window, and in settlement."""

_MIRRORS = """
    select 'account ' || a.code as place,
        format('debits %s, credits %s', a.debits, a.credits) as found,
        format('debits %s, credits %s', coalesce(m.credits, 0), coalesce(m.debits, 0)) as expected
    from company_account a left join company_account m on m.code =
        'clearing/' || split_part(a.code, '/', 2) || '/' ||
        split_part(split_part(a.code, '/', 3), ':', 2) || ':' ||
        split_part(split_part(a.code, '/', 3), ':', 1)
    where a.code ^@ 'clearing/'
        and (a.debits, a.credits) is distinct from (coalesce(m.credits, 0), coalesce(m.debits, 0))
    order by 1
"""
"""Each clearing account is the mirror of the one that its counterparty has."""


def _owner(code: str) -> str:
    """Whose account between participants a column names; no text where it is another's."""
    return f"""case when {code} ^@ 'clearing/' then split_part(split_part({code}, '/', 3), ':', 1)
            when {code} ^@ 'settlement/' then split_part({code}, '/', 2) end"""


_EXPOSURE = f"""
    with sums as (
        select {_owner("code")} as participant, sum(debits) as debits, sum(credits) as credits
        from company_account where code ^@ 'clearing/' or code ^@ 'settlement/' group by 1
    )
    select 'participant ' || participant as place,
        format('debits %s, credits %s', coalesce(e.debits, 0), coalesce(e.credits, 0)) as found,
        format('debits %s, credits %s', coalesce(s.debits, 0), coalesce(s.credits, 0)) as expected
    from exposure e full join sums s using (participant)
    where (coalesce(e.debits, 0), coalesce(e.credits, 0))
        is distinct from (coalesce(s.debits, 0), coalesce(s.credits, 0))
    order by 1
"""  # noqa: S608 - all of it is of this module
"""What limits are judged by is what participants' accounts say."""

_OWNED = f"""
    select number, "index", {_owner("debit")} as owner from line
    where debit ^@ 'clearing/' or debit ^@ 'settlement/'
    union all
    select number, "index", {_owner("credit")} from line
    where credit ^@ 'clearing/' or credit ^@ 'settlement/'
"""  # noqa: S608 - all of it is of this module
"""Lines between participants, once for each of the two."""

_SHOWN = f"""
    select format('number %s, line %s', o.number, o."index") as place,
        'not shown to ' || o.owner as found, 'shown to both that it concerns' as expected
    from ({_OWNED}) o
    where not exists (
        select from feed f
        where f.participant = o.owner and f.number = o.number and o."index" = any(f.lines)
    )
    order by o.number, o."index"
"""  # noqa: S608 - all of it is of this module
"""Whoever owes or is owed was shown the line."""

_CONFIDENTIAL = f"""
    select format('number %s, line %s', l.number, l."index") as place,
        'shown to ' || s.participant as found, 'shown to the two that it concerns' as expected
    from (select participant, number, unnest(lines) as "index" from feed) s
    join line l on l.number = s.number and l."index" = s."index"
    where (l.debit ^@ 'clearing/' or l.debit ^@ 'settlement/')
        and s.participant is distinct from {_owner("l.debit")}
        and s.participant is distinct from {_owner("l.credit")}
    order by l.number, l."index", s.participant
"""  # noqa: S608 - all of it is of this module
"""And nobody else was."""

_FED = """
    select format('feed of %s, number %s', f.participant, f.number) as place,
        case when e.number is null then 'no such entry' else 'line ' || i || ', which is not' end
            as found,
        'what is in the book' as expected
    from feed f
    left join lateral unnest(f.lines) i on true
    left join entry e on e.number = f.number
    left join line l on l.number = f.number and l."index" = i
    where e.number is null or (i is not null and l.number is null)
    order by f.number, f.participant
"""
"""Feeds show nothing that is not in the book."""

_MEMBER_ENTRIES = """
    with moved as (
        select debit as code, number from line where debit ^@ 'member/'
        union
        select credit, number from line where credit ^@ 'member/'
    ), kept as (
        select 'member/' || member_id || '/' || programme as code, number from member_entry
    )
    select format('account %s, number %s', coalesce(m.code, k.code),
            coalesce(m.number, k.number)) as place,
        case when k.number is null then 'not in its history' else 'in its history' end as found,
        case when m.number is null then 'no line of it' else 'in its history' end as expected
    from moved m full join kept k on m.code = k.code and m.number = k.number
    where m.number is null or k.number is null
    order by 1
"""
"""A member's history holds the entries that moved its account, and no others."""

SUM_CHECKS: Mapping[str, str] = {
    "counters": _COUNTERS,
    "account-currency": _CURRENCIES,
    "points-issued": _POINTS,
    "between-companies": _BETWEEN_COMPANIES,
    "mirrors": _MIRRORS,
    "exposure": _EXPOSURE,
    "feed-shown": _SHOWN,
    "feed-confidential": _CONFIDENTIAL,
    "feed-entries": _FED,
    "member-entries": _MEMBER_ENTRIES,
}
"""By the name of the check."""
