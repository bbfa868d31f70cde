"""Conversions on the wire."""

from coalition.v1 import delivery_pb2
from gateway.translation.values import membership_ref, timestamp
from partners.deliveries import ConversionSeen
from partners.directory import Directory


def conversion_message(seen: ConversionSeen, _: Directory | None = None) -> delivery_pb2.Conversion:
    """A conversion as its reader is shown it."""
    c = seen.conversion
    return delivery_pb2.Conversion(
        conversion=c.number,
        quote=c.quote,
        source=membership_ref((c.source[1], seen.source_number)),
        target=membership_ref((c.target[1], seen.target_number)),
        source_minor=c.source_minor,
        target_minor=c.target_minor,
        state=f"CONVERSION_STATE_{c.state}",
        deadline=timestamp(c.deadline),
        accepted_at=timestamp(c.accepted_at),
        source_rate=c.source_rate,
        target_rate=c.target_rate,
        returned_source_minor=c.returned_source_minor,
        returned_target_minor=c.returned_target_minor,
        source_hold=c.source_hold,
        reference=c.reference,
        break_number=seen.break_number,
    )
