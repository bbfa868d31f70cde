"""Reads of the log as a whole: checkpoints, and what proves that it only grows."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import log_pb2
from gateway.translation import forms
from gateway.translation.reading import Reading
from partners.refusals import Reason, Refused, invalid
from settlement.ledger.proving import prove_consistency, prove_inclusion

MAX_NUMBERS = 1_000
"""As many as a batch has items: the proofs are some 700 KB, and read at most so many tiles."""


def _checkpoint(_: log_pb2.GetCheckpointRequest, reading: Reading) -> log_pb2.Checkpoint:
    return log_pb2.Checkpoint(note=reading.checkpoints.covering(reading.connection).note)


def _inclusion(
    m: log_pb2.GetInclusionProofsRequest, reading: Reading
) -> log_pb2.InclusionProofList:
    if not 1 <= len(m.numbers) <= MAX_NUMBERS:
        raise invalid("numbers", f"are {len(m.numbers)}; it has to be 1 to {MAX_NUMBERS}")
    size = forms.positive(m.tree_size, "tree_size")
    _require_reached(size, reading)
    for index, number in enumerate(m.numbers):
        if forms.not_negative(number, f"numbers[{index}]") >= size:
            raise Refused(
                Reason.UNKNOWN_TREE_SIZE,
                f"entry {number} is not among the first {size}: ask with a larger tree_size",
                {"number": str(number), "tree_size": str(size)},
            )
    proofs = prove_inclusion(reading.connection, m.numbers, size)
    return log_pb2.InclusionProofList(
        tree_size=size,
        proofs=[
            log_pb2.InclusionProof(number=number, hashes=hashes)
            for number, hashes in zip(m.numbers, proofs, strict=True)
        ],
    )


def _consistency(
    m: log_pb2.GetConsistencyProofRequest, reading: Reading
) -> log_pb2.ConsistencyProof:
    earlier = forms.not_negative(m.from_size, "from_size")
    later = forms.not_negative(m.to_size, "to_size")
    if earlier > later:
        raise invalid("from_size", f"is {earlier}; a log of {later} does not extend a longer one")
    _require_reached(later, reading)
    hashes = prove_consistency(reading.connection, earlier, later)
    return log_pb2.ConsistencyProof(from_size=earlier, to_size=later, hashes=hashes)


def _require_reached(size: int, reading: Reading) -> None:
    newest = reading.checkpoints.covering(reading.connection).size
    if size > newest:
        raise Refused(
            Reason.UNKNOWN_TREE_SIZE,
            f"the log has {newest} entries, not {size}: a checkpoint that says more is not of "
            "this log, or of a later state of it",
            {"tree_size": str(size), "newest_size": str(newest)},
        )


LOG_READS: Mapping[type[Message], Callable[[Any, Reading], Message]] = {
    log_pb2.GetCheckpointRequest: _checkpoint,
    log_pb2.GetInclusionProofsRequest: _inclusion,
    log_pb2.GetConsistencyProofRequest: _consistency,
}
