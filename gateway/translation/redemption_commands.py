"""From request messages to commands: spending the shared currency."""

from coalition.v1 import redemption_pb2
from gateway.translation import forms
from gateway.translation.member_commands import CommandTable
from partners.usecases import redemption


def _authorize(m: redemption_pb2.AuthorizeRequest) -> redemption.Authorize:
    return redemption.Authorize(
        membership=forms.membership_key(m.membership, "membership"),
        merchant=forms.matching(forms.SLUG, m.merchant, "merchant"),
        amount_minor=forms.positive(m.amount_minor, "amount_minor"),
        reference=forms.matching(forms.REFERENCE, m.reference, "reference"),
        expires_at=forms.optional_instant(m, "expires_at"),
        authorization=forms.not_negative(m.authorization, "authorization") or None,
        capture=m.capture,
    )


def _capture(m: redemption_pb2.CaptureRequest) -> redemption.Capture:
    return redemption.Capture(
        hold=forms.positive(m.hold, "hold"),
        amount_minor=forms.not_negative(m.amount_minor, "amount_minor"),
    )


def _void(m: redemption_pb2.VoidRequest) -> redemption.Void:
    return redemption.Void(forms.positive(m.hold, "hold"))


def _refund(m: redemption_pb2.RefundRequest) -> redemption.Refund:
    return redemption.Refund(
        hold=forms.positive(m.hold, "hold"),
        amount_minor=forms.positive(m.amount_minor, "amount_minor"),
    )


REDEMPTION_COMMANDS: CommandTable = {
    redemption_pb2.AuthorizeRequest: (redemption.Authorize, _authorize),
    redemption_pb2.CaptureRequest: (redemption.Capture, _capture),
    redemption_pb2.VoidRequest: (redemption.Void, _void),
    redemption_pb2.RefundRequest: (redemption.Refund, _refund),
}
