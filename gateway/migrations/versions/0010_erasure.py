"""What was erased of members, and which stored requests were cut for it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "erasure",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", "member_id", name=op.f("erasure_pkey")),
        comment="Memberships that were erased; their numbers only until the requests are cut.",
    )
    op.create_index(
        "erasure_open_idx",
        "erasure",
        ["number"],
        unique=False,
        postgresql_where=sa.text("finished_at is null"),
    )
    op.create_table(
        "erased_request",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sender", "request_id", name=op.f("erased_request_pkey")),
        comment="Requests and items whose content or answer was erased, with the first erasure.",
    )


def downgrade() -> None:
    """Take this step back. What was erased stays erased."""
    op.drop_table("erased_request")
    op.drop_index(
        "erasure_open_idx",
        table_name="erasure",
        postgresql_where=sa.text("finished_at is null"),
    )
    op.drop_table("erasure")
