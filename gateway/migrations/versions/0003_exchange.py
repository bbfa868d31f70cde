"""The exchange: rate book, proposals, stops, holds, deliveries, exposure, blocks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    _make_tables()
    _widen_agreements_and_quotes()
    _carry_the_rates()
    _carry_the_conversions()
    _sum_what_is_owed()


def _make_tables() -> None:
    op.create_table(
        "book_version",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("proposal", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("book_version_pkey")),
        comment="The rate book with its history: terms that were approved. Never edited.",
    )
    op.create_table(
        "conversion",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quote", sa.BigInteger(), nullable=False),
        sa.Column("source_member_id", sa.BigInteger(), nullable=False),
        sa.Column("source_programme", sa.Text(), nullable=False),
        sa.Column("target_member_id", sa.BigInteger(), nullable=False),
        sa.Column("target_programme", sa.Text(), nullable=False),
        sa.Column("source_minor", sa.BigInteger(), nullable=False),
        sa.Column("target_minor", sa.BigInteger(), nullable=False),
        sa.Column("source_rate", sa.BigInteger(), nullable=False),
        sa.Column("target_rate", sa.BigInteger(), nullable=False),
        sa.Column("source_hold", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("returned_source_minor", sa.BigInteger(), nullable=False),
        sa.Column("returned_target_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("conversion_pkey")),
        comment="What was converted, how far it is, and what of it came back.",
    )
    op.create_index(
        "conversion_hold_idx",
        "conversion",
        ["source_programme", "source_hold"],
        unique=True,
        postgresql_where=sa.text("source_hold <> '' and state in ('PENDING', 'COMPLETED')"),
    )
    op.create_index(
        "conversion_pending_idx",
        "conversion",
        ["deadline"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_index(
        "conversion_source_idx",
        "conversion",
        ["source_member_id", "source_programme", "number"],
        unique=False,
    )
    op.create_index(
        "conversion_target_idx",
        "conversion",
        ["target_member_id", "target_programme", "number"],
        unique=False,
    )
    op.create_table(
        "conversion_usage",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("used", sa.Numeric(precision=38, scale=0), nullable=False),
        sa.PrimaryKeyConstraint(
            "source", "target", "offer", "member_id", "period", name=op.f("conversion_usage_pkey")
        ),
        comment="Converted by pair and offer, by a member or (0) all, in a day, a year, ever.",
    )
    op.create_table(
        "delivery_break",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("conversion", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("ledger_minor", sa.BigInteger(), nullable=False),
        sa.Column("reported_minor", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("delivery_break_pkey")),
        comment="Disagreements between the ledger and what partners report of deliveries.",
    )
    op.create_index("delivery_break_conversion_idx", "delivery_break", ["conversion"], unique=False)
    op.create_table(
        "exchange_block",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("blocked_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "member_number", name=op.f("exchange_block_pkey")),
        comment="Who may not convert or redeem; a participant under an empty programme.",
    )
    op.create_table(
        "exposure",
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("debits", sa.Numeric(precision=38, scale=0), nullable=False),
        sa.Column("credits", sa.Numeric(precision=38, scale=0), nullable=False),
        sa.PrimaryKeyConstraint("participant", name=op.f("exposure_pkey")),
        comment="What each participant was ever debited and credited between companies.",
    )
    op.create_table(
        "pair_stop",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("stopped_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pair_stop_pkey")),
        comment="Pairs whose conversions were stopped.",
    )
    op.create_table(
        "promised",
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("participant", name=op.f("promised_pkey")),
        comment="What participants will owe for holds that are open, were they captured whole.",
    )
    op.create_table(
        "proposal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("consents", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("proposal_pkey")),
        comment="Changes of the rate book that were proposed, and what became of them.",
    )
    op.create_table(
        "redemption_hold",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("captured", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("capture_number", sa.BigInteger(), nullable=True),
        sa.Column("agreement", sa.BigInteger(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("captured_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("redemption_hold_pkey")),
        comment="Points of the shared currency held for spending, and what became of them.",
    )
    op.create_index(
        "hold_expiry_idx",
        "redemption_hold",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_index(
        "hold_member_idx",
        "redemption_hold",
        ["member_id", "programme"],
        unique=False,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_index("hold_merchant_idx", "redemption_hold", ["merchant", "number"], unique=False)


def _widen_agreements_and_quotes() -> None:
    op.add_column(
        "agreement",
        sa.Column("reimbursement_numerator", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.alter_column("agreement", "reimbursement_numerator", server_default=None)
    op.add_column(
        "agreement",
        sa.Column("reimbursement_denominator", sa.BigInteger(), nullable=False, server_default="1"),
    )
    op.alter_column("agreement", "reimbursement_denominator", server_default=None)
    op.add_column(
        "agreement", sa.Column("rate_in_lowest_numerator", sa.BigInteger(), nullable=True)
    )
    op.add_column(
        "agreement", sa.Column("rate_in_lowest_denominator", sa.BigInteger(), nullable=True)
    )
    op.add_column(
        "agreement", sa.Column("rate_in_highest_numerator", sa.BigInteger(), nullable=True)
    )
    op.add_column(
        "agreement", sa.Column("rate_in_highest_denominator", sa.BigInteger(), nullable=True)
    )
    op.add_column(
        "agreement", sa.Column("cost_out_lowest_numerator", sa.BigInteger(), nullable=True)
    )
    op.add_column(
        "agreement", sa.Column("cost_out_lowest_denominator", sa.BigInteger(), nullable=True)
    )
    op.add_column(
        "agreement", sa.Column("cost_out_highest_numerator", sa.BigInteger(), nullable=True)
    )
    op.add_column(
        "agreement", sa.Column("cost_out_highest_denominator", sa.BigInteger(), nullable=True)
    )
    op.add_column(
        "debit_authorization",
        sa.Column("source_hold", sa.Text(), nullable=False, server_default=""),
    )
    op.alter_column("debit_authorization", "source_hold", server_default=None)
    op.alter_column(
        "debit_authorization", "target_member_id", existing_type=sa.BIGINT(), nullable=True
    )
    op.alter_column(
        "debit_authorization", "target_programme", existing_type=sa.TEXT(), nullable=True
    )
    op.add_column("quote", sa.Column("offer", sa.Text(), nullable=False, server_default=""))
    op.alter_column("quote", "offer", server_default=None)
    op.add_column("quote", sa.Column("bonuses", sa.Text(), nullable=False, server_default="[]"))
    op.alter_column("quote", "bonuses", server_default=None)
    op.add_column(
        "quote", sa.Column("shortfall_minor", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.alter_column("quote", "shortfall_minor", server_default=None)
    op.add_column(
        "quote", sa.Column("shortfall_funder", sa.Text(), nullable=False, server_default="")
    )
    op.alter_column("quote", "shortfall_funder", server_default=None)
    op.add_column("quote", sa.Column("money_currency", sa.Text(), nullable=True))
    op.add_column("quote", sa.Column("money_minor", sa.BigInteger(), nullable=True))
    op.add_column("quote", sa.Column("money_shared_minor", sa.BigInteger(), nullable=True))
    op.add_column(
        "quote",
        sa.Column("remainder_numerator", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.alter_column("quote", "remainder_numerator", server_default=None)
    op.add_column(
        "quote",
        sa.Column("remainder_denominator", sa.BigInteger(), nullable=False, server_default="1"),
    )
    op.alter_column("quote", "remainder_denominator", server_default=None)

    op.create_index(
        "quote_expiry_idx",
        "quote",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'OPEN'"),
    )


def _carry_the_rates() -> None:
    """Rates become versions of the book; those that wait for approval, proposals."""
    document = (
        "jsonb_build_object('kind', 'RATE', 'programme', programme, "
        "'rate_in', rate_in_numerator || '/' || rate_in_denominator, "
        "'cost_out', cost_out_numerator || '/' || cost_out_denominator, "
        "'fee', fee_numerator || '/' || fee_denominator, "
        "'spread', spread_numerator || '/' || spread_denominator)"
    )
    op.execute(
        "insert into book_version (number, proposal, document, effective_from, approved_at) "  # noqa: S608 - our names
        f"select version, proposal, convert_to(({document})::text, 'UTF8'), effective_from, "
        "approved_at from rate where version is not null"
    )
    begins = "to_char(effective_from at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    op.execute(
        "insert into proposal "  # noqa: S608 - our names
        "(number, document, state, reason, proposed_by, approved_by, consents, ended_by, "
        "end_reason) "
        "select proposal, convert_to(jsonb_build_object('changes', jsonb_build_array("
        f"({document}) || jsonb_build_object('effective_from', case when version is null "
        f"then {begins} end, 'effective_to', null)))::text, 'UTF8'), "
        "case when version is null then 'PROPOSED' else 'APPROVED' end, reason, proposed_by, "
        "coalesce(approved_by, ''), "
        "'', '', '' from rate"
    )
    op.drop_table("rate")


def _carry_the_conversions() -> None:
    op.execute(
        "insert into conversion select e.number, q.number, q.source_member_id, "
        "q.source_programme, q.target_member_id, q.target_programme, q.source_minor, "
        "q.target_minor, q.source_rate, q.target_rate, '', e.accepted_at, null, 'COMPLETED', "
        "'', 0, 0 from entry e join quote q "
        "on q.number = (convert_from(e.facts, 'UTF8')::jsonb ->> 'quote')::bigint "
        "where e.kind = 'CONVERSION'"
    )


def _sum_what_is_owed() -> None:
    """What each participant was debited and credited, and when the open window opened."""
    op.execute(
        "insert into exposure select case when code ^@ 'clearing/' "
        "then split_part(split_part(code, '/', 3), ':', 1) else split_part(code, '/', 2) end, "
        "sum(debits), sum(credits) from company_account "
        "where code ^@ 'clearing/' or code ^@ 'settlement/' group by 1"
    )
    op.add_column(
        "ledger_head", sa.Column("window_opened_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute(
        "update ledger_head set window_opened_at = w.opened_at from settlement_window w "
        "where w.window_id = ledger_head.open_window"
    )
    op.alter_column("ledger_head", "window_opened_at", nullable=False)


def downgrade() -> None:
    """Take this step back. What only this step knows is lost; approved rates are kept."""
    op.drop_index(
        "quote_expiry_idx", table_name="quote", postgresql_where=sa.text("state = 'OPEN'")
    )
    op.drop_column("quote", "remainder_denominator")
    op.drop_column("quote", "remainder_numerator")
    op.drop_column("quote", "money_shared_minor")
    op.drop_column("quote", "money_minor")
    op.drop_column("quote", "money_currency")
    op.drop_column("quote", "shortfall_funder")
    op.drop_column("quote", "shortfall_minor")
    op.drop_column("quote", "bonuses")
    op.drop_column("quote", "offer")
    op.drop_column("ledger_head", "window_opened_at")
    op.execute("delete from debit_authorization where target_member_id is null")
    op.alter_column(
        "debit_authorization", "target_programme", existing_type=sa.TEXT(), nullable=False
    )
    op.alter_column(
        "debit_authorization", "target_member_id", existing_type=sa.BIGINT(), nullable=False
    )
    op.drop_column("debit_authorization", "source_hold")
    op.drop_column("agreement", "cost_out_highest_denominator")
    op.drop_column("agreement", "cost_out_highest_numerator")
    op.drop_column("agreement", "cost_out_lowest_denominator")
    op.drop_column("agreement", "cost_out_lowest_numerator")
    op.drop_column("agreement", "rate_in_highest_denominator")
    op.drop_column("agreement", "rate_in_highest_numerator")
    op.drop_column("agreement", "rate_in_lowest_denominator")
    op.drop_column("agreement", "rate_in_lowest_numerator")
    op.drop_column("agreement", "reimbursement_denominator")
    op.drop_column("agreement", "reimbursement_numerator")
    op.drop_index("hold_merchant_idx", table_name="redemption_hold")
    op.drop_index(
        "hold_member_idx", table_name="redemption_hold", postgresql_where=sa.text("state = 'OPEN'")
    )
    op.drop_index(
        "hold_expiry_idx", table_name="redemption_hold", postgresql_where=sa.text("state = 'OPEN'")
    )
    op.drop_table("redemption_hold")
    _restore_the_rates()
    op.drop_table("proposal")
    op.drop_table("promised")
    op.drop_table("pair_stop")
    op.drop_table("exposure")
    op.drop_table("exchange_block")
    op.drop_index("delivery_break_conversion_idx", table_name="delivery_break")
    op.drop_table("delivery_break")
    op.drop_table("conversion_usage")
    op.drop_index("conversion_target_idx", table_name="conversion")
    op.drop_index("conversion_source_idx", table_name="conversion")
    op.drop_index(
        "conversion_hold_idx",
        table_name="conversion",
        postgresql_where=sa.text("source_hold <> '' and state in ('PENDING', 'COMPLETED')"),
    )
    op.drop_index(
        "conversion_pending_idx",
        table_name="conversion",
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.drop_table("conversion")
    op.drop_table("book_version")


def _restore_the_rates() -> None:
    op.create_table(
        "rate",
        sa.Column("proposal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("programme", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("rate_in_numerator", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rate_in_denominator", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cost_out_numerator", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cost_out_denominator", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fee_numerator", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fee_denominator", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("spread_numerator", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("spread_denominator", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True),
        sa.Column("proposed_by", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("approved_by", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("reason", sa.Text(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("proposal", name=op.f("rate_pkey")),
        comment="The rate book with its history. Never edited once approved.",
    )
    fractions = ", ".join(
        f"split_part(d ->> '{name}', '/', {part})::bigint"
        for name in ("rate_in", "cost_out", "fee", "spread")
        for part in (1, 2)
    )
    op.execute(
        "insert into rate "  # noqa: S608 - our names
        "select distinct on (b.proposal) b.proposal, b.number, d ->> 'programme', "
        f"{fractions}, b.effective_from, b.approved_at, p.proposed_by, p.approved_by, p.reason "
        "from book_version b join proposal p on p.number = b.proposal "
        "cross join lateral (select convert_from(b.document, 'UTF8')::jsonb as d) x "
        "where d ->> 'kind' = 'RATE' and d ->> 'rate_in' is not null "
        "and d ->> 'cost_out' is not null"
    )
