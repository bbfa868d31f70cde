"""Proofs of the hash tree: made by the ledger, checked by the client, judged by the definition.

Leaves and roots of the reference implementation: ../shared/vectors/rfc6962_reference_tree.json,
which are transparency-dev/merkle, testonly/constants.go. Its proofs are those of the same
package's verifier tests and of RFC 6962, section 2.1.3.
"""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coalition.records import leaf_hash
from coalition.tree import EMPTY_ROOT, BadProof, verify_consistency, verify_inclusion
from settlement.ledger import tree

from .vectors import load


def mth(hashes: Sequence[bytes]) -> bytes:
    """Merkle Tree Hash of RFC 9162, section 2.1.1, over leaf hashes, by its definition."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = largest_power_of_two_below(len(hashes))
    return hashlib.sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def largest_power_of_two_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    if len(hashes) == 1:
        return []
    k = largest_power_of_two_below(len(hashes))
    if m < k:
        return [*path(m, hashes[:k]), mth(hashes[k:])]
    return [*path(m - k, hashes[k:]), mth(hashes[:k])]


def subproof(m: int, hashes: Sequence[bytes], *, known: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1."""
    if m == len(hashes):
        return [] if known else [mth(hashes)]
    k = largest_power_of_two_below(len(hashes))
    if m <= k:
        return [*subproof(m, hashes[:k], known=known), mth(hashes[k:])]
    return [*subproof(m - k, hashes[k:], known=False), mth(hashes[:k])]


def made(spans: list[tree.Span], hashes: Sequence[bytes]) -> list[bytes]:
    """A proof of the ledger, with every perfect subtree hashed by the definition."""
    nodes = {node for span in spans for node in span}
    known = {n: mth(hashes[n.place << n.level : (n.place + 1) << n.level]) for n in nodes}
    return [tree.hash_of(span, known) for span in spans]


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % n) for n in range(count)]


def test_published_roots_are_proven_to_extend_each_other() -> None:
    given_ = load("rfc6962_reference_tree.json")
    hashes = [leaf_hash(bytes.fromhex(each)) for each in given_["leaf_inputs_hex"]]
    roots = [bytes.fromhex(each) for each in given_["root_hex_by_size"]]
    assert roots[0] == EMPTY_ROOT
    for size in range(len(hashes) + 1):
        for old in range(size + 1):
            proof = made(tree.consistency(old, size), hashes)
            verify_consistency(old, roots[old], size, roots[size], proof)
        for number in range(size):
            proof = made(tree.inclusion(number, size), hashes)
            verify_inclusion(hashes[number], number, size, roots[size], proof)


def test_the_examples_of_the_rfc() -> None:
    # RFC 6962, section 2.1.3, names the nodes: the proofs in a tree of 7 leaves d0 to d6.
    d = leaves(7)
    a, b, c, i, j = d[0], mth(d[:2]), d[2], mth(d[4:6]), d[6]
    h, k, g, n = mth(d[2:4]), mth(d[:4]), b, mth(d[4:7])
    assert made(tree.inclusion(0, 7), d) == [d[1], h, n]
    assert made(tree.inclusion(3, 7), d) == [c, g, n]
    assert made(tree.inclusion(4, 7), d) == [d[5], j, k]
    assert made(tree.inclusion(6, 7), d) == [i, k]
    assert made(tree.consistency(3, 7), d) == [c, d[3], g, n]
    assert made(tree.consistency(4, 7), d) == [n]
    assert made(tree.consistency(6, 7), d) == [i, j, k]
    assert a != b


@given(st.data(), st.integers(1, 70))
def test_inclusion_is_as_defined_and_verifies(data: st.DataObject, size: int) -> None:
    number = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof = made(tree.inclusion(number, size), hashes)
    assert proof == path(number, hashes)
    verify_inclusion(hashes[number], number, size, mth(hashes), proof)


@given(st.data(), st.integers(1, 70))
def test_consistency_is_as_defined_and_verifies(data: st.DataObject, size: int) -> None:
    old = data.draw(st.integers(1, size))
    hashes = leaves(size)
    proof = made(tree.consistency(old, size), hashes)
    assert proof == subproof(old, hashes, known=True)
    verify_consistency(old, mth(hashes[:old]), size, mth(hashes), proof)


@given(st.data(), st.integers(2, 40))
def test_inclusion_proves_nothing_else(data: st.DataObject, size: int) -> None:
    number, said = (data.draw(st.integers(0, size - 1)) for _ in "12")
    assume(number != said)
    hashes = leaves(size)
    proof, root = path(number, hashes), mth(hashes)
    with pytest.raises(BadProof):
        verify_inclusion(hashes[said], number, size, root, proof)
    with pytest.raises(BadProof):
        verify_inclusion(hashes[number], said, size, root, proof)
    for mended in _mutations(data, proof):
        with pytest.raises(BadProof):
            verify_inclusion(hashes[number], number, size, root, mended)


@given(st.data(), st.integers(2, 40))
def test_a_rewritten_history_is_never_proven(data: st.DataObject, size: int) -> None:
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    hashes = leaves(size)
    rewritten = [*hashes]
    rewritten[changed] = leaf_hash(b"other")
    old_root = mth(hashes[:old])
    forged = subproof(old, rewritten, known=True)
    with pytest.raises(BadProof):
        verify_consistency(old, old_root, size, mth(rewritten), forged)
    proof = subproof(old, hashes, known=True)
    for mended in _mutations(data, proof):
        with pytest.raises(BadProof):
            verify_consistency(old, old_root, size, mth(hashes), mended)


def _mutations(data: st.DataObject, proof: list[bytes]) -> list[list[bytes]]:
    """A proof too short, too long, with a hash changed or cut off."""
    assert proof
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    return [
        proof[:-1],
        proof[1:],
        [*proof, proof[0]],
        [*proof[:at], flipped, *proof[at + 1 :]],
        [*proof[:at], proof[at][:-1], *proof[at + 1 :]],
    ]


def test_sizes_that_need_no_proof() -> None:
    root = mth(leaves(3))
    verify_consistency(0, EMPTY_ROOT, 3, root, [])
    verify_consistency(3, root, 3, root, [])
    with pytest.raises(BadProof, match="different roots"):
        verify_consistency(3, mth(leaves(4)), 3, root, [])
    with pytest.raises(BadProof, match="root of an empty tree"):
        verify_consistency(0, root, 3, root, [])
    with pytest.raises(BadProof, match="nothing is to be proven"):
        verify_consistency(3, root, 3, root, [root])


def test_a_tree_does_not_shrink() -> None:
    with pytest.raises(BadProof, match="a tree of 2 entries cannot extend one of 3"):
        verify_consistency(3, mth(leaves(3)), 2, mth(leaves(2)), [])


@pytest.mark.parametrize(("number", "size"), [(3, 3), (-1, 3), (0, 0)])
def test_a_number_outside_the_tree_is_not_in_it(number: int, size: int) -> None:
    with pytest.raises(BadProof, match="not among the first"):
        verify_inclusion(leaf_hash(b"0"), number, size, EMPTY_ROOT, [])
    with pytest.raises(ValueError, match="not in a tree"):
        tree.inclusion(number, size)


def test_no_proof_is_made_of_a_shrinking_tree() -> None:
    with pytest.raises(ValueError, match="does not extend"):
        tree.consistency(4, 3)
