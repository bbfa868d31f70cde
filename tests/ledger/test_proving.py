"""Proofs made from the database, and what is found where its tree was tampered with."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from coalition.tree import verify_consistency, verify_inclusion
from settlement.ledger.book import LedgerInconsistency, read_head
from settlement.ledger.check import check
from settlement.ledger.proving import prove_consistency, prove_inclusion, root_at
from settlement.ledger.tree import EMPTY_ROOT, extend, root
from support.handmade import COALITION, administration, found, write

SIZE = 700
"""Two whole tiles of leaves and a part of a third."""


@pytest.fixture
def log(connection: Connection) -> Connection:
    """A log that grew in steps which end before, on and behind the end of a tile."""
    found(connection)
    for step in (254, 1, 300, 144):
        write(connection, *[administration] * step)
    assert read_head(connection).size == SIZE
    return connection


@pytest.fixture
def tree_of(log: Connection) -> Callable[[int], bytes]:
    """The root of each size, from the leaves one after the other."""
    leaves = [
        bytes(leaf)
        for leaf in log.execute(text("select leaf from entry order by number")).scalars()
    ]
    roots, frontier = [EMPTY_ROOT], ()
    for size, leaf in enumerate(leaves):
        frontier = extend(frontier, size, [leaf])
        roots.append(root(frontier))
    return roots.__getitem__


SIZES = (1, 2, 255, 256, 257, 511, 512, 513, 640, 699, SIZE)


def test_roots_of_earlier_sizes(log: Connection, tree_of: Callable[[int], bytes]) -> None:
    assert [root_at(log, size) for size in (0, *SIZES)] == [tree_of(n) for n in (0, *SIZES)]
    assert root_at(log, SIZE) == root(read_head(log).frontier)


@pytest.mark.parametrize("size", SIZES)
def test_many_numbers_at_once(log: Connection, tree_of: Callable[[int], bytes], size: int) -> None:
    numbers = sorted({0, 1, 255, 256, 300, 511, 512, 698, 699, size - 1} & set(range(size)))
    leaves = log.execute(
        text("select leaf from entry where number = any(:n) order by number"), {"n": numbers}
    ).scalars()
    proofs = prove_inclusion(log, numbers, size)
    for number, leaf, proof in zip(numbers, leaves, proofs, strict=True):
        verify_inclusion(bytes(leaf), number, size, tree_of(size), proof)


@pytest.mark.parametrize("old", [0, *SIZES])
def test_each_size_extends_the_ones_before(
    log: Connection, tree_of: Callable[[int], bytes], old: int
) -> None:
    for size in (n for n in SIZES if n >= old):
        proof = prove_consistency(log, old, size)
        verify_consistency(old, tree_of(old), size, tree_of(size), proof)


def test_no_number_at_all(log: Connection) -> None:
    assert prove_inclusion(log, [], SIZE) == []


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (
            'update tree_node set hash = sha256(hash) where "index" = 1',
            ["level 8, index 1, over numbers 256 to 511"],
        ),
        (
            'delete from tree_node where "index" = 0',
            ["level 8, index 0, over numbers 0 to 255"],
        ),
        (
            "insert into tree_node values (8, 2, sha256('x'))",
            ["level 8, index 2, over numbers 512 to 767"],
        ),
        (
            "insert into tree_node values (16, 0, sha256('x'))",
            ["level 16, index 0, over numbers 0 to 65535"],
        ),
        (
            f"insert into tree_node values (56, {2**63 - 1}, sha256('x'))",
            [f"level 56, index {2**63 - 1}, over numbers {(2**63 - 1) << 56} to {(2**119) - 1}"],
        ),
        (
            (
                'update tree_node set "index" = 9 where "index" = 0; '
                'update tree_node set "index" = 0 where "index" = 1; '
                'update tree_node set "index" = 1 where "index" = 9'
            ),
            [
                "level 8, index 0, over numbers 0 to 255",
                "level 8, index 1, over numbers 256 to 511",
            ],
        ),
    ],
)
def test_a_tampered_node_is_named(log: Connection, damage: str, expected: list[str]) -> None:
    assert check(log, COALITION) == []
    for statement in damage.split("; "):
        log.execute(text(statement))
    problems = check(log, COALITION)
    assert {problem.check for problem in problems} == {"tree-nodes"}
    assert [problem.where for problem in problems] == expected


def test_an_entry_rewritten_with_its_own_hashes_is_in_another_tile(log: Connection) -> None:
    """Bytes and leaf agree with each other, and no longer with what was stored over them."""
    log.execute(
        text(
            "update entry set entry_bytes = entry_bytes || ' ', "
            "leaf = sha256('\\x00'::bytea || entry_bytes || ' ') where number = 300"
        )
    )
    problems = check(log, COALITION)
    assert [(problem.check, problem.where) for problem in problems] == [
        ("entry-bytes", "number 300"),
        ("tree-nodes", "level 8, index 1, over numbers 256 to 511"),
        ("tree", "frontier"),
    ]


@pytest.mark.parametrize(
    "damage",
    [
        'delete from tree_node where "index" = 0',
        "delete from entry where number = 512",
        "delete from entry where number = 600",
        "delete from entry where number > 600",
    ],
)
def test_no_proof_is_made_of_a_torn_tree(log: Connection, damage: str) -> None:
    log.execute(text(damage))
    with pytest.raises(LedgerInconsistency, match="the hash tree cannot be read"):
        prove_inclusion(log, [601], SIZE)
