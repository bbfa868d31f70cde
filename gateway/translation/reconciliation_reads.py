"""Reads of reconciliations, findings, items and breaks."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import reconciliation_pb2 as pb
from gateway.translation import forms
from gateway.translation.delivery_reads import page_of
from gateway.translation.reading import Reading
from gateway.translation.reconciliation_commands import time_zone
from gateway.translation.reconciliation_results import (
    break_message,
    finding_message,
    item_message,
    reconciliation_message,
)
from partners.refusals import Reason, Refused, invalid
from partners.usecases.reconciling import Reconciled
from settlement.ledger.amounts import INT64_MAX
from settlement.ledger.breaks import list_breaks
from settlement.ledger.partner_records import list_records, load_records, load_result
from settlement.reconciliation import findings
from settlement.reconciliation_items import items
from settlement.windows import get_window

DEFAULT_FINDINGS, MOST_FINDINGS = 500, 2_000
DEFAULT_ITEMS, MOST_ITEMS = 1_000, 5_000
"""A page is at most some hundred kilobytes, far below the message size limit."""


def _whose(reading: Reading) -> str | None:
    """Whose breaks and records the asker sees; None: all."""
    return None if reading.asker.is_administrator else reading.asker.participant


def _size(asked: int, default: int, most: int) -> int:
    if asked > most:
        raise invalid("page_size", f"is {asked}; at most {most}")
    return asked or default


def _reconciliations(m: pb.ListReconciliationsRequest, reading: Reading) -> pb.ReconciliationList:
    page = page_of(m.page_size, m.after_number, "after_number")
    connection = reading.connection
    found = list_records(connection, _whose(reading), after=page.after, limit=page.limit)
    return pb.ReconciliationList(
        reconciliations=[
            reconciliation_message(
                Reconciled(
                    record,
                    load_result(connection, record.number) if record.concluded_number else None,
                )
            )
            for record in found
        ]
    )


def _findings(m: pb.ListFindingsRequest, reading: Reading) -> pb.FindingList:
    number = forms.positive(m.reconciliation, "reconciliation")
    record = load_records(reading.connection, [number]).get(number)
    if record is None or _whose(reading) not in {None, record.participant}:
        raise Refused(Reason.NOT_FOUND, f"there is no reconciliation {number} of yours")
    after = forms.not_negative(m.after_item, "after_item")
    limit = _size(m.page_size, DEFAULT_FINDINGS, MOST_FINDINGS)
    found = findings(reading.connection, number, after=after, limit=limit)
    return pb.FindingList(findings=[finding_message(*each) for each in found])


def _items(m: pb.ListItemsRequest, reading: Reading) -> pb.ItemList:
    window = get_window(reading.connection, forms.positive(m.window, "window"))
    if window is None:
        raise Refused(Reason.NOT_FOUND, f"there is no window {m.window}")
    page = items(
        reading.connection,
        reading.asker.directory.coalition,
        window,
        reading.asker.participant,
        time_zone=time_zone(m.time_zone),
        after=forms.not_negative(m.after_number, "after_number"),
        limit=_size(m.page_size, DEFAULT_ITEMS, MOST_ITEMS),
    )
    return pb.ItemList(
        items=map(item_message, page.items),
        more=page.more,
        next_after_number=page.last_number,
    )


def _breaks(m: pb.ListBreaksRequest, reading: Reading) -> pb.BreakList:
    page = page_of(m.page_size, m.after_number, "after_number")
    # Without an item, all breaks of the entry that is named were seen.
    after_item = forms.not_negative(m.after_item, "after_item") or (2**31 - 1)
    window = forms.not_negative(m.window, "window")
    found = list_breaks(
        reading.connection,
        _whose(reading),
        after=(min(page.after, INT64_MAX), after_item),
        limit=page.limit,
        only_open=m.open,
        window_id=window or None,
    )
    now = reading.asker.now
    return pb.BreakList(breaks=[break_message(each, now) for each in found])


RECONCILIATION_READS: Mapping[type[Message], Callable[[Any, Reading], Message]] = {
    pb.ListReconciliationsRequest: _reconciliations,
    pb.ListFindingsRequest: _findings,
    pb.ListItemsRequest: _items,
    pb.ListBreaksRequest: _breaks,
}
