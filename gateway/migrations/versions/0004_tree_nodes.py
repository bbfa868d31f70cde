"""Stored hashes of the tiles of the hash tree, for the log that is there as well."""

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TILE = 256
ROWS_AT_ONCE = 1_000

_COMPLETE_TILES = sa.text(
    "select number / 256 as tile, string_agg(leaf, '' order by number) as leaves from entry "
    "group by 1 having count(*) = 256 order by 1",
)


def upgrade() -> None:
    """Apply this step."""
    table = op.create_table(
        "tree_node",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "level % 8 = 0 and level between 8 and 56",
            name=op.f("tree_node_level_check"),
        ),
        sa.CheckConstraint("index >= 0", name=op.f("tree_node_index_check")),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("tree_node_pkey")),
        comment="Hashes of the complete tiles of the hash tree over the entries. Only inserted.",
    )
    hashes, level = _over_the_leaves(), 8
    while hashes:
        _insert(table, level, hashes)
        whole = len(hashes) - len(hashes) % TILE
        hashes = [_root(hashes[first : first + TILE]) for first in range(0, whole, TILE)]
        level += 8


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("tree_node")


def _over_the_leaves() -> list[bytes]:
    """The hash of each complete tile of leaves, in order: 32 bytes for 256 entries."""
    rows = op.get_bind().execute(_COMPLETE_TILES, execution_options={"yield_per": ROWS_AT_ONCE})
    return [
        _root([bytes(row.leaves[at : at + 32]) for at in range(0, 32 * TILE, 32)]) for row in rows
    ]


def _root(hashes: Sequence[bytes]) -> bytes:
    """The hash of a perfect subtree (RFC 6962, section 2.1)."""
    row = list(hashes)
    while len(row) > 1:
        row = [
            hashlib.sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row), 2)
        ]
    return row[0]


def _insert(table: sa.Table, level: int, hashes: Sequence[bytes]) -> None:
    for first in range(0, len(hashes), ROWS_AT_ONCE):
        part = hashes[first : first + ROWS_AT_ONCE]
        op.bulk_insert(
            table,
            [
                {"level": level, "index": index, "hash": hashed}
                for index, hashed in enumerate(part, start=first)
            ],
        )
