"""Kill after kill under load that never stops."""

import random
import time
from collections.abc import Iterator, Sequence

from faults.kills import KILLS
from faults.programs import NoRecovery
from faults.scene import Figures, Scene, scene, work_directory

BETWEEN = 60
"""Entries that are acknowledged between a recovery and the next kill, at least."""

MOMENT_SECONDS = 0.3
"""The kill comes at any moment within this, so that it meets every part of a batch."""


def rounds(
    count: int, seed: int, kinds: Sequence[str] = tuple(KILLS), workers: int = 2
) -> Iterator[tuple[str, Figures, float]]:
    """So many kills, each kind in turn; at the end every answer is asked for again."""
    chance = random.Random(seed)
    with work_directory() as home, scene(home, None, "--workers", str(workers)) as found:
        found.send()
        for number in range(count):
            name = kinds[number % len(kinds)]
            began = time.monotonic()
            figures = _round(found, name, chance)
            yield f"kill {name}", figures, time.monotonic() - began
            if figures.problems:
                return
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
