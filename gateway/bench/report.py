"""Shows what was measured: tables for people, one object for machines."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from gateway.bench.rows import Row
from gateway.bench.stages import Breakdown
from gateway.bench.suite import Measured

_STYLES = {"aim": "green", "at least": "yellow", "no": "red"}
_WHAT_WIDTH = 38


def to_json(measured: Measured) -> dict[str, object]:
    """Everything, for machines."""
    return {
        "machine": dict(measured.machine),
        "rows": [row.to_json() for row in measured.rows],
        "stages": [breakdown.to_json() for breakdown in measured.breakdowns],
    }


def machine_words(measured: Measured) -> str:
    """What it was measured on, in a paragraph."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in measured.machine.items()
    )


def rows_table(rows: Sequence[Row]) -> Table:
    """One line for each row."""
    table = Table(title="Measured", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("what, and against what", min_width=_WHAT_WIDTH)
    for column in ("figure", "reference", "ratio", "spread", "at least", "aim"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("met", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> list[str]:
    style = _STYLES[row.met]
    sign = "≤" if row.goal.less else "≥"
    unit = f" {row.unit}" if row.goal.aims_at_value else ""
    return [
        f"{row.name}, in {row.unit}\n[dim]against {row.against}[/]",
        _figure(row.value),
        _figure(row.reference),
        f"{row.ratio:.3g}",
        f"{row.spread[0]:.3g} to {row.spread[1]:.3g}",
        f"{sign} {row.goal.at_least:g}",
        f"{sign} {row.goal.aim:g}{unit}",
        f"[{style}]{row.met}[/]",
    ]


def stages_table(breakdowns: Sequence[Breakdown]) -> Table:
    """One line for each stage, with both ways to send stays beside each other."""
    table = Table(
        title="Where the time goes: microseconds per stay, by the clock and of the processor",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("stage")
    for each in breakdowns:
        table.add_column(f"{each.name}, clock", justify="right")
        table.add_column("processor", justify="right")
    for stages in zip(*(each.stages for each in breakdowns), strict=True):
        figures = [f"{figure:,.0f}" for s in stages for figure in (s.wall, s.processor)]
        table.add_row(stages[0].name, *figures)
    return table


def _figure(figure: float) -> str:
    """Three digits, or whole numbers with their thousands apart."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"  # noqa: PLR2004 - digits
