"""The chart of `coalition rates what-if`: nets and fees, each before and after.

Drawn by matplotlib, which is an extra; the same figures give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.failures import BadUse
from gateway.cli.types import in_major

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Locator

INSTALL_CHARTS = "pip install 'coalition-gateway[charts]'"

FORMATS = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}
"""By the ending of the file; without what would tell one run, or one release, from another."""

MOST_BARS = 30
"""Names in one panel, those that change most; more cannot be read."""

_BEFORE, _AFTER, INK, _RULE = "#b9c6d3", "#1f6f9f", "#26323d", "#dfe5ea"

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "coalition",
}

_BAR = 0.36
_INCHES_PER_NAME = 0.5
_INCHES_AROUND = 0.95
_INCHES_ABOVE = 0.62
_INCHES_WIDE = 9.0
_INCHES_PER_LETTER = 0.082


@dataclass(frozen=True, slots=True)
class Bars:
    """A name with its figure before and after, in minor units."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: amounts are of one currency with so many decimals."""

    title: str
    subtitle: str
    currency: str
    exponent: int
    panels: Sequence[tuple[str, Sequence[Bars]]]


def require_drawable(path: Path) -> None:
    """Refuse a chart before anything is asked for: another format, or matplotlib is missing."""
    if path.suffix.lower() not in FORMATS:
        message = f"{path} is neither a .svg nor a .png file"
        raise BadUse(message)
    if find_spec("matplotlib") is None:
        message = f"a chart needs matplotlib, which is not installed: {INSTALL_CHARTS}"
        raise BadUse(message)


def draw(chart: Chart, path: Path) -> None:
    """Write the chart. Raises OSError."""
    from matplotlib import rc_context, style  # noqa: PLC0415 - only who draws needs the extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    shown = [(_titled(title, len(bars)), largest_changes(bars)) for title, bars in chart.panels]
    rows = [max(1, len(bars)) for _, bars in shown]
    heights = [_INCHES_AROUND + _INCHES_PER_NAME * count for count in rows]
    height = _INCHES_ABOVE + sum(heights)
    longest = max((len(b.name) for _, bars in shown for b in bars), default=0)
    left = max(0.1, (0.25 + _INCHES_PER_LETTER * longest) / _INCHES_WIDE)
    with style.context("default"), rc_context(STYLE):
        figure = Figure(figsize=(_INCHES_WIDE, height), dpi=150, layout=None)
        figure.text(0.02, 1 - 0.28 / height, chart.title, size=13, weight="bold")
        figure.text(0.02, 1 - 0.52 / height, chart.subtitle, size=9)
        top = height - _INCHES_ABOVE
        for (title, bars), whole in zip(shown, heights, strict=True):
            inner = whole - _INCHES_AROUND
            bottom = top - whole + 0.45
            axes = figure.add_axes((left, bottom / height, 0.96 - left, inner / height))
            _panel(axes, title, bars, chart)
            top -= whole
        suffix = path.suffix.lower()
        figure.savefig(path, format=suffix[1:], metadata=FORMATS[suffix])


def largest_changes(bars: Sequence[Bars]) -> list[Bars]:
    """Those that change most, by name."""
    chosen = sorted(bars, key=lambda b: (-abs(b.after - b.before), b.name))[:MOST_BARS]
    return sorted(chosen, key=lambda b: b.name)


def _titled(title: str, names: int) -> str:
    """A panel's title, which says so where it does not show every name."""
    return title if names <= MOST_BARS else f"{title}: the {MOST_BARS} of {names} that change most"


def _panel(axes: "Axes", title: str, bars: Sequence[Bars], chart: Chart) -> None:
    """Two bars for each name, the first at the top, with its amounts beside them."""
    unit = 10**chart.exponent  # floats from here on: lengths on paper
    places = range(len(bars))
    for offset, colour, label, figures in (
        (-_BAR / 2, _BEFORE, "before", [b.before for b in bars]),
        (_BAR / 2, _AFTER, "after", [b.after for b in bars]),
    ):
        axes.barh(
            [place + offset for place in places],
            [figure / unit for figure in figures],
            height=_BAR,
            color=colour,
            label=label,
            zorder=2,
        )
        for place, figure in zip(places, figures, strict=True):
            _label(axes, place + offset, figure, chart)
    axes.set_title(title, loc="left", size=10, weight="bold", pad=8)
    plain_axes(axes, chart.currency)
    if not bars:
        axes.set(xticks=[], yticks=[], xlabel="", ylim=(0.5, -0.5), xlim=(0, 1))
        axes.text(0.005, 0, "nothing", va="center")
        return
    axes.set_yticks(list(places), [b.name for b in bars])
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, borderaxespad=0.2)


def _label(axes: "Axes", place: float, figure: int, chart: Chart) -> None:
    outwards = -1 if figure < 0 else 1
    axes.annotate(
        grouped(figure, chart.exponent),
        (figure / 10**chart.exponent, place),
        xytext=(4 * outwards, 0),
        textcoords="offset points",
        ha="right" if figure < 0 else "left",
        va="center",
        size=7.5,
    )


def plain_axes(axes: "Axes", currency: str) -> None:
    """Axes with a grid and figures, and nothing else."""
    axes.axvline(0, color=INK, linewidth=0.8, zorder=3)
    axes.margins(x=0.16)
    axes.grid(axis="x", color=_RULE, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.xaxis.set_major_locator(_locator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xlabel(currency, size=8, loc="right", labelpad=2)


def _locator() -> "Locator":
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as above

    return MaxNLocator(nbins=6)


def grouped(minor: int, exponent: int) -> str:
    """An amount with its thousands apart: -1,234.50."""
    whole, point, part = in_major(abs(minor), exponent).partition(".")
    return f"{'-' if minor < 0 else ''}{int(whole):,}{point}{part}"
