"""What is wrong with a file that a person wrote: where, what, and how to mend it."""

from collections.abc import Sequence

from partners.programmes.definition import Problem as Problem

MAX_TOLD = 20
"""Problems that are named at once: what a person mends in one go."""


class BadFile(ValueError):
    """A file that is not used. `problems` are in the order of the file."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        told = [f"  {problem}" for problem in self.problems[:MAX_TOLD]]
        if len(self.problems) > MAX_TOLD:
            told.append(f"  and {len(self.problems) - MAX_TOLD} more")
        super().__init__("\n".join([f"{name} cannot be used:", *told]))
