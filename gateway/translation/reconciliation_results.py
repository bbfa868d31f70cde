"""Reconciliations, findings, items and breaks on the wire."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import reconciliation_pb2 as pb
from gateway.translation.values import timestamp
from partners.directory import Directory
from partners.usecases.reconciling import Reconciled
from settlement.ledger.breaks import Break, Step, proposal
from settlement.reconciliation_items import Item
from settlement.reconciliation_outcomes import Finding


def reconciliation_message(found: Reconciled, _: Directory | None = None) -> pb.ReconciliationState:
    """A reconciliation, with its result once it is concluded."""
    r, result = found.record, found.result
    message = pb.ReconciliationState(
        reconciliation=r.number,
        participant=r.participant,
        window=r.window_id,
        file_sha256=r.file_sha256,
        rows=r.rows,
        total_minor=r.total_minor,
        received_chunks=r.received_chunks,
        received_rows=r.received_rows,
        received_total_minor=r.received_total_minor,
        concluded_number=r.concluded_number or 0,
        superseded_number=r.superseded_number or 0,
    )
    if result is not None:
        message.items = result.items
        message.items_total_minor = result.items_total_minor
        message.findings = result.findings
        message.findings_sha256 = result.digest
        for outcome, count in result.counts.items():
            message.outcomes.add(outcome=outcome, count=count)
    return message


def finding_message(item: int, found: Finding) -> pb.Finding:
    """A finding at its place."""
    return pb.Finding(
        item=item,
        outcome=found.outcome,
        rule=found.rule,
        reference=found.reference,
        counterparty=found.counterparty,
        row=found.row or 0,
        rows=found.rows,
        entry=found.entry or 0,
        entries=found.entries,
        ledger_minor=found.ledger_minor,
        reported_minor=found.reported_minor,
        ledger_date=str(found.ledger_date or ""),
        reported_date=str(found.reported_date or ""),
    )


def item_message(item: Item) -> pb.Item:
    """An item of the ledger."""
    return pb.Item(
        number=item.number,
        kind=item.kind,
        reference=item.reference,
        date=str(item.date),
        amount_minor=item.amount_minor,
        counterparty=item.counterparty,
    )


def break_message(found: Break, now: datetime) -> pb.Break:
    """A break; its age is as of an instant, or of its end where that was before."""
    proposed = proposal(found)
    steps = found.steps
    until = steps[-1].taken_at if steps and found.resolution == steps[-1].kind else now
    resolution = found.resolution
    return pb.Break(
        break_number=found.break_id[0],
        item=found.break_id[1],
        kind=f"BREAK_KIND_{found.kind}",
        conversion=found.conversion or 0,
        owner=found.owner,
        ledger_minor=found.ledger_minor,
        reported_minor=found.reported_minor,
        reference=found.reference,
        recorded_at=timestamp(found.opened_at),
        counterparty=found.counterparty,
        window=found.window_id or 0,
        entry=found.entry or 0,
        row=found.row or 0,
        rows=found.rows,
        ledger_date=str(found.ledger_date or ""),
        reported_date=str(found.reported_date or ""),
        state=f"BREAK_STATE_{found.state}",
        resolution=None if resolution is None else f"BREAK_STEP_KIND_{resolution}",
        resolved_number=found.resolved_number or 0,
        age_days=found.age_days(until),
        proposed=pb.ProposedCorrection(
            remedy=proposed.remedy, words=proposed.words, amount_minor=proposed.amount_minor
        ),
        steps=map(_step, steps),
    )


def _step(step: Step) -> pb.BreakStep:
    terms = step.adjustment
    return pb.BreakStep(
        number=step.number,
        kind=f"BREAK_STEP_KIND_{step.kind}",
        participant=step.participant,
        sender=step.sender,
        words=step.words,
        evidence_sha256=step.evidence_sha256 or b"",
        entry=step.entry or 0,
        adjustment=None
        if terms is None
        else pb.Adjustment(
            debtor=terms.debtor, creditor=terms.creditor, amount_minor=terms.amount_minor
        ),
        taken_at=timestamp(step.taken_at),
    )


RECONCILIATION_RESULTS: Mapping[type, Callable[[Any, Directory], Message]] = {
    Reconciled: reconciliation_message,
    Break: lambda found, _: break_message(found, found.steps[-1].taken_at),
}
"""Of a break in a receipt: as it stands after the step, at the time of the step."""
