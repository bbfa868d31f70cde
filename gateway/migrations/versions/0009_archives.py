"""Files into which the envelopes of old requests are moved."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "archive_file",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("manifest_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("archive_file_pkey")),
        comment="Files into which the envelopes of old requests were moved, from 1 on.",
    )


def downgrade() -> None:
    """Take this step back; refused once something is archived."""
    if op.get_bind().execute(sa.text("select 1 from archive_file limit 1")).first():
        message = (
            "envelopes of requests are in archive files: only this step knows in which; "
            "put back a backup of before the upgrade instead"
        )
        raise RuntimeError(message)
    op.drop_table("archive_file")
