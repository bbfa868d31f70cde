"""From records of windows and steps of breaks to commands."""

import zoneinfo
from datetime import date
from functools import lru_cache

from coalition.v1 import reconciliation_pb2 as pb
from gateway.translation import forms
from gateway.translation.member_commands import CommandTable
from partners.reconciliation_changes import RecordRow
from partners.refusals import invalid
from partners.usecases import breaking, reconciling
from settlement.ledger.breaks import Adjustment, BreakId
from settlement.ledger.tables import CLEARING_CEILING

MAX_ROWS = 5_000
"""Of one chunk: some hundred kilobytes, and far less than a second of the writer."""

MAX_RECORD_ROWS = 100_000_000
"""A window of so many entries has other problems."""

MAX_DAYS = 366
MAX_WORDS = 500
SHA256_BYTES = 32


def _open(m: pb.OpenReconciliationRequest) -> reconciling.Open:
    if len(m.file_sha256) != SHA256_BYTES:
        raise invalid("file_sha256", f"has {len(m.file_sha256)} bytes, not {SHA256_BYTES}")
    if m.rows > MAX_RECORD_ROWS:
        raise invalid("rows", f"is above {MAX_RECORD_ROWS}")
    if m.day_tolerance > MAX_DAYS:
        raise invalid("day_tolerance", f"is above {MAX_DAYS}")
    return reconciling.Open(
        window_id=forms.positive(m.window, "window"),
        file_sha256=m.file_sha256,
        rows=forms.not_negative(m.rows, "rows"),
        total_minor=m.total_minor,
        amount_tolerance_minor=forms.not_negative(
            m.amount_tolerance_minor, "amount_tolerance_minor"
        ),
        day_tolerance=m.day_tolerance,
        time_zone=time_zone(m.time_zone),
    )


def time_zone(name: str) -> str:
    """A name of the tz database that the database has as well; empty means UTC."""
    if name and (name == "localtime" or name not in zoneinfo.available_timezones()):
        raise invalid("time_zone", "is no name of the tz database, such as Asia/Shanghai")
    return name or "UTC"


def _add_rows(m: pb.AddRowsRequest) -> reconciling.AddRows:
    if not 0 < len(m.rows) <= MAX_ROWS:
        raise invalid("rows", f"are {len(m.rows)}; a chunk has 1 to {MAX_ROWS}")
    return reconciling.AddRows(
        reconciliation=forms.positive(m.reconciliation, "reconciliation"),
        chunk=forms.positive(m.chunk, "chunk"),
        rows=tuple(_row(row, index) for index, row in enumerate(m.rows)),
    )


@lru_cache(maxsize=1_024)
def _day(text: str) -> date:
    return forms.day(text, "date")


def _row(m: pb.RecordRow, index: int) -> RecordRow:
    field = f"rows[{index}]"
    amount = m.amount_minor
    if not 0 < abs(amount) <= CLEARING_CEILING:
        problem = f"is {amount}; not 0, and at most {CLEARING_CEILING} either way"
        raise invalid(f"{field}.amount_minor", problem)
    return RecordRow(
        reference=forms.optional(forms.REFERENCE, m.reference, f"{field}.reference"),
        date=_day(m.date),
        amount_minor=amount,
        counterparty=forms.optional(forms.SLUG, m.counterparty, f"{field}.counterparty"),
        kind=forms.optional(forms.KIND, m.kind, f"{field}.kind"),
    )


def _conclude(m: pb.ConcludeRequest) -> reconciling.Conclude:
    return reconciling.Conclude(forms.positive(m.reconciliation, "reconciliation"))


def _break_id(m: pb.BreakRef) -> BreakId:
    return (
        forms.positive(m.break_number, "break_ref.break_number"),
        forms.not_negative(m.item, "break_ref.item"),
    )


def _reasons(words: str, evidence: bytes) -> breaking.Reasons:
    if evidence and len(evidence) != SHA256_BYTES:
        raise invalid("evidence_sha256", f"has {len(evidence)} bytes, not {SHA256_BYTES}")
    return breaking.Reasons(forms.words(words, "words", MAX_WORDS), evidence or None)


def _accept(m: pb.AcceptBreakRequest) -> breaking.Accept:
    return breaking.Accept(_break_id(m.break_ref), _reasons(m.words, m.evidence_sha256))


def _dispute(m: pb.DisputeBreakRequest) -> breaking.Dispute:
    return breaking.Dispute(_break_id(m.break_ref), _reasons(m.words, m.evidence_sha256))


def _correct(m: pb.CorrectBreakRequest) -> breaking.Correct:
    entry = forms.positive(m.entry, "entry")
    return breaking.Correct(_break_id(m.break_ref), entry, _reasons(m.words, m.evidence_sha256))


def _adjust(m: pb.AdjustBreakRequest) -> breaking.Adjust:
    amount = forms.positive(m.adjustment.amount_minor, "adjustment.amount_minor")
    if amount > CLEARING_CEILING:
        raise invalid("adjustment.amount_minor", f"is above {CLEARING_CEILING}")
    adjustment = Adjustment(
        debtor=forms.matching(forms.SLUG, m.adjustment.debtor, "adjustment.debtor"),
        creditor=forms.matching(forms.SLUG, m.adjustment.creditor, "adjustment.creditor"),
        amount_minor=amount,
    )
    reasons = _reasons(m.words, m.evidence_sha256)
    return breaking.Adjust(_break_id(m.break_ref), adjustment, reasons)


def _write_off(m: pb.WriteOffBreakRequest) -> breaking.WriteOff:
    return breaking.WriteOff(_break_id(m.break_ref), _reasons(m.words, m.evidence_sha256))


RECONCILIATION_COMMANDS: CommandTable = {
    pb.OpenReconciliationRequest: (reconciling.Open, _open),
    pb.AddRowsRequest: (reconciling.AddRows, _add_rows),
    pb.ConcludeRequest: (reconciling.Conclude, _conclude),
    pb.AcceptBreakRequest: (breaking.Accept, _accept),
    pb.DisputeBreakRequest: (breaking.Dispute, _dispute),
    pb.CorrectBreakRequest: (breaking.Correct, _correct),
    pb.AdjustBreakRequest: (breaking.Adjust, _adjust),
    pb.WriteOffBreakRequest: (breaking.WriteOff, _write_off),
}
