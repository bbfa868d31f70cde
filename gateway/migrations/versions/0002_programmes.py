"""Programmes: tiers with their history, progress, promotions, awards, expiry, merges, closing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    _make_tables()
    _widen_activity()
    _widen_membership()


def _make_tables() -> None:
    op.create_table(
        "award_usage",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("award", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "award", name=op.f("award_usage_pkey")),
        comment="Awards handed out of a stock, net of cancellations.",
    )
    op.create_table(
        "election",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("chosen_programme", sa.Text(), nullable=True),
        sa.Column("elected_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "programme", "number", name=op.f("election_pkey")),
        comment="Every choice that a membership ever made: an activity earns by that of its start.",
    )
    op.create_table(
        "expiry_notice",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "member_id", "programme", "due_on", name=op.f("expiry_notice_pkey")
        ),
        comment="Notices that points will expire on a day.",
    )
    op.create_table(
        "held_points",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "programme", "number", name=op.f("held_points_pkey")),
        comment="Points that were credited and cannot be spent before an instant.",
    )
    op.create_table(
        "invitation",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("invitation_pkey")),
        comment="Invitations to a programme or to a tier of it.",
    )
    op.create_index(
        "invitation_member_idx", "invitation", ["programme", "member_number"], unique=False
    )
    op.create_table(
        "member_merge",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("kept_member_id", sa.BigInteger(), nullable=False),
        sa.Column("merged_member_id", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("undone_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("member_merge_pkey")),
        comment="Memberships that were found to be one person's.",
    )
    op.create_index(
        "member_merge_merged_idx", "member_merge", ["merged_member_id", "programme"], unique=False
    )
    op.create_table(
        "programme_closing",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("earns_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("programme", name=op.f("programme_closing_pkey")),
        comment="Programmes that are wound down: when they stop to earn, and when points are gone.",
    )
    op.create_table(
        "progress",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "member_id", "programme", "counter", "day", "number", name=op.f("progress_pkey")
        ),
        comment="What memberships did per day, net of reversals; number 0 where values are summed.",
    )
    op.create_table(
        "refused_activity",
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "supplier",
            "kind",
            "reference",
            "revision",
            "sender",
            "request_id",
            name=op.f("refused_activity_pkey"),
        ),
        comment="Reports of activities that were refused, with the reason given at the time.",
    )
    op.create_table(
        "registration",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "programme", "rule", name=op.f("registration_pkey")),
        comment="Members who registered for a promotion.",
    )
    op.create_table(
        "rule_usage",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("used", sa.Numeric(precision=38, scale=0), nullable=False),
        sa.PrimaryKeyConstraint("programme", "rule", name=op.f("rule_usage_pkey")),
        comment="Points that rules with a budget gave, net of reversals.",
    )
    op.create_table(
        "tier_review",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("year_began_on", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "year_began_on", name=op.f("tier_review_pkey")),
        comment="Yearly reviews in which the lowest of a tier fell.",
    )
    op.create_table(
        "tier_term",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "programme", "number", name=op.f("tier_term_pkey")),
        comment="Every tier that a membership ever had, in the order of the log.",
    )
    op.create_table(
        "voucher",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("award", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("bought", sa.BigInteger(), nullable=False),
        sa.Column("money", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("usable_until", sa.Date(), nullable=True),
        sa.Column("cancellable_until", sa.Date(), nullable=True),
        sa.Column("earned_by", sa.BigInteger(), nullable=True),
        sa.Column("multiple", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("voucher_pkey")),
        comment="Awards that were redeemed, and vouchers that were earned.",
    )
    op.create_index(
        "voucher_earned_idx",
        "voucher",
        ["earned_by"],
        unique=False,
        postgresql_where=sa.text("earned_by is not null"),
    )
    op.create_index("voucher_member_idx", "voucher", ["member_id", "programme"], unique=False)


def _widen_activity() -> None:
    """What was reversed before was reversed whole."""
    for column in (
        sa.Column("counted", sa.Text(), server_default="[]", nullable=False),
        sa.Column("reversed_numerator", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reversed_denominator", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("recovered", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("activity", column)
        op.alter_column("activity", column.name, server_default=None)
    op.execute("update activity set reversed_numerator = 1 where reversed_number is not null")


def _widen_membership() -> None:
    """Members joined, and came to their tier and choice, with the entry that enrolled them."""
    for column in (
        sa.Column("tier_since", sa.Date(), server_default="2000-01-01", nullable=False),
        sa.Column("tier_until", sa.Date(), nullable=True),
        sa.Column("tier_source", sa.Text(), server_default="DECIDED", nullable=False),
        sa.Column("chosen_programme", sa.Text(), nullable=True),
        sa.Column("joined_on", sa.Date(), server_default="2000-01-01", nullable=False),
        sa.Column("red_listed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("evaluated_on", sa.Date(), nullable=True),
    ):
        op.add_column("membership", column)
        op.alter_column("membership", column.name, server_default=None)
    op.execute(
        "update membership m set joined_on = (e.accepted_at at time zone 'UTC')::date, "
        "tier_since = (e.accepted_at at time zone 'UTC')::date from entry e "
        "where e.number = m.number"
    )
    op.execute(
        "insert into tier_term (member_id, programme, number, tier, since, until, source) "
        "select member_id, programme, number, tier, tier_since, tier_until, tier_source "
        "from membership"
    )
    op.execute(
        "insert into election (member_id, programme, number, choice, chosen_programme, elected_at) "
        "select m.member_id, m.programme, m.number, m.choice, null, e.accepted_at "
        "from membership m join entry e on e.number = m.number"
    )
    op.create_index(
        "membership_merged_idx",
        "membership",
        ["merged_into", "programme"],
        unique=False,
        postgresql_where=sa.text("merged_into is not null"),
    )
    op.create_index(
        "membership_programme_idx", "membership", ["programme", "member_id"], unique=False
    )


def downgrade() -> None:
    """Take this step back."""
    op.drop_index("membership_merged_idx", table_name="membership")
    op.drop_index("membership_programme_idx", table_name="membership")
    for column in (
        "tier_since",
        "tier_until",
        "tier_source",
        "chosen_programme",
        "joined_on",
        "red_listed",
        "merged_into",
        "evaluated_on",
    ):
        op.drop_column("membership", column)
    for column in ("counted", "reversed_numerator", "reversed_denominator", "recovered"):
        op.drop_column("activity", column)
    op.drop_table("voucher")
    op.drop_table("tier_term")
    op.drop_table("tier_review")
    op.drop_table("rule_usage")
    op.drop_table("registration")
    op.drop_table("refused_activity")
    op.drop_table("progress")
    op.drop_table("programme_closing")
    op.drop_table("member_merge")
    op.drop_table("invitation")
    op.drop_table("held_points")
    op.drop_table("expiry_notice")
    op.drop_table("election")
    op.drop_table("award_usage")
