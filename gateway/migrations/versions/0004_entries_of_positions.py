"""How many entries of a window each statement covers, kept with the position."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COMMENT = "Net of a settlement, and what was open when it was posted; positive receives."
NEW_COMMENT = "Net and entries of a window, and what was open at its posting; positive receives."


def upgrade() -> None:
    """Apply this step."""
    op.add_column("settlement_position", sa.Column("entries", sa.BigInteger(), nullable=True))
    op.execute(
        """
        update settlement_position p set entries = (
            select count(distinct f.number)
            from settlement s
            join settlement_window w using (window_id)
            join feed f on f.number between w.first_number and w.cut_number
                and f.participant in (p.participant, '*')
            where s.settlement_id = p.settlement_id
        )
        """
    )
    op.alter_column("settlement_position", "entries", nullable=False)
    op.create_table_comment("settlement_position", NEW_COMMENT, existing_comment=COMMENT)


def downgrade() -> None:
    """Take this step back."""
    op.create_table_comment("settlement_position", COMMENT, existing_comment=NEW_COMMENT)
    op.drop_column("settlement_position", "entries")
