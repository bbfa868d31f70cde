"""Kill after kill under load that never stops."""

import random
import time
from collections.abc import Iterator, Sequence

from faults.kills import KILLS
from faults.programs import NoRecovery
from faults.scene import Figures, Scene, scene, work_directory

BETWEEN = 60
"""Entries that are acknowledged between a recovery and the next kill, at least."""

EACH = 20
"""Kills that one coalition goes through: load goes on while the ledger is looked at, so it grows,
and each look takes longer."""

MOMENT_SECONDS = 0.3
"""The kill comes at any moment within this, so that it meets every part of a batch."""


def rounds(
    count: int, seed: int, kinds: Sequence[str] = tuple(KILLS), workers: int = 2
) -> Iterator[tuple[str, Figures, float]]:
    """So many kills, each kind in turn; at the end of each coalition everything is asked again.

    Ends with the first problem.
    """
    names = [kinds[number % len(kinds)] for number in range(count)]
    chance = random.Random(seed)
    for first in range(0, count, EACH):
        for told in _coalition(names[first : first + EACH], chance, workers):
            yield told
            if told[1].problems:
                return


def _coalition(
    names: Sequence[str], chance: random.Random, workers: int
) -> Iterator[tuple[str, Figures, float]]:
    with work_directory() as home, scene(home, None, "--workers", str(workers)) as found:
        found.send()
        for name in names:
            began = time.monotonic()
            yield f"kill {name}", _round(found, name, chance), time.monotonic() - began
        yield from _all_again(found)


def _round(found: Scene, name: str, chance: random.Random) -> Figures:
    try:
        found.wait_for_more(BETWEEN)
        time.sleep(chance.uniform(0, MOMENT_SECONDS))
        KILLS[name](found)
        return found.look()
    except NoRecovery as problem:
        return Figures(0, 0, 0, problems=[str(problem)])


def _all_again(found: Scene) -> Iterator[tuple[str, Figures, float]]:
    began = time.monotonic()
    try:
        found.quiet()
        figures = found.look(everything=True)
        found.gateway.stop()
    except NoRecovery as problem:
        figures = Figures(0, 0, 0, problems=[str(problem)])
    yield "after all kills", figures, time.monotonic() - began
