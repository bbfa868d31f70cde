"""Shows what was measured: a table for people, one object for machines."""

from rich.table import Table

from gateway.bench.rows import Row
from gateway.bench.suite import Measured

_STYLES = {"aim": "green", "at least": "yellow", "no": "red"}


def to_json(measured: Measured) -> dict[str, object]:
    """Everything, for machines."""
    return {
        "machine": dict(measured.machine),
        "rows": [row.to_json() for row in measured.rows],
    }


def machine_words(measured: Measured) -> str:
    """What it was measured on, in a paragraph."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in measured.machine.items()
    )


def as_table(measured: Measured) -> Table:
    """One line for each row."""
    table = Table(title="Measured", title_justify="left")
    for column in ("what", "figure", "reference", "ratio", "spread", "at least", "aim", "met"):
        table.add_column(column, justify="left" if column in {"what", "met"} else "right")
    for row in measured.rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> list[str]:
    style = _STYLES[row.met]
    return [
        f"{row.name}\n[dim]against {row.against}[/]",
        f"{_figure(row.value)} {row.unit}",
        f"{_figure(row.reference)} {row.unit}",
        f"{row.ratio:.3g}",
        f"{row.spread[0]:.3g} to {row.spread[1]:.3g}",
        f"{row.goal.at_least:g}",
        f"{row.goal.aim:g}",
        f"[{style}]{row.met}[/]",
    ]


def _figure(figure: float) -> str:
    """Three digits, or whole numbers with their thousands apart."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"  # noqa: PLR2004 - digits
