"""Holds on the wire."""

from coalition.v1 import redemption_pb2
from gateway.translation.values import membership_ref, timestamp
from partners.holding import HoldOf


def hold_message(result: HoldOf) -> redemption_pb2.Hold:
    """A hold as it stands."""
    hold = result.hold
    return redemption_pb2.Hold(
        hold=hold.number,
        membership=membership_ref(result.membership.key),
        merchant=hold.merchant,
        amount_minor=hold.amount_minor,
        captured_minor=hold.captured_minor,
        refunded_minor=hold.refunded_minor,
        reimbursement_minor=result.reimbursement_minor,
        state=f"HOLD_STATE_{hold.state}",
        expires_at=timestamp(hold.expires_at),
        reference=hold.reference,
        agreement=hold.agreement,
    )
