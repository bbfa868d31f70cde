"""Charts of `coalition liabilities`: bars by name, one series after the other.

Drawn by matplotlib as the chart of `rates what-if` is; the same figures give the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.what_if_chart import FORMATS, INK, STYLE, grouped, plain_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 60
"""Names in a chart, the last ones: five years of months. More cannot be read."""

COLOURS = ("#1f6f9f", "#e0a030", "#6aa56a", "#b9c6d3", "#a35d8f", "#c9665a", "#5b6b7a", "#93b5c6")
"""Of series, in their order; where there are more they begin again."""

_INCHES_WIDE = 9.0
_INCHES_PER_ROW = 0.3
_INCHES_ABOVE = 0.95
_INCHES_BELOW = 0.5
_INCHES_PER_LETTER = 0.082
_BAR = 0.72


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars by name, in minor units of one currency with so many decimals.

    Series of a name lie end to end, the negative ones to the left; with `beside`, below each
    other.
    """

    title: str
    subtitle: str
    currency: str
    exponent: int
    rows: Sequence[tuple[str, Mapping[str, int]]]
    beside: bool = False

    @property
    def series(self) -> list[str]:
        """Names of series, in the order in which they come up."""
        return list(dict.fromkeys(name for _, row in self.rows for name in row))


def draw(chart: Bars, path: Path) -> None:
    """Write the chart. Raises OSError."""
    from matplotlib import rc_context, style  # noqa: PLC0415 - only who draws needs the extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    rows = chart.rows[-MOST_ROWS:]
    height = _INCHES_ABOVE + _INCHES_BELOW + _INCHES_PER_ROW * max(2, len(rows))
    longest = max((len(name) for name, _ in rows), default=0)
    left = max(0.06, (0.25 + _INCHES_PER_LETTER * longest) / _INCHES_WIDE)
    inner = height - _INCHES_ABOVE - _INCHES_BELOW
    with style.context("default"), rc_context(STYLE):
        figure = Figure(figsize=(_INCHES_WIDE, height), dpi=150, layout=None)
        figure.text(0.02, 1 - 0.28 / height, chart.title, size=13, weight="bold")
        figure.text(0.02, 1 - 0.52 / height, chart.subtitle, size=9)
        axes = figure.add_axes((left, _INCHES_BELOW / height, 0.96 - left, inner / height))
        _bars(axes, chart, rows)
        suffix = path.suffix.lower()
        figure.savefig(path, format=suffix[1:], metadata=FORMATS[suffix])


def _bars(axes: "Axes", chart: Bars, rows: Sequence[tuple[str, Mapping[str, int]]]) -> None:
    plain_axes(axes, chart.currency)
    if not rows:
        axes.set(xticks=[], yticks=[], xlabel="", ylim=(0.5, -0.5), xlim=(0, 1))
        axes.text(0.005, 0, "nothing", va="center")
        return
    unit = 10**chart.exponent  # floats from here on: lengths on paper
    ends = [[0, 0] for _ in rows]
    for index, series in enumerate(chart.series):
        figures = [row.get(series, 0) for _, row in rows]
        starts = [0 if chart.beside else end[f < 0] for f, end in zip(figures, ends, strict=True)]
        thick = _BAR / len(chart.series) if chart.beside else _BAR
        shift = (index + 0.5) * thick - _BAR / 2 if chart.beside else 0
        axes.barh(
            [place + shift for place in range(len(rows))],
            [figure / unit for figure in figures],
            left=[start / unit for start in starts],
            height=thick,
            color=COLOURS[index % len(COLOURS)],
            label=series,
            zorder=2,
        )
        for end, figure in zip(ends, figures, strict=True):
            end[figure < 0] = figure if chart.beside else end[figure < 0] + figure
    if not chart.beside:
        _totals(axes, chart, rows)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    if len(chart.series) > 1:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=min(6, len(chart.series)),
            frameon=False,
            borderaxespad=0.2,
        )


def _totals(axes: "Axes", chart: Bars, rows: Sequence[tuple[str, Mapping[str, int]]]) -> None:
    """What the series of each name sum to, beside its bar."""
    for place, (_, row) in enumerate(rows):
        total = sum(row.values())
        right = sum(figure for figure in row.values() if figure > 0)
        end = right or sum(row.values())
        axes.annotate(
            grouped(total, chart.exponent),
            (end / 10**chart.exponent, place),
            xytext=(-4 if end < 0 else 4, 0),
            textcoords="offset points",
            ha="right" if end < 0 else "left",
            va="center",
            size=7.5,
            color=INK,
        )
