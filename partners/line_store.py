"""Loading lines of entries."""

from collections.abc import Iterable

from partners.querying import NUMBER, query
from partners.state import State
from settlement.ledger.reading import LINES_OF, by_number


async def load_lines(state: State, numbers: Iterable[int]) -> None:
    """The lines of entries; an entry without lines is left out."""
    rows = await query(LINES_OF, NUMBER, ((number,) for number in numbers))
    for number, lines in by_number(rows).items():
        state.lines[number] = tuple(line.as_line() for line in lines)
