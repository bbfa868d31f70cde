"""The first schema: the book, what partners agreed, members, windows and statements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "activity",
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("reporter", sa.Text(), nullable=False),
        sa.Column("reversed_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("supplier", "kind", "reference", "revision", name="activity_pkey"),
        comment="Natural keys of all that was ever reported. Unique for ever.",
    )
    op.create_table(
        "agreement",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("price_numerator", sa.BigInteger(), nullable=False),
        sa.Column("price_denominator", sa.BigInteger(), nullable=False),
        sa.Column("fee_numerator", sa.BigInteger(), nullable=False),
        sa.Column("fee_denominator", sa.BigInteger(), nullable=False),
        sa.Column("cap", sa.BigInteger(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offered_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("accepted_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="agreement_pkey"),
        comment="Terms between an issuer and a buyer, in force once both have signed.",
    )
    op.create_table(
        "agreement_usage",
        sa.Column("agreement", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used", sa.Numeric(precision=38, scale=0), nullable=False),
        sa.PrimaryKeyConstraint("agreement", name="agreement_usage_pkey"),
        comment="Points issued under an agreement, net of reversals.",
    )
    op.create_table(
        "coalition",
        sa.Column("one", sa.Boolean(), nullable=False),
        sa.Column("coalition_id", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("exponent", sa.SmallInteger(), nullable=False),
        sa.Column("salt_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("one", name="coalition_one_check"),
        sa.PrimaryKeyConstraint("one", name="coalition_pkey"),
        comment="The one coalition of this database.",
    )
    op.create_table(
        "company_account",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("debits", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "not starts_with(code, 'clearing/') or greatest(debits, credits) <= 9007199254740992",
            name="company_account_clearing_check",
        ),
        sa.PrimaryKeyConstraint("code", name="company_account_pkey"),
        comment="Counters of the accounts that belong to companies. They only grow.",
    )
    op.create_table(
        "debit_authorization",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grantee", sa.Text(), nullable=False),
        sa.Column("source_member_id", sa.BigInteger(), nullable=False),
        sa.Column("source_programme", sa.Text(), nullable=False),
        sa.Column("target_member_id", sa.BigInteger(), nullable=False),
        sa.Column("target_programme", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="debit_authorization_pkey"),
        comment="Leave to debit a member once, given by the member's partner.",
    )
    op.create_table(
        "enrolment",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "member_number", name="enrolment_pkey"),
        comment="Finds the member by the partner's own number.",
    )
    op.create_table(
        "entry",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_id", sa.BigInteger(), nullable=True),
        sa.Column("corrects", sa.BigInteger(), nullable=True),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("entry_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="entry_pkey"),
        comment="One accepted event each, gapless, in commit order.",
    )
    op.create_table(
        "feed",
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("facts", sa.Boolean(), nullable=False),
        sa.Column("lines", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.PrimaryKeyConstraint("participant", "number", name="feed_pkey"),
        comment="Which entries, and what of them, a participant is shown.",
    )
    op.create_table(
        "key",
        sa.Column("keyid", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compromised_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("keyid", name="key_pkey"),
        comment="Public keys. Never deleted.",
    )
    op.create_table(
        "ledger_head",
        sa.Column("one", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_window", sa.BigInteger(), nullable=False),
        sa.Column("directory_version", sa.BigInteger(), nullable=False),
        sa.Column("frontier", postgresql.ARRAY(sa.LargeBinary()), nullable=False),
        sa.CheckConstraint("one", name="ledger_head_one_check"),
        sa.PrimaryKeyConstraint("one", name="ledger_head_pkey"),
        comment="End of the log. Whoever locks this row is the writer.",
    )
    op.create_table(
        "line",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("debit", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("funder", sa.Text(), nullable=True),
        sa.Column("price", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("terms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount > 0", name="line_amount_check"),
        sa.CheckConstraint("debit <> credit", name="line_accounts_check"),
        sa.PrimaryKeyConstraint("number", "index", name="line_pkey"),
        comment="One movement each, from the debit to the credit account.",
    )
    op.create_table(
        "link",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("other_member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("other_programme", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "member_id", "programme", "other_member_id", "other_programme", name="link_pkey"
        ),
        comment="Links of memberships, once from each side.",
    )
    op.create_table(
        "link_code",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("other_programme", sa.Text(), nullable=False),
        sa.Column("other_number", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="link_code_pkey"),
        comment="One-time codes; the code itself is derived, not kept.",
    )
    op.create_index(
        "link_code_other_idx", "link_code", ["other_programme", "other_number"], unique=False
    )
    op.create_table(
        "member_account",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("debits", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("member_id", "programme", name="member_account_pkey"),
        comment="Counters of members' accounts, member first so that they can be distributed.",
    )
    op.create_table(
        "member_entry",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "programme", "number", name="member_entry_pkey"),
        comment="Which entries moved a member's account.",
    )
    op.create_table(
        "membership",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "programme", name="membership_pkey"),
        comment="A person's place in a programme.",
    )
    op.create_table(
        "principal",
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", name="principal_pkey"),
        comment="Participants, persons, and the gateway itself: whoever owns keys.",
    )
    op.create_table(
        "programme_version",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("definition", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="programme_version_pkey"),
        comment="Definitions of programmes, each in force from an instant on.",
    )
    op.create_table(
        "quote",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("source_member_id", sa.BigInteger(), nullable=False),
        sa.Column("source_programme", sa.Text(), nullable=False),
        sa.Column("target_member_id", sa.BigInteger(), nullable=False),
        sa.Column("target_programme", sa.Text(), nullable=False),
        sa.Column("source_minor", sa.BigInteger(), nullable=False),
        sa.Column("shared_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("spread_minor", sa.BigInteger(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("rounding_minor", sa.BigInteger(), nullable=False),
        sa.Column("target_minor", sa.BigInteger(), nullable=False),
        sa.Column("source_rate", sa.BigInteger(), nullable=False),
        sa.Column("target_rate", sa.BigInteger(), nullable=False),
        sa.Column("authorization_number", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="quote_pkey"),
        comment="Binding offers to convert; at most one open per membership and pair.",
    )
    op.create_index(
        "quote_open_idx",
        "quote",
        ["source_member_id", "source_programme", "target_programme"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "rate",
        sa.Column("proposal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("rate_in_numerator", sa.BigInteger(), nullable=False),
        sa.Column("rate_in_denominator", sa.BigInteger(), nullable=False),
        sa.Column("cost_out_numerator", sa.BigInteger(), nullable=False),
        sa.Column("cost_out_denominator", sa.BigInteger(), nullable=False),
        sa.Column("fee_numerator", sa.BigInteger(), nullable=False),
        sa.Column("fee_denominator", sa.BigInteger(), nullable=False),
        sa.Column("spread_numerator", sa.BigInteger(), nullable=False),
        sa.Column("spread_denominator", sa.BigInteger(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("proposal", name="rate_pkey"),
        comment="The rate book with its history. Never edited once approved.",
    )
    op.create_table(
        "request",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("keyid", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.Column("batch_index", sa.SmallInteger(), nullable=True),
        sa.Column("envelope", sa.LargeBinary(), nullable=True),
        sa.Column("answer_type", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answer_keyid", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sender", "request_id", name="request_pkey"),
        comment="Every decided request for ever; the batch of an item holds evidence and answer.",
    )
    op.create_index("request_key_idx", "request", ["keyid", "decided_at"], unique=False)
    op.create_table(
        "settlement",
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("window_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("participants", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("post_number", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("settlement_id", name="settlement_pkey"),
        comment="Runs of the night, each at the stage that it has reached.",
    )
    op.create_table(
        "settlement_obligation",
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("debtor", sa.Text(), nullable=False),
        sa.Column("creditor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "settlement_id", "debtor", "creditor", "kind", name="settlement_obligation_pkey"
        ),
        comment="Gross sums over a window's lines, by who owes whom and the kind of line.",
    )
    op.create_table(
        "settlement_payment",
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("payee", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", "payer", "payee", name="settlement_payment_pkey"),
        comment="What is to be paid, after netting.",
    )
    op.create_table(
        "settlement_position",
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("settlement_id", "participant", name="settlement_position_pkey"),
        comment="Net of a settlement, and what was open when it was posted; positive receives.",
    )
    op.create_table(
        "settlement_statement",
        sa.Column("settlement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("json", sa.LargeBinary(), nullable=False),
        sa.Column("csv", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("previous_sha256", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("settlement_id", "participant", name="settlement_statement_pkey"),
        comment="What each participant is told, as the exact bytes.",
    )
    op.create_table(
        "settlement_window",
        sa.Column("window_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("first_number", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cut_number", sa.BigInteger(), nullable=True),
        sa.Column("cut_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("window_id", name="settlement_window_pkey"),
        comment="Spans of the log that settle together.",
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("settlement_window")
    op.drop_table("settlement_statement")
    op.drop_table("settlement_position")
    op.drop_table("settlement_payment")
    op.drop_table("settlement_obligation")
    op.drop_table("settlement")
    op.drop_index("request_key_idx", table_name="request")
    op.drop_table("request")
    op.drop_table("rate")
    op.drop_index("quote_open_idx", table_name="quote", postgresql_where=sa.text("state = 'OPEN'"))
    op.drop_table("quote")
    op.drop_table("programme_version")
    op.drop_table("principal")
    op.drop_table("membership")
    op.drop_table("member_entry")
    op.drop_table("member_account")
    op.drop_index("link_code_other_idx", table_name="link_code")
    op.drop_table("link_code")
    op.drop_table("link")
    op.drop_table("line")
    op.drop_table("ledger_head")
    op.drop_table("key")
    op.drop_table("feed")
    op.drop_table("entry")
    op.drop_table("enrolment")
    op.drop_table("debit_authorization")
    op.drop_table("company_account")
    op.drop_table("coalition")
    op.drop_table("agreement_usage")
    op.drop_table("agreement")
    op.drop_table("activity")
