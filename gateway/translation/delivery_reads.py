"""Reads of conversions."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import delivery_pb2
from gateway.translation import forms
from gateway.translation.delivery_results import conversion_message
from gateway.translation.reading import Reading
from partners import delivery_queries
from partners.delivery_queries import Page
from partners.refusals import invalid

DEFAULT_PAGE = 100
LARGEST_PAGE = 500


def page_of(page_size: int, after: int, field: str) -> Page:
    """A page of at most so many, above a number."""
    if page_size > LARGEST_PAGE:
        raise invalid("page_size", f"is {page_size}; at most {LARGEST_PAGE}")
    return Page(forms.not_negative(after, field), page_size or DEFAULT_PAGE)


def _conversions(
    m: delivery_pb2.ListConversionsRequest, reading: Reading
) -> delivery_pb2.ConversionList:
    named = m.HasField("membership")
    found = delivery_queries.conversions(
        reading.connection,
        reading.asker,
        page_of(m.page_size, m.after_conversion, "after_conversion"),
        only_open=m.open,
        membership=forms.membership_key(m.membership, "membership") if named else None,
    )
    return delivery_pb2.ConversionList(conversions=map(conversion_message, found))


DELIVERY_READS: Mapping[type[Message], Callable[[Any, Reading], Message]] = {
    delivery_pb2.ListConversionsRequest: _conversions,
}
