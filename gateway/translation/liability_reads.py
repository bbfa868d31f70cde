"""Reads of liabilities: roll-forward, points outstanding, breakage, float."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import liabilities_pb2 as pb
from gateway.translation import forms
from gateway.translation.reading import Reading
from partners import liabilities
from partners.directory import Programme
from partners.refusals import Reason, Refused, invalid
from settlement import windows
from settlement.ledger.book import read_head
from settlement.ledger.reading import first_after

TICK = timedelta(microseconds=1)
EARLIEST = datetime.min.replace(tzinfo=UTC)


def _roll_forward(m: pb.GetRollForwardRequest, reading: Reading) -> pb.RollForwardList:
    programme = forms.optional(forms.SLUG, m.programme, "programme")
    first, end = _span(m.span, reading)
    found = liabilities.roll_forward(reading.connection, reading.asker, programme, first, end)
    return pb.RollForwardList(
        programmes=map(_rolled, found), first_number=first, last_number=end - 1
    )


def _rolled(found: liabilities.RollForward) -> pb.RollForward:
    return pb.RollForward(
        **_names(found.programme),
        opening_minor=found.opening_minor,
        movements=[
            pb.PointsMoved(movement=f"POINTS_MOVEMENT_{movement}", amount_minor=amount)
            for movement, amount in found.movements.items()
        ],
        closing_minor=found.closing_minor,
        counted_minor=found.counted_minor,
        kept_by_partner=liabilities.is_kept_by_partner(found.programme),
    )


def _names(programme: Programme) -> dict[str, Any]:
    currency = programme.latest.definition.currency
    return {
        "programme": programme.programme_id,
        "currency": programme.currency,
        "exponent": 0 if currency is None else currency.exponent,
    }


def _span(m: pb.LedgerSpan, reading: Reading) -> tuple[int, int]:
    """Number of the first entry and of the first one after it. Raises Refused."""
    size = read_head(reading.connection).size
    by_window = bool(m.first_window or m.last_window)
    by_number = bool(m.first_number or m.last_number)
    by_instant = m.HasField("since") or m.HasField("until")
    if by_window + by_number + by_instant > 1:
        raise invalid("span", "is named by windows, by numbers or by instants: one of them")
    if by_window:
        return _of_windows(m, reading, size)
    if by_number:
        return _of_numbers(m, size)
    if by_instant:
        return _of_instants(m, reading, size)
    return 0, size


def _of_windows(m: pb.LedgerSpan, reading: Reading, size: int) -> tuple[int, int]:
    first = forms.positive(m.first_window, "span.first_window")
    last = m.last_window or first
    if last < first:
        raise invalid("span.last_window", f"is {last}, before the first, {first}")
    return _window(first, reading, size)[0], _window(last, reading, size)[1]


def _window(number: int, reading: Reading, size: int) -> tuple[int, int]:
    found = windows.get_window(reading.connection, number)
    if found is None:
        raise Refused(Reason.NOT_FOUND, f"there is no window {number}", {"window": str(number)})
    return found.first_number, size if found.last_number is None else found.last_number + 1


def _of_numbers(m: pb.LedgerSpan, size: int) -> tuple[int, int]:
    first = forms.not_negative(m.first_number, "span.first_number")
    if not first <= m.last_number < size:
        raise invalid("span.last_number", f"is {m.last_number}; it is from {first} to {size - 1}")
    return first, m.last_number + 1


def _of_instants(m: pb.LedgerSpan, reading: Reading, size: int) -> tuple[int, int]:
    since = forms.optional_instant(m, "since", "span.")
    until = forms.optional_instant(m, "until", "span.")
    if since and until and until <= since:
        raise invalid("span.until", "is not later than `since`")
    return (
        0 if since is None else _from(since, reading),
        size if until is None else min(size, _from(until, reading)),
    )


def _from(instant: datetime, reading: Reading) -> int:
    """Number of the first entry from an instant on."""
    return first_after(reading.connection, max(instant, EARLIEST + TICK) - TICK)


def _outstanding(m: pb.GetOutstandingRequest, reading: Reading) -> pb.OutstandingPoints:
    programme = forms.matching(forms.SLUG, m.programme, "programme")
    before = None
    if forms.not_negative(m.window, "window"):
        before = _window(m.window, reading, read_head(reading.connection).size)[1]
    found = liabilities.outstanding(reading.connection, reading.asker, programme, before)
    points = found.points
    return pb.OutstandingPoints(
        **_names(found.programme),
        lots=[
            pb.OutstandingLot(
                month=f"{lot.month:%Y-%m}", funder=lot.funder, amount_minor=lot.amount_minor
            )
            for lot in points.lots
        ],
        debts_minor=points.debts_minor,
        unexplained_minor=points.unexplained_minor,
        outstanding_minor=points.total_minor,
        as_of_number=found.before - 1,
        kept_by_partner=liabilities.is_kept_by_partner(found.programme),
    )


def _breakage(m: pb.EstimateBreakageRequest, reading: Reading) -> pb.BreakageEstimate:
    programme = forms.matching(forms.SLUG, m.programme, "programme")
    found = liabilities.estimate_breakage(reading.connection, reading.asker, programme)
    estimate = found.estimate
    return pb.BreakageEstimate(
        **_names(found.programme),
        state=f"BREAKAGE_STATE_{estimate.state}",
        months=estimate.months,
        as_of_month=found.month,
        outstanding_minor=estimate.outstanding_minor,
        breakage_minor=estimate.breakage_minor,
        lowest_minor=estimate.lowest_minor,
        highest_minor=estimate.highest_minor,
        cohorts=[
            pb.BreakageCohort(
                month=f"{cohort.month:%Y-%m}",
                issued_minor=cohort.issued_minor,
                outstanding_minor=cohort.outstanding_minor,
                breakage_minor=cohort.breakage_minor,
            )
            for cohort in estimate.cohorts
        ],
        ages=[
            pb.BreakageAge(
                age_months=months,
                at_risk_minor=age.at_risk_minor,
                used_minor=age.used_minor,
                lapsed_minor=age.lapsed_minor,
            )
            for months, age in enumerate(estimate.ages)
        ],
    )


def _float(m: pb.GetFloatRequest, reading: Reading) -> pb.FloatReport:
    liabilities.require_operator(reading.asker)
    first = forms.not_negative(m.first_window, "first_window")
    size = read_head(reading.connection).size
    intervals = [
        liabilities.Interval(
            w.window_id, w.first_number, size if w.last_number is None else w.last_number + 1
        )
        for w in reversed(windows.list_windows(reading.connection))
    ]
    coalition = reading.asker.directory.coalition
    return pb.FloatReport(
        currency=coalition.currency,
        exponent=coalition.exponent,
        windows=[
            pb.FloatWindow(
                window=w.window,
                issued_receipts_minor=w.issued_receipts,
                converted_receipts_minor=w.converted_receipts,
                redeemed_reimbursements_minor=w.redeemed_reimbursements,
                converted_reimbursements_minor=w.converted_reimbursements,
                float_minor=w.float_minor,
                outstanding_minor=w.outstanding_minor,
            )
            for w in liabilities.float_by_window(reading.connection, reading.asker, intervals)
            if w.window >= first
        ],
    )


LIABILITY_READS: Mapping[type[Message], Callable[[Any, Reading], Message]] = {
    pb.GetRollForwardRequest: _roll_forward,
    pb.GetOutstandingRequest: _outstanding,
    pb.EstimateBreakageRequest: _breakage,
    pb.GetFloatRequest: _float,
}
