"""Checkpoints and proofs by RPC: every participant proves its own entries, and sizes are judged."""

from collections.abc import Iterator

import pytest

from coalition.checkpoints import open_checkpoint, require_extends
from coalition.log import fetch_checkpoint, prove_entries, prove_extension
from coalition.tree import BadProof
from coalition.v1 import log_pb2, settlement_pb2
from gateway.cli.settle_command import settle_now
from gateway.translation.log_reads import MAX_NUMBERS
from settlement.ledger.book import read_head
from support.coalition_day import Day, coalition_day, stay
from support.raw_calls import OK, Wire, raw_wire


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with coalition_day(module_database_url) as day:
        day.settled_world()
        yield day


@pytest.fixture(scope="module")
def wire(day: Day) -> Iterator[Wire]:
    with raw_wire(day) as wire:
        yield wire


@pytest.mark.parametrize("sender", ["hotel", "airline", "card", "admin-one"])
def test_everybody_proves_what_they_were_shown(day: Day, sender: str) -> None:
    client = day.client(sender)
    for index in range(3):
        day.accrue(stay("H1", f"{sender}-{index}", 100))
    leaves = {item.number: item.record.leaf for item in client.follow(-1, stop_at_end=True)}
    newest = fetch_checkpoint(client, day.profile)
    proven = dict(prove_entries(client, newest, leaves))
    assert proven.keys() == leaves.keys()
    assert len(leaves) > 3


def test_a_leaf_that_was_changed_is_not_proven(day: Day) -> None:
    newest = fetch_checkpoint(day.client("hotel"), day.profile)
    with pytest.raises(BadProof, match="entry 1 as it is here is not in the tree"):
        dict(prove_entries(day.client("hotel"), newest, {1: bytes(32)}))


def test_each_checkpoint_extends_the_ones_before(day: Day) -> None:
    client = day.client("airline")
    seen = [fetch_checkpoint(client, day.profile)]
    for index in range(4):
        number = day.accrue(stay("H1", f"grows-{index}", 100)).receipt.number
        seen.append(fetch_checkpoint(client, day.profile))
        assert seen[-1].size == number + 1
        for old in seen:
            require_extends(old, seen[-1], prove_extension(client, old, seen[-1]))
    with pytest.raises(BadProof, match="it went back"):
        prove_extension(client, seen[-1], seen[0])


def test_a_statement_comes_with_a_checkpoint_that_covers_it(day: Day) -> None:
    day.accrue(stay("H1", "for-the-statement", 1_000))
    _, report = settle_now(day.engine, day.clock, lambda *_: None)
    assert report.settlement is not None
    with day.engine.connect() as connection:
        size = read_head(connection).size
    request = settlement_pb2.GetStatementRequest(window=report.settlement.window_id)
    found = day.client("hotel").read("Settlement.GetStatement", request, settlement_pb2.Statement)
    covering = open_checkpoint(found.checkpoint, day.profile.coalition, day.profile.keys)
    assert report.settlement.post_number is not None
    assert report.settlement.post_number < covering.size == size


def inclusion(wire: Wire, size: int, numbers: list[int]) -> tuple[str, str]:
    request = log_pb2.GetInclusionProofsRequest(tree_size=size, numbers=numbers)
    verdict = wire.send(wire.forge("Log.GetInclusionProofs", request))
    return verdict.reason, verdict.message


def consistency(wire: Wire, earlier: int, later: int) -> tuple[str, str]:
    request = log_pb2.GetConsistencyProofRequest(from_size=earlier, to_size=later)
    verdict = wire.send(wire.forge("Log.GetConsistencyProof", request))
    return verdict.reason, verdict.message


def test_sizes_that_are_not_there_are_refused(day: Day, wire: Wire) -> None:
    size = fetch_checkpoint(day.client("hotel"), day.profile).size
    assert inclusion(wire, size, [0, size - 1, 0])[0] == OK
    assert inclusion(wire, 1, [0])[0] == OK
    unknown = "UNKNOWN_TREE_SIZE"
    assert inclusion(wire, size + 1, [0]) == (
        unknown,
        (
            f"the log has {size} entries, not {size + 1}: a checkpoint that says more is not of "
            "this log, or of a later state of it"
        ),
    )
    assert inclusion(wire, 2**63 - 1, [0])[0] == unknown
    assert inclusion(wire, size, [0, size])[0] == unknown
    for absurd in (0, -1, -(2**63)):
        assert inclusion(wire, absurd, [0])[0] == "INVALID_ARGUMENT"
    for numbers in ([], [-1], [0] * (MAX_NUMBERS + 1)):
        assert inclusion(wire, size, numbers)[0] == "INVALID_ARGUMENT"
    assert inclusion(wire, size, [0] * MAX_NUMBERS)[0] == OK

    assert consistency(wire, 0, 0)[0] == OK
    assert consistency(wire, size, size)[0] == OK
    assert consistency(wire, 1, size + 1)[0] == unknown
    assert consistency(wire, 2**63 - 1, 2**63 - 1)[0] == unknown
    assert consistency(wire, 2, 1)[0] == "INVALID_ARGUMENT"
    assert consistency(wire, -1, 1)[0] == "INVALID_ARGUMENT"
