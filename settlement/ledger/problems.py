"""What a self-check finds, and how it tells how far it is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

Progress = Callable[[int, int], None]
"""Told how much of how much is done."""

PROBLEMS_PER_CHECK = 100
"""What one check reports at most: enough to see a pattern, and it fits into memory."""


def ignore(_done: int, _total: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A difference: the check that found it, where, what stands there and what should."""

    check: str
    where: str
    found: str
    expected: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.check}: {self.where}: found {self.found}, expected {self.expected}"


@dataclass(slots=True)
class Findings:
    """Problems in the order they were found, a bounded number from each check."""

    problems: list[Problem] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, found: Iterable[Problem]) -> None:
        """Keep problems; of a check that found too many, only how many there were."""
        for problem in found:
            count = self._counts.get(problem.check, 0) + 1
            self._counts[problem.check] = count
            if count <= PROBLEMS_PER_CHECK:
                self.problems.append(problem)

    def report(self) -> list[Problem]:
        """What was kept, then a word on what was not."""
        return [*self.problems, *self._left_out()]

    def _left_out(self) -> Iterator[Problem]:
        for check, count in self._counts.items():
            if count > PROBLEMS_PER_CHECK:
                found = f"{count - PROBLEMS_PER_CHECK} more problems of this kind"
                yield Problem(check, "elsewhere", found, "none")
