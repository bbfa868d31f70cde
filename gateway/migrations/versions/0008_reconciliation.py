"""Partners' records of windows, their reconciliation, and what became of breaks."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "reconciliation",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("window_id", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("amount_tolerance", sa.BigInteger(), nullable=False),
        sa.Column("day_tolerance", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("received_chunks", sa.BigInteger(), nullable=False),
        sa.Column("received_rows", sa.BigInteger(), nullable=False),
        sa.Column("received_total", sa.BigInteger(), nullable=False),
        sa.Column("received_gross", sa.BigInteger(), nullable=False),
        sa.Column("concluded_number", sa.BigInteger(), nullable=True),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("reconciliation_pkey")),
        comment="Partners' records of windows, and how far their reconciliation has come.",
    )
    op.create_index(
        "reconciliation_window_idx", "reconciliation", ["participant", "window_id"], unique=False
    )
    op.create_index(
        "reconciliation_concluded_idx", "reconciliation", ["concluded_number"], unique=True
    )
    op.create_table(
        "reconciliation_row",
        sa.Column("reconciliation", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("counterparty", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        comment="Rows of partners' records; positive amounts are received.",
    )
    op.create_index("reconciliation_row_idx", "reconciliation_row", ["reconciliation"])
    _make_results()
    op.create_table(
        "break_step",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("break_number", sa.BigInteger(), nullable=False),
        sa.Column("break_item", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("debtor", sa.Text(), nullable=False),
        sa.Column("creditor", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("break_step_pkey")),
        comment="What became of breaks, each step an entry of its own.",
    )
    op.create_index(
        "break_step_break_idx", "break_step", ["break_number", "break_item", "number"], unique=False
    )


def _make_results() -> None:
    op.create_table(
        "reconciliation_result",
        sa.Column("reconciliation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("items_total", sa.Numeric(38, 0), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("findings", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("reconciliation", name=op.f("reconciliation_result_pkey")),
        comment="What matching found, in sum: it follows from a record's rows and the ledger "
        "alone.",
    )
    op.create_table(
        "reconciliation_finding",
        sa.Column("reconciliation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("counterparty", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("ledger_minor", sa.BigInteger(), nullable=False),
        sa.Column("reported_minor", sa.BigInteger(), nullable=False),
        sa.Column("ledger_date", sa.Date(), nullable=True),
        sa.Column("reported_date", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("reconciliation", "item", name=op.f("reconciliation_finding_pkey")),
        comment="All that matching found but plain matches.",
    )


_RECORDED = sa.text(
    "select number from entry where kind in ('RECONCILIATION_OPENED', 'RECONCILIATION_ROWS', "
    "'RECONCILIATION', 'BREAK_STEP', 'ADJUSTMENT') order by number limit 1"
)


def downgrade() -> None:
    """Take this step back; refused once the log has what only this step can tell."""
    number = op.get_bind().execute(_RECORDED).scalar()
    if number is not None:
        message = (
            f"entry {number} is of a reconciliation or a break: it would be known no more; "
            "put back a backup of before the upgrade instead"
        )
        raise RuntimeError(message)
    op.drop_index("break_step_break_idx", table_name="break_step")
    op.drop_table("break_step")
    op.drop_table("reconciliation_finding")
    op.drop_table("reconciliation_result")
    op.drop_index("reconciliation_row_idx", table_name="reconciliation_row")
    op.drop_table("reconciliation_row")
    op.drop_index("reconciliation_concluded_idx", table_name="reconciliation")
    op.drop_index("reconciliation_window_idx", table_name="reconciliation")
    op.drop_table("reconciliation")
