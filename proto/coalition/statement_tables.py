"""A statement as CSV: whether a file is whole, by itself and against its statement."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from coalition.statement_reading import IDENTITY, Section, Statement, is_number

CSV_COLUMNS = (
    "section",
    "currency",
    "name",
    "participant",
    "counterparty",
    "kind",
    "payer",
    "payee",
    "money",
    "price",
    "count",
    "owed_to_minor",
    "owed_by_minor",
    "opening_minor",
    "net_minor",
    "closing_minor",
    "amount_minor",
    "payments_minor",
    "rounding_minor",
    "break",
    "source",
    "state",
    "ledger_minor",
    "reported_minor",
    "rows",
    "value",
)
_SUMMED = tuple(column for column in CSV_COLUMNS if column == "count" or column.endswith("_minor"))

Row = tuple[str, ...]


def table_problems(csv_bytes: bytes) -> list[str]:
    """Why a statement's CSV is not whole, in words, by nothing but its own control totals.

    Never raises for bad data.
    """
    rows, problems = _read(csv_bytes)
    return problems or list(_total_problems(rows))


def comparison_problems(statement: Statement, csv_bytes: bytes) -> list[str]:
    """Where a CSV is not whole, or does not say what the statement says."""
    rows, problems = _read(csv_bytes)
    if problems:
        return problems
    expected = _rows(statement)
    wrong = [n for n, (row, due) in enumerate(zip(rows, expected, strict=False), 1) if row != due]
    if wrong and Counter(rows) == Counter(expected):
        return [f"the rows of the CSV are in another order from row {wrong[0]} on"]
    problems = [f"row {n} of the CSV does not say what the statement says" for n in wrong]
    if len(rows) != len(expected):
        problems.append(f"the CSV has {len(rows)} rows; the statement has {len(expected)}")
    return problems


def _read(csv_bytes: bytes) -> tuple[list[Row], list[str]]:
    """The rows below the header, or what keeps them from being read as a whole table."""
    try:
        table = list(csv.reader(io.StringIO(csv_bytes.decode("ascii"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as problem:
        return [], [f"the CSV cannot be read: {problem}"]
    rows = [tuple(row) for row in table]
    if not rows or rows[0] != CSV_COLUMNS:
        return [], [f"the first line of the CSV is not its header: {','.join(CSV_COLUMNS)}"]
    wrong = _end_problem(rows[1:], ended=csv_bytes.endswith(b"\n"))
    return (rows[1:], []) if wrong is None else ([], [wrong])


def _end_problem(rows: Sequence[Row], *, ended: bool) -> str | None:
    """Why the last row is not a CONTROL row that counts the others, None where it is."""
    ends = [n for n, row in enumerate(rows, 1) if row[0:1] == ("CONTROL",)]
    if not ends or not ended:
        return "the CSV is cut off: it does not end with a CONTROL row that counts its rows"
    if ends != [len(rows)]:
        return f"the CSV is added to: rows follow the CONTROL row, which is row {ends[0]}"
    if any(len(row) != len(CSV_COLUMNS) for row in rows):
        return "the CSV has rows with more or fewer cells than its header"
    counted, found = _cells(rows[-1])["rows"], len(rows) - 1
    if counted != str(found):
        return f"the CSV has {found} rows; its CONTROL row counts {counted or 'none'}"
    return None


def _cells(row: Row) -> dict[str, str]:
    return dict(zip(CSV_COLUMNS, row, strict=True))


def _total_problems(rows: Sequence[Row]) -> Iterator[str]:
    """Every section ends with a TOTAL row that counts and sums it; a statement's head has none."""
    section: list[dict[str, str]] = []
    for row in rows[:-1]:
        cells = _cells(row)
        if cells["section"] == "TOTAL":
            yield from _section_problems(section, cells)
            section = []
        elif cells["section"] != "STATEMENT":
            section.append(cells)
    if section:
        yield f"section {section[0]['section']} is cut off: its TOTAL row is missing"


def _section_problems(section: Sequence[dict[str, str]], total: dict[str, str]) -> Iterator[str]:
    what = f"{total['name']} in {total['currency']}"
    if strays := {f"{row['section']} in {row['currency']}" for row in section} - {what}:
        yield f"rows of {', '.join(sorted(strays))} stand where {what} should"
    if total["rows"] != str(len(section)):
        yield f"{what} has {len(section)} rows; its TOTAL row counts {total['rows'] or 'none'}"
    for column in _SUMMED:
        cells = [row[column] for row in section if row[column]]
        if not all(map(is_number, cells)):
            yield f"{what} has a {column} that is no number"
        elif total[column] and str(sum(map(int, cells))) != total[column]:
            yield f"{what}: {column} sums to {sum(map(int, cells))}, not to {total[column]}"
        elif cells and not total[column]:
            yield f"{what}: {column} has no control total"


def _rows(statement: Statement) -> list[Row]:
    """The rows that a table of this statement has, its header not among them."""
    rows = [_row("STATEMENT", name=key, value=_said(statement, key)) for key in IDENTITY]
    for section in statement.sections:
        rows += [_row(section.name, currency=section.currency, **row) for row in section.rows]
        rows.append(_total(section))
    rows.append(_row("CONTROL", rows=str(len(rows)), value=statement.sha256))
    return rows


def _said(statement: Statement, key: str) -> str:
    value = getattr(statement, key)
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else str(value)


def _total(section: Section) -> Row:
    totals = {column: str(total) for column, total in section.totals.items()}
    return _row(
        "TOTAL",
        name=section.name,
        currency=section.currency,
        rows=str(section.row_count),
        **totals,
    )


def _row(section: str, **cells: str) -> Row:
    return section, *(cells.get(column, "") for column in CSV_COLUMNS[1:])
