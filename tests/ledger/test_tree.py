"""The hash tree against the definition of RFC 6962, section 2.1, and its published roots."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.ledger.tree import EMPTY_ROOT, extend, leaf_hash, node_hash, root

LEAVES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""Test data of the reference implementation: google/certificate-transparency, merkletree."""

ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Roots over the first one, two, ... of them, from the same place."""


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, split at the largest power of two below the size."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    pair = by_definition(leaves[:split]) + by_definition(leaves[split:])
    return hashlib.sha256(b"\x01" + pair).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    frontier = extend((), 0, [leaf_hash(leaf) for leaf in LEAVES[:size]])
    assert root(frontier).hex() == ROOTS[size - 1]


def test_the_root_of_nothing() -> None:
    assert root(()) == EMPTY_ROOT == by_definition([])


@given(st.lists(st.binary(max_size=4), max_size=70), st.integers(0, 70))
def test_growing_in_steps_is_growing_at_once(leaves: list[bytes], cut: int) -> None:
    hashes = [leaf_hash(leaf) for leaf in leaves]
    first = extend((), 0, hashes[:cut])
    frontier = extend(first, len(hashes[:cut]), hashes[cut:])
    assert frontier == extend((), 0, hashes)
    assert root(frontier) == by_definition(leaves)
    assert len(frontier) == len(leaves).bit_count()


def test_a_leaf_is_no_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
