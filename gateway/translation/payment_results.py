"""Payments, settlements and aborts on the wire."""

from coalition.v1 import payments_pb2
from gateway.translation.values import day_text, timestamp
from partners.directory import Directory
from settlement.ledger.dues import AbortProposal, Change, Due
from settlement.settlements import SettlementView


def payment_message(due: Due, _: Directory | None = None) -> payments_pb2.Payment:
    """A payment as it stands."""
    return payments_pb2.Payment(
        payment=payments_pb2.PaymentRef(
            settlement=due.settlement_id, payer=due.payer, payee=due.payee
        ),
        amount_minor=due.amount_minor,
        state=f"PAYMENT_STATE_{due.state}",
        posted_at=timestamp(due.posted_at),
        reference=due.reference,
        value_date=day_text(due.value_date),
        disputed=due.disputed,
        ended_at=timestamp(due.ended_at),
        ended_number=due.ended_number or 0,
    )


def abort_message(proposal: AbortProposal, _: Directory | None = None) -> payments_pb2.Abort:
    """A proposal to abort a settlement."""
    return payments_pb2.Abort(
        proposal=proposal.number,
        settlement=proposal.settlement_id,
        state=f"ABORT_STATE_{proposal.state}",
        proposed_by=proposal.proposed_by,
        proposed_at=timestamp(proposal.proposed_at),
        reason=proposal.reason,
        apart=proposal.apart,
        despite_sent=proposal.despite_sent,
        ended_by=proposal.ended_by,
        ended_number=proposal.ended_number or 0,
    )


def settlement_message(view: SettlementView) -> payments_pb2.SettlementInfo:
    """A settlement as everybody may see it."""
    return payments_pb2.SettlementInfo(
        settlement=view.settlement_id,
        window=view.window_id,
        state=f"SETTLEMENT_STATE_{view.state}",
        started_at=timestamp(view.started_at),
        closed_at=timestamp(view.closed_at),
        post_number=view.post_number or 0,
        abort_number=view.abort_number or 0,
        supersedes=view.supersedes or 0,
        superseded_by=view.superseded_by or 0,
        apart=view.apart,
        payments=view.payments,
        confirmed=view.confirmed,
    )


def change_message(change: Change) -> payments_pb2.SettlementChange:
    """A step of a history."""
    return payments_pb2.SettlementChange(
        step=f"SETTLEMENT_STEP_{change.step}",
        payer=change.payer,
        payee=change.payee,
        who=change.who,
        at=timestamp(change.at),
        why=change.why,
        number=change.number or 0,
    )
