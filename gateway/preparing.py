"""Work that a write needs done before it is decided, too long for the writer's lock.

It changes nothing that anybody relies on, follows from what is stored alone, and is found again
when the same request comes a second time: so it may be cut short anywhere.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from google.protobuf.message import Message
from sqlalchemy import Engine

from coalition.v1 import reconciliation_pb2
from partners.directory import Directory
from settlement.ledger.partner_records import load_records
from settlement.reconciliation import MatchingUnderWay, match
from settlement.windows import WindowState, get_window

Preparation = Callable[[Engine, Directory, str, Message], None]


def _match_record(engine: Engine, directory: Directory, sender: str, payload: Message) -> None:
    """Match a record of the sender's that is whole; of anything else the use case says what is."""
    assert isinstance(payload, reconciliation_pb2.ConcludeRequest)  # noqa: S101 - by its key below
    with engine.begin() as connection:
        record = load_records(connection, [payload.reconciliation]).get(payload.reconciliation)
        if record is None or record.participant != directory.acts_for(sender):
            return
        window = get_window(connection, record.window_id)
        if record.is_complete and window is not None and window.state is not WindowState.OPEN:
            # Where another call is at it, this one is told to try again.
            with suppress(MatchingUnderWay):
                match(connection, directory.coalition, record, window)


PREPARATIONS: Mapping[type[Message], Preparation] = {
    reconciliation_pb2.ConcludeRequest: _match_record,
}
"""By the message of the request."""
