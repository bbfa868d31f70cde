"""What was measured: rows of a figure, its reference, their ratio, and what it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Goal:
    """What a ratio should come to; with `less` the smaller one is the better.

    With `aims_at_value` the aim is what the figure itself should come to, once its ratio is met.
    """

    at_least: float
    aim: float
    less: bool = False
    aims_at_value: bool = False

    def met(self, ratio: float, value: float) -> str:
        """How far it is met: "aim", "at least" or "no"."""
        if not self._reached(ratio, self.at_least):
            return "no"
        aimed = value if self.aims_at_value else ratio
        return "aim" if self._reached(aimed, self.aim) else "at least"

    def _reached(self, figure: float, bound: float) -> bool:
        return figure <= bound if self.less else figure >= bound


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `value` and `reference` are medians in `unit`; `ratios` are of the rounds, in which the two
    were measured one after the other. The ratio of the row is their median.
    """

    name: str
    value: float
    reference: float
    unit: str
    against: str
    ratios: Sequence[float]
    goal: Goal

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the largest of the rounds."""
        return min(self.ratios), max(self.ratios)

    @property
    def met(self) -> str:
        """How far its goal is met."""
        return self.goal.met(self.ratio, self.value)

    def to_json(self) -> dict[str, object]:
        """The row for machines."""
        return {
            "name": self.name,
            "value": _digits(self.value),
            "unit": self.unit,
            "against": self.against,
            "reference": _digits(self.reference),
            "ratio": _digits(self.ratio),
            "spread": [_digits(bound) for bound in self.spread],
            "rounds": len(self.ratios),
            "at_least": self.goal.at_least,
            "aim": self.goal.aim,
            "aim_of": "value" if self.goal.aims_at_value else "ratio",
            "better": "less" if self.goal.less else "more",
            "met": self.met,
        }


def compared(
    name: str,
    pairs: Sequence[tuple[float, float]],
    *,
    unit: str,
    against: str,
    goal: Goal,
) -> Row:
    """The row of rounds, each a figure and its reference."""
    return Row(
        name=name,
        value=median(value for value, _ in pairs),
        reference=median(reference for _, reference in pairs),
        unit=unit,
        against=against,
        ratios=[value / reference for value, reference in pairs],
        goal=goal,
    )


def _digits(figure: float) -> float:
    """Four digits: the others are noise."""
    return float(f"{figure:.4g}")
