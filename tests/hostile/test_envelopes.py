"""Spoilt and forged envelopes of every method; `make fuzz` makes many more of them."""

from random import Random

from hostile.envelopes import ATTACKS
from hostile.judging import Trial, run
from hostile.world import hostile_world
from support.raw_calls import raw_wire

ENVELOPES = 2_500
SHARE = 0.1


def test_none_is_accepted_and_none_is_a_fault(database_url: str) -> None:
    """What only spoilt bytes say writes nothing; whose signature holds is told what is wrong."""
    with hostile_world(database_url) as world, raw_wire(world.day) as wire:
        trial = Trial.begin(world, wire)
        run(trial, ENVELOPES, SHARE, Random("envelopes"))

    assert trial.tally.wrong == []
    made = {attack for attack, _ in trial.tally.counts}
    assert made >= {a.__name__.replace("_", " ") for a, (_, often) in ATTACKS.items() if often >= 1}
