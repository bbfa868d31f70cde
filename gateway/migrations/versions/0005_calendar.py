"""The calendar: business date, advice and settlement day of a settlement; how it was netted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step. Earlier settlements have no days: no calendar gave them any."""
    op.add_column("settlement", sa.Column("business_date", sa.Date(), nullable=True))
    op.add_column("settlement", sa.Column("advice_date", sa.Date(), nullable=True))
    op.add_column("settlement", sa.Column("settlement_date", sa.Date(), nullable=True))
    op.add_column("settlement", sa.Column("method", sa.Text(), nullable=True))
    op.execute("update settlement set method = 'heuristic' where stage <> 'CUT'")


def downgrade() -> None:
    """Take this step back. The entries of the cuts keep the days."""
    op.drop_column("settlement", "method")
    op.drop_column("settlement", "settlement_date")
    op.drop_column("settlement", "advice_date")
    op.drop_column("settlement", "business_date")
