"""`coalition log`, as a partner types it: what is kept, what is refused, and in which words."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from coalition.checkpoints import sign_checkpoint
from coalition.evidence import open_kept
from coalition.receipt_file import read_file
from coalition.v1 import log_pb2
from contract.book import COALITION
from contract.fake_gateway import KEY, OTHER_KEY, PROFILE, FakeGateway
from settlement.ledger import tree

Run = Callable[..., Result]


def leaves(count: int, changed: int | None = None) -> list[bytes]:
    return [tree.leaf_hash(b"changed" if n == changed else b"%d" % n) for n in range(count)]


def subtree(hashes: list[bytes]) -> bytes:
    return tree.root(tree.extend((), 0, hashes))


def note(hashes: list[bytes]) -> bytes:
    return sign_checkpoint(KEY, COALITION, len(hashes), subtree(hashes)).note


def newest(hashes: list[bytes]) -> Callable[..., log_pb2.Checkpoint]:
    return lambda *_: log_pb2.Checkpoint(note=note(hashes))


def made(spans: list[tree.Span], hashes: list[bytes]) -> list[bytes]:
    nodes = {node for span in spans for node in span}
    known = {n: subtree(hashes[n.place << n.level : (n.place + 1) << n.level]) for n in nodes}
    return [tree.hash_of(span, known) for span in spans]


def consistent(hashes: list[bytes], old: int) -> Callable[..., log_pb2.ConsistencyProof]:
    spans = tree.consistency(old, len(hashes))
    known = {
        n: subtree(hashes[n.place << n.level : (n.place + 1) << n.level]) for s in spans for n in s
    }
    proof = [tree.hash_of(span, known) for span in spans]
    return lambda *_: log_pb2.ConsistencyProof(hashes=proof)


def test_the_newest_is_kept_and_has_to_extend_the_last(
    partner: Run, gateway: FakeGateway, home: Path
) -> None:
    keep = home / "newest"
    gateway.script = [newest(leaves(3)), newest(leaves(7)), consistent(leaves(7), 3)]
    assert partner("log", "checkpoint", "--keep", "newest").exit_code == 0
    assert keep.read_bytes() == note(leaves(3))
    told = json.loads(partner("log", "checkpoint", "--keep", "newest", "--json").stdout)
    assert (told["entries"], told["extends"]) == ("7", "3 entries")
    assert keep.read_bytes() == note(leaves(7)) == told["note"].encode()


@pytest.mark.parametrize(
    ("later", "says"),
    [(leaves(9, changed=2), "does not extend the one of 7"), (leaves(5), "it went back")],
)
def test_a_rewritten_ledger_is_refused_and_the_evidence_kept(
    partner: Run, gateway: FakeGateway, home: Path, later: list[bytes], says: str
) -> None:
    keep = home / "newest"
    keep.write_bytes(note(leaves(7)))
    gateway.script = [newest(later), consistent(leaves(9), 7)]
    done = partner("log", "checkpoint", "--keep", "newest")
    assert done.exit_code == 5
    assert says in done.stderr
    assert "together they are the evidence" in done.stderr
    assert keep.read_bytes() == note(leaves(7))
    assert (home / "newest.refused").read_bytes() == note(later)


def test_a_checkpoint_of_another_key_is_not_believed(
    partner: Run, gateway: FakeGateway, home: Path
) -> None:
    forged = sign_checkpoint(OTHER_KEY, COALITION, 3, subtree(leaves(3)))
    gateway.script = [lambda *_: log_pb2.Checkpoint(note=forged.note)]
    done = partner("log", "checkpoint", "--keep", "newest")
    assert done.exit_code == 5
    assert "signed by none of the keys" in done.stderr
    assert not (home / "newest").exists()


def test_two_files_are_compared(partner: Run, gateway: FakeGateway, home: Path) -> None:
    (home / "old").write_bytes(note(leaves(3)))
    (home / "new").write_bytes(note(leaves(7)))
    gateway.script = [consistent(leaves(7), 3), consistent(leaves(7), 4)]
    assert "3 entries" in partner("log", "consistency", "old", "new").stdout
    assert partner("log", "consistency", "old", "new").exit_code == 5
    assert "it went back" in partner("log", "consistency", "new", "old").stderr
    assert "there is no missing" in partner("log", "consistency", "missing").stderr


def test_proofs_are_of_what_the_receipts_say(
    partner: Run, gateway: FakeGateway, home: Path
) -> None:
    """The receipt of the fake gateway is entry 123; the rest of the ledger is made up."""
    call = ("call", "Partners.RevokeKey", "--data", '{"keyid": "x"}', "--receipts", "kept")
    given = partner(*call)
    assert given.exit_code == 0, given.output
    shown = json.loads((partner("receipts", "verify", "kept", "--json")).stdout)
    assert shown["receipts"] == 1

    hashes = leaves(130)
    hashes[123] = _leaf_of_the_receipt(home / "kept")
    spans = tree.inclusion(123, 130)
    known = {
        n: subtree(hashes[n.place << n.level : (n.place + 1) << n.level]) for s in spans for n in s
    }
    proof = log_pb2.InclusionProof(number=123, hashes=[tree.hash_of(span, known) for span in spans])
    good = log_pb2.InclusionProofList(tree_size=130, proofs=[proof])
    gateway.script = [
        newest(hashes),
        lambda *_: good,
        newest(leaves(130)),
        lambda *_: good,
    ]
    proven = partner("log", "prove", "--receipts", "kept", "--json")
    assert proven.exit_code == 0, proven.output
    assert [each["number"] for each in json.loads(proven.stdout)["proofs"]] == [123]
    missing = partner("log", "prove", "123", "--receipts", "kept")
    assert missing.exit_code == 5
    assert "entry 123 as it is here is not in the tree of 130" in missing.stderr
    assert "holds no entry 5" in partner("log", "prove", "5", "--receipts", "kept").stderr
    assert "--receipts FILE" in partner("log", "prove").stderr


def _leaf_of_the_receipt(path: Path) -> bytes:
    (kept,) = read_file(path)[0]
    record = open_kept(kept, PROFILE).outcomes[0].record
    assert record is not None
    return record.leaf
