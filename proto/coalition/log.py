"""Reads of the ledger's log as a whole, each answer verified before it is given.

Every function raises, beside what the client does, BadCheckpoint and BadProof.
"""

from collections.abc import Iterator, Mapping, Sequence

from coalition.checkpoints import Checkpoint, open_checkpoint, require_extends
from coalition.client import Client
from coalition.profile import Profile
from coalition.tree import BadProof, verify_inclusion
from coalition.v1 import log_pb2

NUMBERS_AT_ONCE = 1_000
"""Most that one request may ask for, by the contract."""


def fetch_checkpoint(client: Client, profile: Profile) -> Checkpoint:
    """The gateway's newest checkpoint."""
    request = log_pb2.GetCheckpointRequest()
    answer = client.read("Log.GetCheckpoint", request, log_pb2.Checkpoint)
    return open_checkpoint(answer.note, profile.coalition, profile.keys)


def prove_extension(client: Client, old: Checkpoint, new: Checkpoint) -> tuple[bytes, ...]:
    """The proof that the later ledger begins with the whole earlier one."""
    if new.size < old.size:
        message = (
            f"the ledger has {new.size} entries now, and a checkpoint of {old.size} was signed "
            "before: it went back"
        )
        raise BadProof(message)
    request = log_pb2.GetConsistencyProofRequest(from_size=old.size, to_size=new.size)
    answer = client.read("Log.GetConsistencyProof", request, log_pb2.ConsistencyProof)
    proof = tuple(answer.hashes)
    require_extends(old, new, proof)
    return proof


def prove_entries(
    client: Client, checkpoint: Checkpoint, leaves: Mapping[int, bytes]
) -> Iterator[tuple[int, tuple[bytes, ...]]]:
    """For each entry, by number and leaf, the proof that it is in a checkpoint's ledger."""
    numbers = sorted(leaves)
    for first in range(0, len(numbers), NUMBERS_AT_ONCE):
        part = numbers[first : first + NUMBERS_AT_ONCE]
        for number, proof in zip(part, _proofs(client, checkpoint, part), strict=True):
            verify_inclusion(leaves[number], number, checkpoint.size, checkpoint.root, proof)
            yield number, proof


def _proofs(
    client: Client, checkpoint: Checkpoint, numbers: Sequence[int]
) -> list[tuple[bytes, ...]]:
    request = log_pb2.GetInclusionProofsRequest(tree_size=checkpoint.size, numbers=numbers)
    answer = client.read("Log.GetInclusionProofs", request, log_pb2.InclusionProofList)
    if [proof.number for proof in answer.proofs] != list(numbers):
        message = "the proofs that came are of other entries than those asked for"
        raise BadProof(message)
    return [tuple(proof.hashes) for proof in answer.proofs]
