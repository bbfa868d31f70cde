"""Seeds, one after the other: each a history in a copy of a world."""

import traceback
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from simulation.actions import Batch, History
from simulation.atoms import Atoms, shown
from simulation.coalition import Worlds
from simulation.examine import examine
from simulation.generate import history_of
from simulation.runner import Divergence, run_in
from simulation.trial import Failure, Found, shrunk

WORLDS = 12
"""How many worlds there are: setting one up costs as much as some histories."""


@dataclass
class Simulator:
    """Tries seeds, and counts what they came to."""

    worlds: Worlds
    worlds_of: int = WORLDS
    answers: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)

    def history(self, seed: int, only: Collection[str] | None = None) -> History:
        """The history of a seed, or some parts of it."""
        with self.worlds.copy_of(seed % self.worlds_of) as founded:
            whole = history_of(seed, founded.oracle)
        return whole if only is None else Atoms(whole).only(only)

    def shown(self, seed: int, only: Collection[str] | None = None) -> str:
        return shown(self.history(seed, only))

    def try_seed(self, seed: int, only: Collection[str] | None = None) -> Failure | None:
        """None where product and oracle agree, else the shortest history that shows it."""
        history = self.history(seed, only)
        what = self.fails(seed, history)
        if what is None:
            return None
        if only is not None:
            return Failure(seed, what.words, tuple(only), history)
        kept, what = shrunk(history, lambda shorter: self.fails(seed, shorter), what)
        return Failure(seed, what.words, kept, Atoms(history).only(kept))

    def fails(self, seed: int, history: History) -> Found | None:
        """How a history diverges, None where it does not. What breaks altogether diverges too."""
        try:
            self.run(seed, history)
        except Divergence as divergence:
            return Found(divergence.kind, str(divergence))
        except Exception as error:  # noqa: BLE001 - a product that breaks is what is looked for
            return Found(type(error).__name__, traceback.format_exc())
        return None

    def run(self, seed: int, history: History) -> list[bytes]:
        """Carry a history out; all answers. Raises Divergence."""
        with self.worlds.copy_of(seed % self.worlds_of) as founded, run_in(founded) as run:
            for number, step in enumerate(history):
                try:
                    run.step(step)
                except Divergence as divergence:
                    where = f"in step {number}: {divergence}"
                    raise Divergence(divergence.kind, where) from divergence
                if isinstance(step, Batch):
                    self.faults[str(step.fault)] += 1
            examine(run)
            for _, told in run.oracle.remembered.values():
                self.answers[told.reason or "accepted"] += 1
            self.entries.update(e.kind for e in run.oracle.books.entries)
            return run.answers

    def covered(self) -> str:
        """What was met, so that nobody takes an idle simulator for a passing one."""
        return "\n".join(
            f"{name}: {', '.join(f'{k} {n}' for k, n in sorted(of.items()))}"
            for name, of in (
                ("answers", self.answers),
                ("entries", self.entries),
                ("faults", self.faults),
            )
        )
