"""The chart of `coalition bench`: how much of each aim is met, and where the time goes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.bench.rows import Row
from gateway.bench.stages import Breakdown
from gateway.bench.suite import Measured
from gateway.cli.what_if_chart import FORMATS, INK, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"aim": "#3f8f5f", "at least": "#d19a2a", "no": "#b5473c"}
_STAGE_COLOURS = (
    *("#1f6f9f", "#5b9bc0", "#b9c6d3", "#3f8f5f", "#86b89a"),
    *("#d19a2a", "#e5c684", "#b5473c", "#9a86b8", "#dfe5ea"),
)

_INCHES_WIDE = 9.0
_INCHES_PER_ROW = 0.62
_INCHES_AROUND = 1.5
_STAGES_INCHES = 2.2
_LEFT, _RIGHT = 0.4, 0.95


def draw(measured: Measured, path: Path) -> None:
    """Write the chart. Raises OSError."""
    from matplotlib import rc_context, style  # noqa: PLC0415 - only who draws needs the extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    rows = _INCHES_AROUND + _INCHES_PER_ROW * max(1, len(measured.rows))
    stages = _STAGES_INCHES if measured.breakdowns else 0.0
    height = rows + stages
    with style.context("default"), rc_context(STYLE):
        figure = Figure(figsize=(_INCHES_WIDE, height), dpi=150, layout=None)
        figure.text(0.02, 1 - 0.3 / height, "Measured on this machine", size=13, weight="bold")
        figure.text(0.02, 1 - 0.55 / height, _machine(measured), size=8)
        inner = (_LEFT, (stages + 0.55) / height, _RIGHT - _LEFT, (rows - 1.35) / height)
        _rows(figure.add_axes(inner), measured.rows)
        if measured.breakdowns:
            inner = (_LEFT, 0.75 / height, _RIGHT - _LEFT, (stages - 1.15) / height)
            _stages(figure.add_axes(inner), measured.breakdowns)
        suffix = path.suffix.lower()
        figure.savefig(path, format=suffix[1:], metadata=FORMATS[suffix])


def _machine(measured: Measured) -> str:
    told = measured.machine
    return (
        f"{told['cpu']}, {told['cores']} cores, {told['memory_gib']} GiB; Python "
        f"{told['python']}, PostgreSQL {told.get('postgresql', 'unknown')}, grpcio {told['grpcio']}"
    )


def _part_of_aim(row: Row, figure: float) -> float:
    """How much of the aim a ratio is: 1 meets it, more is better, whichever way it counts.

    Where the figure itself is aimed at, what its ratio has to be stands in for the aim.
    """
    aim = row.goal.at_least if row.goal.aims_at_value else row.goal.aim
    return aim / figure if row.goal.less else figure / aim


def _rows(axes: "Axes", rows: Sequence[Row]) -> None:
    """A bar for each row, with its spread, and a mark at what it has to be at least."""
    for place, row in enumerate(rows):
        part = _part_of_aim(row, row.ratio)
        low, high = sorted(_part_of_aim(row, bound) for bound in row.spread)
        axes.barh(place, part, height=0.5, color=_COLOURS[row.met], zorder=2)
        axes.plot([low, high], [place, place], color=INK, linewidth=1.2, zorder=4)
        least = _part_of_aim(row, row.goal.at_least)
        axes.plot([least, least], [place - 0.36, place + 0.36], color=INK, linewidth=1, zorder=3)
        label = f"{row.ratio:.3g}, aim {'≤' if row.goal.less else '≥'} {row.goal.aim:g}"
        label += f" {row.unit}" if row.goal.aims_at_value else ""
        at = (max(part, high), place)
        axes.annotate(label, at, (5, 0), textcoords="offset points", va="center", size=7.5)
    axes.axvline(1, color=INK, linewidth=0.8, linestyle="--", zorder=1)
    names = [f"{row.name}\nagainst {row.against}" for row in rows]
    axes.set_yticks(range(len(rows)), names, size=7)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, max([1.0, *(_part_of_aim(row, row.ratio) for row in rows)]) * 1.35)
    title = "Part of the aim that is met; the stroke is what it should be at least"
    axes.set_title(title, loc="left", size=9, weight="bold")
    _plain(axes)


def _stages(axes: "Axes", breakdowns: Sequence[Breakdown]) -> None:
    """For each way to send stays, its stages one behind the other."""
    for place, breakdown in enumerate(breakdowns):
        left = 0.0
        for stage, colour in zip(breakdown.stages, _STAGE_COLOURS, strict=False):
            label = stage.name if place == 0 else None
            axes.barh(place, stage.wall, 0.55, left, color=colour, label=label, zorder=2)
            left += stage.wall
    axes.set_yticks(range(len(breakdowns)), [each.name for each in breakdowns], size=8)
    axes.set_ylim(len(breakdowns) - 0.5, -0.5)
    title = "Where the time goes: microseconds per stay, by each thread's clock"
    axes.set_title(title, loc="left", size=9, weight="bold")
    axes.legend(loc="upper center", bbox_to_anchor=(0.3, -0.2), ncols=5, frameon=False, fontsize=7)
    _plain(axes)


def _plain(axes: "Axes") -> None:
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
