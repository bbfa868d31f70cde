"""The simulator: product and oracle agree, a seed is always the same, and bugs are found."""

from collections.abc import Iterator

import pytest

from simulation.actions import Tick
from simulation.coalition import Worlds
from simulation.plants import PLANTS, planted
from simulation.simulate import Simulator
from simulation.trial import Found, shrunk

TEMPLATE = "coalition_template"
"""The migrated database that tests/conftest.py makes with its server."""

SAME = 11
SEEDS = (0, 8)
"""Seeds that take a second or less; `make simulate` tries others, in other worlds."""

FOUND = {
    "limit": (1, "accepted for CAP_EXCEEDED"),
    "balance": (0, "an entry"),
    "exposure": (3, "entries"),
    "remainder": (0, "an entry"),
    "parts": (5, "accepted for accepted"),
    "window": (0, "an entry"),
    "cut": (0, "windows"),
}
"""A seed that finds each of the bugs, and what it finds first."""


@pytest.fixture(scope="module")
def simulator(postgres_url: str) -> Iterator[Simulator]:
    """Of one world, which is set up once."""
    worlds = Worlds(postgres_url, TEMPLATE)
    try:
        yield Simulator(worlds, worlds_of=1)
    finally:
        worlds.drop()


def test_the_same_seed_gives_the_same_history_and_the_same_bytes(simulator: Simulator) -> None:
    history = simulator.history(SAME)
    assert simulator.history(SAME) == history
    answers = simulator.run(SAME, history)
    assert len(answers) > 30
    assert simulator.run(SAME, history) == answers


@pytest.mark.parametrize("seed", SEEDS)
def test_the_product_does_what_the_oracle_says(simulator: Simulator, seed: int) -> None:
    found = simulator.fails(seed, simulator.history(seed))
    assert found is None, found.words


@pytest.mark.parametrize("plant", list(PLANTS))
def test_a_bug_that_is_put_in_is_found(simulator: Simulator, plant: str) -> None:
    seed, kind = FOUND[plant]
    history = simulator.history(seed)
    with planted(plant):
        found = simulator.fails(seed, history)
    assert found is not None
    assert found.kind == kind, found.words


def test_a_history_that_fails_is_made_as_short_as_can_be() -> None:
    history = tuple(Tick(minutes) for minutes in range(40))

    def fails(shorter: tuple[object, ...]) -> Found | None:
        if {Tick(3), Tick(29)} <= set(shorter):
            return Found("both", f"of {len(shorter)}")
        return Found("other", "") if Tick(7) in shorter else None

    kept, found = shrunk(history, fails, Found("both", "of 40"))
    assert kept == ("3", "29")
    assert found == Found("both", "of 2")
