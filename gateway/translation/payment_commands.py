"""From what is said of payments, and of settlements to abort, to commands."""

from coalition.v1 import payments_pb2
from gateway.translation import forms
from gateway.translation.member_commands import CommandTable
from partners.refusals import invalid
from partners.usecases import aborts, payments
from settlement.ledger.dues import DueKey

MAX_REASON = 200
MAX_APART = 20


def _payment(m: payments_pb2.PaymentRef) -> DueKey:
    return (
        forms.positive(m.settlement, "payment.settlement"),
        forms.matching(forms.SLUG, m.payer, "payment.payer"),
        forms.matching(forms.SLUG, m.payee, "payment.payee"),
    )


def _sent(m: payments_pb2.MarkSentRequest) -> payments.MarkSent:
    return payments.MarkSent(
        payment=_payment(m.payment),
        reference=forms.matching(forms.REFERENCE, m.reference, "reference"),
        value_date=forms.day(m.value_date, "value_date"),
    )


def _confirm(m: payments_pb2.ConfirmPaymentRequest) -> payments.ConfirmPayment:
    return payments.ConfirmPayment(
        payment=_payment(m.payment),
        amount_minor=forms.positive(m.amount_minor, "amount_minor"),
        reference=forms.matching(forms.REFERENCE, m.reference, "reference"),
    )


def _dispute(m: payments_pb2.DisputePaymentRequest) -> payments.DisputePayment:
    return payments.DisputePayment(
        payment=_payment(m.payment), reason=forms.words(m.reason, "reason", MAX_REASON)
    )


def _propose(m: payments_pb2.ProposeAbortRequest) -> aborts.ProposeAbort:
    if len(m.apart) > MAX_APART or len(set(m.apart)) != len(m.apart):
        raise invalid("apart", f"is up to {MAX_APART} participants, each once")
    return aborts.ProposeAbort(
        settlement=forms.positive(m.settlement, "settlement"),
        reason=forms.words(m.reason, "reason", MAX_REASON),
        apart=tuple(
            forms.matching(forms.SLUG, name, f"apart[{i}]") for i, name in enumerate(m.apart)
        ),
        despite_sent=m.despite_sent,
    )


def _approve(m: payments_pb2.ApproveAbortRequest) -> aborts.ApproveAbort:
    return aborts.ApproveAbort(
        settlement=forms.positive(m.settlement, "settlement"),
        proposal=forms.positive(m.proposal, "proposal"),
    )


def _withdraw(m: payments_pb2.WithdrawAbortRequest) -> aborts.WithdrawAbort:
    return aborts.WithdrawAbort(
        settlement=forms.positive(m.settlement, "settlement"),
        proposal=forms.positive(m.proposal, "proposal"),
        reason=forms.words(m.reason, "reason", MAX_REASON),
    )


PAYMENT_COMMANDS: CommandTable = {
    payments_pb2.MarkSentRequest: (payments.MarkSent, _sent),
    payments_pb2.ConfirmPaymentRequest: (payments.ConfirmPayment, _confirm),
    payments_pb2.DisputePaymentRequest: (payments.DisputePayment, _dispute),
    payments_pb2.ProposeAbortRequest: (aborts.ProposeAbort, _propose),
    payments_pb2.ApproveAbortRequest: (aborts.ApproveAbort, _approve),
    payments_pb2.WithdrawAbortRequest: (aborts.WithdrawAbort, _withdraw),
}
