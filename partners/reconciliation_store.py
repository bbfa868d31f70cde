"""Loading what reconciliations and steps of breaks are decided by."""

from sqlalchemy import Connection, text

from partners.state import Needs, State
from settlement.ledger.breaks import load_breaks
from settlement.ledger.partner_records import concluded_records, load_records, load_result


def load_reconciliations(connection: Connection, state: State, needs: Needs) -> None:
    """Records with results and their concluded predecessors; breaks; who was shown entries."""
    if needs.records:
        state.records.update(load_records(connection, needs.records))
    for number in needs.results & state.records.keys():
        record = state.records[number]
        result = load_result(connection, number)
        if result is not None:
            state.results[number] = result
        of_window = concluded_records(connection, record.participant, record.window_id)
        state.records_of_window[record.participant, record.window_id] = of_window
    if needs.found_breaks:
        state.found_breaks.update(load_breaks(connection, needs.found_breaks))
    if needs.shown_entries:
        _load_shown(connection, state, needs.shown_entries)


def _load_shown(connection: Connection, state: State, numbers: set[int]) -> None:
    rows = connection.execute(
        text(
            "select number, array_agg(participant) as parties from feed "
            "where number = any(:numbers) and participant = any("
            "select principal_id from principal) group by number"
        ),
        {"numbers": list(numbers)},
    )
    state.shown_to.update({row.number: frozenset(row.parties) for row in rows})
