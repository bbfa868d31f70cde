"""A history that diverges, and the shortest part of it that shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from simulation.actions import History
from simulation.atoms import Atoms, shown


@dataclass(frozen=True)
class Found:
    """A divergence: what differs, and how."""

    kind: str
    words: str


@dataclass(frozen=True)
class Failure:
    """A seed that diverged, with what is left of its history when nothing more can be left out."""

    seed: int
    what: str
    kept: tuple[str, ...]
    history: History

    def told(self, plant: str | None = None) -> str:
        """For people, with the command that shows it again."""
        planted = f" --plant {plant}" if plant else ""
        only = ",".join(self.kept)
        again = f"python -m simulation --first {self.seed} --seeds 1{planted} --only {only}"
        return f"seed {self.seed} diverges\n{shown(self.history)}\n{self.what}\nagain: {again}\n"


MOST_TRIES = 250
"""Of a history that is made shorter: each is a run of its own."""


def shrunk(
    history: History, fails: Callable[[History], Found | None], what: Found
) -> tuple[tuple[str, ...], Found]:
    """What has to be kept for a history to fail, and how it does; by delta debugging.

    First halves, then smaller pieces, then single calls are left out, as long as it still fails
    in the same way.
    """
    atoms = Atoms(history)
    kept, tries = list(atoms.all), 0
    pieces = 2
    while len(kept) > 1 and tries < MOST_TRIES:
        for part in _pieces(kept, pieces):
            rest = [atom for atom in kept if atom not in part]
            tries += 1
            found = fails(atoms.only(rest)) if rest else None
            if found is not None and found.kind == what.kind:
                kept, what = rest, found
                pieces = max(2, pieces - 1)
                break
            if tries >= MOST_TRIES:
                break
        else:
            if pieces >= len(kept):
                break
            pieces = min(len(kept), pieces * 2)
    return tuple(kept), what


def _pieces(of: Sequence[str], pieces: int) -> list[set[str]]:
    """So many pieces of about the same length, the later ones first."""
    bounds = [len(of) * n // pieces for n in range(pieces + 1)]
    found = [set(of[a:b]) for a, b in pairwise(bounds)]
    return [piece for piece in reversed(found) if piece]
