"""Pages of a document for people: type, colours, tables; what stands on them is another's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import NamedTuple

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, TableHeadingsDisplay, WrapMode, XPos, YPos
from fpdf.fonts import FontFace

_INK, _QUIET, _ACCENT = (28, 36, 48), (100, 110, 122), (22, 78, 122)
_RULE, _TINT, _PAPER = (208, 214, 221), (240, 244, 248), (255, 255, 255)
_FAMILY = "Lato"
_MARGIN = 18.0
_FOOT = 20.0
_ROOM_FOR_A_START = 34.0
"""What a heading needs at least: itself and the first rows of its table (millimetres)."""
_TABLE_TYPES = ((8.5, True), (8.5, False), (7.5, False), (6.5, False), (5.5, False))
"""Type of a table in points, and whether headings of figures stand on one line: the first with
which figures leave texts their part of the width."""
_LEAST_FOR_TEXTS = 0.28
_LEAST_FOR_FIGURES = 17.0
_BESIDE = 1.2
"""Room on either side of a cell's text (millimetres)."""
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of making in a file that is told none: its bytes are the same whenever it is made."""


class Column(NamedTuple):
    """A column of a table: figures take the width that they need, texts share what is left."""

    heading: str
    share: float = 0
    is_figure: bool = False


class Figure(NamedTuple):
    """A figure in a box: what it is, how much, and a word on it."""

    label: str
    value: str
    note: str = ""
    is_main: bool = False


class Pages(FPDF):
    """A4 pages with a running foot."""

    def __init__(self, *, title: str, foot: str, created: datetime | None) -> None:
        """An empty document; `foot` stands on every page."""
        super().__init__(format="A4")
        self._foot = foot
        self.set_title(title)
        self.set_lang("en")
        self.set_creator("coalition")
        self.set_producer("coalition")
        self.set_creation_date(created or UNDATED)
        files = resources.files("fontpkg_lato") / "files"
        for style, name in (("", "Lato-Regular.ttf"), ("B", "Lato-Bold.ttf")):
            self.add_font(_FAMILY, style, str(files / name))
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_FOOT)
        self.add_page()

    def footer(self) -> None:
        """What every page ends with, called by the library."""
        self.set_y(-13)
        self._type(7.5, _QUIET)
        self.set_draw_color(*_RULE)
        self.line(_MARGIN, self.get_y() - 1.5, self.w - _MARGIN, self.get_y() - 1.5)
        half = self.epw / 2
        self.cell(half, 4, f"Page {self.page_no()} of {{nb}}")
        self.cell(half, 4, self._foot, align="R")

    def _type(self, size: float, colour: tuple[int, int, int] = _INK, style: str = "") -> None:
        self.set_font(_FAMILY, style, size)
        self.set_text_color(*colour)

    def masthead(self, kind: str, name: str, detail: str) -> None:
        """The head of the first page: what this is, whose, of what."""
        self.set_fill_color(*_ACCENT)
        self.rect(0, 0, self.w, 4, style="F")
        self._type(9.5, _ACCENT, "B")
        self.cell(0, 5, kind.upper(), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._type(20 if self.get_string_width(name) < self.epw else 15, _INK, "B")
        self.multi_cell(0, 8, name, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._type(10, _QUIET)
        self.multi_cell(0, 5, detail, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(4)

    def heading(self, text: str, room: float = 0) -> None:
        """The head of a part, on a new page where there is less room (millimetres) for it."""
        if self.will_page_break(max(room, _ROOM_FOR_A_START)):
            self.add_page()
        self.ln(4)
        self._type(11.5, _ACCENT, "B")
        self.cell(0, 6, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(0.5)

    def say(self, text: str) -> None:
        """A sentence or two."""
        self._type(9)
        self.multi_cell(0, 4.6, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1)

    def quote(self, text: str) -> None:
        """Something to compare or to type, letter by letter."""
        self._type(8.5, _INK, "B")
        self.multi_cell(
            0,
            5,
            text,
            align="L",
            wrapmode=WrapMode.CHAR,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )
        self.ln(1)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names with their values, two pairs to a line."""
        listed = [*pairs, *([("", "")] if len(pairs) % 2 else [])]
        quiet = FontFace(color=_QUIET)
        self._type(9)
        self.set_fill_color(*_PAPER)
        with self.table(
            borders_layout=TableBordersLayout.NONE,
            col_widths=(12, 40, 21, 27),
            first_row_as_headings=False,
            line_height=4.4,
            padding=(0.5, 1.5, 0.5, 0),
            text_align="LEFT",
            v_align="TOP",
        ) as table:
            for left, right in zip(listed[::2], listed[1::2], strict=True):
                row = table.row()
                for name, value in (left, right):
                    row.cell(name, style=quiet)
                    row.cell(value)

    def figures(self, boxes: Sequence[Figure]) -> None:
        """Figures side by side, each in a box."""
        gap, height = 3.0, 21.0
        width = (self.epw - gap * (len(boxes) - 1)) / len(boxes)
        self.ln(3)
        top = self.get_y()
        for place, box in enumerate(boxes):
            left = _MARGIN + place * (width + gap)
            self.set_fill_color(*(_ACCENT if box.is_main else _TINT))
            self.rect(left, top, width, height, style="F", round_corners=True, corner_radius=1.5)
            ink = (255, 255, 255) if box.is_main else _INK
            quiet = ink if box.is_main else _QUIET
            for y, size, style, colour, text in (
                (2.5, 8, "", quiet, box.label),
                (7.5, 14, "B", ink, box.value),
                (15, 8, "", quiet, box.note),
            ):
                self._type(self._fitting(text, size, style, width - 6), colour, style)
                self.set_xy(left + 3, top + y)
                self.cell(width - 6, 4.5, text)
        self.set_xy(_MARGIN, top + height + 2)

    def _fitting(self, text: str, size: float, style: str, width: float) -> float:
        """The size, or less where the text would not fit into the width."""
        self._type(size, style=style)
        needed = self.get_string_width(text)
        return size if needed <= width else size * width / needed

    def rows(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str]],
        totals: Sequence[Sequence[str]] = (),
    ) -> None:
        """A table whose head is repeated on every page; `totals` end it, in bold."""
        widths = self._widths(columns, [*rows, *totals])
        self.set_draw_color(*_RULE)
        self.set_fill_color(*_PAPER)
        head = FontFace(emphasis="BOLD", color=_ACCENT, fill_color=_TINT)
        with self.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=widths,
            headings_style=head,
            line_height=4.2,
            padding=(1, _BESIDE, 1, _BESIDE),
            repeat_headings=TableHeadingsDisplay.ON_TOP_OF_EVERY_PAGE,
            text_align=["RIGHT" if column.is_figure else "LEFT" for column in columns],
            v_align="TOP",
        ) as table:
            table.row([column.heading for column in columns])
            for row in rows:
                table.row(list(row))
            for row in totals:
                table.row(list(row), style=FontFace(emphasis="BOLD"))
        self.ln(1)

    def _widths(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Sequence[float]:
        """What columns take; sets the type so that no figure is broken. Texts share the rest."""
        for size, whole_headings in _TABLE_TYPES:
            self._type(size, style="B")
            figures = {
                place: self._needed(
                    [column.heading] if whole_headings else column.heading.split(),
                    [row[place] for row in rows],
                )
                for place, column in enumerate(columns)
                if column.is_figure
            }
            left = self.epw - sum(figures.values())
            if left >= self.epw * _LEAST_FOR_TEXTS:
                break
        self._type(size)
        shares = sum(column.share for column in columns if not column.is_figure)
        return [
            figures[place] if column.is_figure else left * column.share / shares
            for place, column in enumerate(columns)
        ]

    def _needed(self, heading: Sequence[str], cells: Sequence[str]) -> float:
        """The width of a column of figures."""
        widest = max(map(self.get_string_width, (*heading, *cells)))
        return max(_LEAST_FOR_FIGURES, widest + 2 * _BESIDE + 0.5)

    def done(self) -> bytes:
        """The file."""
        return bytes(self.output())
