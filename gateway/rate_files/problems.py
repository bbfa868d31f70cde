"""What is wrong with a file that a person wrote: where, what, and how to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_TOLD = 20
"""Problems that are named at once: what a person mends in one go."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a file."""

    line: int | None
    """From 1; None where it is the file as a whole."""
    field: str
    """Such as `pair[0].ratio`, or a column."""
    problem: str
    remedy: str

    def __str__(self) -> str:
        """For people, on one line."""
        place = f"line {self.line}, " if self.line else ""
        return f"{place}{self.field} {self.problem}: {self.remedy}"


class BadFile(ValueError):
    """A file that is not used. `problems` are in the order of the file."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        told = [f"  {problem}" for problem in self.problems[:MAX_TOLD]]
        if len(self.problems) > MAX_TOLD:
            told.append(f"  and {len(self.problems) - MAX_TOLD} more")
        super().__init__("\n".join([f"{name} cannot be used:", *told]))
