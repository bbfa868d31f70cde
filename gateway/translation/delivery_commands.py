"""From reports of deliveries to commands."""

from coalition.v1 import delivery_pb2
from gateway.translation import forms
from gateway.translation.member_commands import CommandTable
from partners.usecases import delivery

MAX_REASON = 200


def _confirm(m: delivery_pb2.ConfirmDeliveryRequest) -> delivery.Confirm:
    return delivery.Confirm(
        conversion=forms.positive(m.conversion, "conversion"),
        credited_minor=forms.positive(m.credited_minor, "credited_minor"),
        reference=forms.matching(forms.REFERENCE, m.reference, "reference"),
    )


def _refuse(m: delivery_pb2.RefuseDeliveryRequest) -> delivery.Refuse:
    return delivery.Refuse(
        conversion=forms.positive(m.conversion, "conversion"),
        reason=forms.words(m.reason, "reason", MAX_REASON),
    )


DELIVERY_COMMANDS: CommandTable = {
    delivery_pb2.ConfirmDeliveryRequest: (delivery.Confirm, _confirm),
    delivery_pb2.RefuseDeliveryRequest: (delivery.Refuse, _refuse),
}
