"""Reads of what is held for spending."""

from coalition.v1 import redemption_pb2
from gateway.translation import forms
from gateway.translation.reading import Reading
from gateway.translation.redemption_results import hold_message
from partners.hold_queries import holds
from partners.refusals import invalid

DEFAULT_PAGE = 100
LARGEST_PAGE = 500
"""A hold is some two hundred bytes: a page is far below the message size limit."""


def list_holds(m: redemption_pb2.ListHoldsRequest, reading: Reading) -> redemption_pb2.HoldList:
    """Holds at the sender, or all of them for the operator, newest last."""
    if m.page_size > LARGEST_PAGE:
        raise invalid("page_size", f"is {m.page_size}; at most {LARGEST_PAGE}")
    found = holds(
        reading.connection,
        reading.asker,
        after=forms.not_negative(m.after_hold, "after_hold"),
        limit=m.page_size or DEFAULT_PAGE,
        only_open=m.open,
    )
    return redemption_pb2.HoldList(holds=map(hold_message, found))
