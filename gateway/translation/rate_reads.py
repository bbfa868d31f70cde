"""Reads of what proposed rates would have come to."""

from collections.abc import Iterable

from coalition.v1 import rates_pb2
from gateway.translation import forms
from gateway.translation.rate_commands import changes
from gateway.translation.reading import Reading
from partners.exchange.replaying import Sums
from partners.refusals import Reason
from partners.what_if import Span, WhatIf, WouldHaveBeen, what_if
from settlement import windows


def what_would_have_been(m: rates_pb2.WhatIfRequest, reading: Reading) -> rates_pb2.WhatIfResult:
    """Conversions of the last windows under proposed changes."""
    asked = WhatIf(
        proposal=forms.not_negative(m.proposal, "proposal"),
        changes=changes(m.changes, "changes") if m.changes else (),
        windows=m.windows,
    )
    newest_first = windows.list_windows(reading.connection)
    spans = [Span(w.window_id, w.first_number, w.opened_at) for w in reversed(newest_first)]
    return _result(what_if(reading.connection, reading.asker, asked, spans))


def _result(found: WouldHaveBeen) -> rates_pb2.WhatIfResult:
    tally = found.tally
    return rates_pb2.WhatIfResult(
        windows=found.windows,
        conversions=tally.conversions,
        refused=sum(tally.refused.values()),
        refused_by=[
            rates_pb2.WhatIfRefused(reason=f"REASON_{reason}", conversions=tally.refused[reason])
            for reason in Reason
            if tally.refused.get(reason)
        ],
        left_out=found.left_out,
        nets=_rows(tally.nets),
        fees=_rows(tally.fees),
        outstanding=_rows(tally.outstanding),
        crossings=[
            rates_pb2.WhatIfCrossing(
                participant=crossing.participant,
                number=crossing.number,
                net_debit_minor=crossing.net_debit_minor,
                limit_minor=crossing.limit_minor,
            )
            for crossing in found.crossings
        ],
    )


def _rows(sums: Sums) -> Iterable[rates_pb2.WhatIfRow]:
    return (
        rates_pb2.WhatIfRow(name=name, before_minor=before, after_minor=after)
        for name, before, after in sums.rows()
    )
