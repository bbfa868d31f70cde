"""A participant's items of a window, written in the form of a record."""

import csv
import json
from collections.abc import Iterator
from typing import IO

from coalition.client import Client
from coalition.v1 import reconciliation_pb2 as pb

PAGE = 5_000

COLUMNS = ("reference", "date", "amount", "counterparty", "kind", "number")


def read_items(client: Client, window: int, time_zone: str) -> Iterator[pb.Item]:
    """All items of the sender's in a window, by number."""
    request = pb.ListItemsRequest(window=window, time_zone=time_zone, page_size=PAGE)
    while True:
        page = client.read("Reconciliation.ListItems", request, pb.ItemList)
        yield from page.items
        if not page.more:
            return
        request.after_number = page.next_after_number


def write_items(
    client: Client, window: int, time_zone: str, file: IO[str], *, as_json: bool
) -> None:
    """As CSV, or as JSON lines."""
    rows = (
        (i.reference, i.date, i.amount_minor, i.counterparty, i.kind, i.number)
        for i in read_items(client, window, time_zone)
    )
    if as_json:
        for row in rows:
            file.write(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n")
        return
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
