"""The tables of what was agreed and of who is a member of what."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from partners.erasure_tables import erased_request as erased_request
from partners.erasure_tables import erasure as erasure
from settlement.ledger.break_tables import delivery_break as delivery_break
from settlement.ledger.tables import instant, metadata


def _number(name: str = "number") -> Column[int]:
    """Primary key: the number of the entry that made the row."""
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _fraction(name: str, *, nullable: bool = False) -> tuple[Column[int], Column[int]]:
    """An exact fraction as two integers."""
    return (
        Column(f"{name}_numerator", BigInteger, nullable=nullable),
        Column(f"{name}_denominator", BigInteger, nullable=nullable),
    )


principal = Table(
    "principal",
    metadata,
    Column("principal_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("number", BigInteger, nullable=False),
    comment="Participants, persons, and the gateway itself: whoever owns keys.",
)

key = Table(
    "key",
    metadata,
    Column("keyid", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    instant("valid_from", nullable=True),
    instant("valid_to", nullable=True),
    instant("revoked_at", nullable=True),
    instant("compromised_since", nullable=True),
    Column("registered_by", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    comment="Public keys. Never deleted.",
)

programme_version = Table(
    "programme_version",
    metadata,
    _number(),
    Column("programme", Text, nullable=False),
    Column("partner", Text, nullable=False),
    instant("valid_from"),
    Column("definition", LargeBinary, nullable=False),
    comment="Definitions of programmes, each in force from an instant on.",
)

agreement = Table(
    "agreement",
    metadata,
    _number(),
    Column("programme", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("buyer", Text, nullable=False),
    *_fraction("price"),
    *_fraction("fee"),
    Column("cap", BigInteger, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    instant("valid_from", nullable=True),
    instant("valid_to", nullable=True),
    Column("offered_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("accepted_number", BigInteger),
    *_fraction("reimbursement"),
    *_fraction("rate_in_lowest", nullable=True),
    *_fraction("rate_in_highest", nullable=True),
    *_fraction("cost_out_lowest", nullable=True),
    *_fraction("cost_out_highest", nullable=True),
    comment="Terms between an issuer and a buyer, in force once both have signed.",
)

agreement_usage = Table(
    "agreement_usage",
    metadata,
    Column("agreement", BigInteger, primary_key=True, autoincrement=False),
    Column("used", Numeric(38, 0), nullable=False),
    comment="Points issued under an agreement, net of reversals.",
)

book_version = Table(
    "book_version",
    metadata,
    _number(),
    Column("proposal", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    instant("effective_from"),
    instant("effective_to", nullable=True),
    instant("approved_at"),
    Column("withdrawn_number", BigInteger),
    comment="The rate book with its history: terms that were approved. Never edited.",
)

proposal = Table(
    "proposal",
    metadata,
    _number(),
    Column("document", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("consents", Text, nullable=False),
    Column("ended_by", Text, nullable=False),
    Column("end_reason", Text, nullable=False),
    comment="Changes of the rate book that were proposed, and what became of them.",
)

pair_stop = Table(
    "pair_stop",
    metadata,
    _number(),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("stopped_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("stopped_at"),
    comment="Pairs whose conversions were stopped.",
)

exchange_block = Table(
    "exchange_block",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("member_number", Text, primary_key=True),
    Column("blocked_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    comment="Who may not convert or redeem; a participant under an empty programme.",
)

enrolment = Table(
    "enrolment",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("member_number", Text, primary_key=True),
    Column("member_id", BigInteger, nullable=False),
    comment="Finds the member by the partner's own number.",
)

membership = Table(
    "membership",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    Column("member_number", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("tier_since", Date, nullable=False),
    Column("tier_until", Date),
    Column("tier_source", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("chosen_programme", Text),
    Column("state", Text, nullable=False),
    Column("joined_on", Date, nullable=False),
    Column("red_listed", Boolean, nullable=False),
    Column("merged_into", BigInteger),
    Column("evaluated_on", Date),
    Column("number", BigInteger, nullable=False),
    Index("membership_programme_idx", "programme", "member_id"),
    Index(
        "membership_merged_idx",
        "merged_into",
        "programme",
        postgresql_where=text("merged_into is not null"),
    ),
    comment="A person's place in a programme.",
)

tier_term = Table(
    "tier_term",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    _number(),
    Column("tier", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("source", Text, nullable=False),
    comment="Every tier that a membership ever had, in the order of the log.",
)

election = Table(
    "election",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    _number(),
    Column("choice", Text, nullable=False),
    Column("chosen_programme", Text),
    instant("elected_at"),
    comment="Every choice that a membership ever made: an activity earns by that of its start.",
)

progress = Table(
    "progress",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    Column("counter", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    _number(),
    Column("amount", BigInteger, nullable=False),
    comment="What memberships did per day, net of reversals; number 0 where values are summed.",
)

registration = Table(
    "registration",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    instant("registered_at"),
    comment="Members who registered for a promotion.",
)

rule_usage = Table(
    "rule_usage",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("used", Numeric(38, 0), nullable=False),
    comment="Points that rules with a budget gave, net of reversals.",
)

held_points = Table(
    "held_points",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    _number(),
    Column("amount", BigInteger, nullable=False),
    instant("available_at"),
    comment="Points that were credited and cannot be spent before an instant.",
)

invitation = Table(
    "invitation",
    metadata,
    _number(),
    Column("programme", Text, nullable=False),
    Column("member_number", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("expires_on", Date),
    Column("used", Boolean, nullable=False),
    Index("invitation_member_idx", "programme", "member_number"),
    comment="Invitations to a programme or to a tier of it.",
)

voucher = Table(
    "voucher",
    metadata,
    _number(),
    Column("member_id", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("award", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("bought", BigInteger, nullable=False),
    Column("money", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("usable_until", Date),
    Column("cancellable_until", Date),
    Column("earned_by", BigInteger),
    Column("multiple", BigInteger),
    Index("voucher_member_idx", "member_id", "programme"),
    Index("voucher_earned_idx", "earned_by", postgresql_where=text("earned_by is not null")),
    comment="Awards that were redeemed, and vouchers that were earned.",
)

award_usage = Table(
    "award_usage",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("award", Text, primary_key=True),
    Column("used", BigInteger, nullable=False),
    comment="Awards handed out of a stock, net of cancellations.",
)

expiry_notice = Table(
    "expiry_notice",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    Column("due_on", Date, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    comment="Notices that points will expire on a day.",
)

tier_review = Table(
    "tier_review",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("year_began_on", Date, primary_key=True),
    Column("number", BigInteger, nullable=False),
    comment="Yearly reviews in which the lowest of a tier fell.",
)

member_merge = Table(
    "member_merge",
    metadata,
    _number(),
    Column("programme", Text, nullable=False),
    Column("kept_member_id", BigInteger, nullable=False),
    Column("merged_member_id", BigInteger, nullable=False),
    Column("moved", BigInteger, nullable=False),
    Column("undone_number", BigInteger),
    Index("member_merge_merged_idx", "merged_member_id", "programme"),
    comment="Memberships that were found to be one person's.",
)

programme_closing = Table(
    "programme_closing",
    metadata,
    Column("programme", Text, primary_key=True),
    instant("earns_until"),
    instant("points_until"),
    Column("number", BigInteger, nullable=False),
    comment="Programmes that are wound down: when they stop to earn, and when points are gone.",
)

refused_activity = Table(
    "refused_activity",
    metadata,
    Column("supplier", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("sender", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    instant("decided_at"),
    comment="Reports of activities that were refused, with the reason given at the time.",
)

link = Table(
    "link",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    Column("other_member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("other_programme", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    comment="Links of memberships, once from each side.",
)

link_code = Table(
    "link_code",
    metadata,
    _number(),
    Column("member_id", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("other_programme", Text, nullable=False),
    Column("other_number", Text, nullable=False),
    instant("expires_at"),
    Column("tries", SmallInteger, nullable=False),
    Column("used", Boolean, nullable=False),
    Index("link_code_other_idx", "other_programme", "other_number"),
    comment="One-time codes; the code itself is derived, not kept.",
)

activity = Table(
    "activity",
    metadata,
    Column("supplier", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("reporter", Text, nullable=False),
    Column("counted", Text, nullable=False),
    Column("reversed_number", BigInteger),
    *_fraction("reversed"),
    Column("recovered", Text, nullable=False),
    comment="Natural keys of all that was ever reported. Unique for ever.",
)

quote = Table(
    "quote",
    metadata,
    _number(),
    Column("requester", Text, nullable=False),
    Column("source_member_id", BigInteger, nullable=False),
    Column("source_programme", Text, nullable=False),
    Column("target_member_id", BigInteger, nullable=False),
    Column("target_programme", Text, nullable=False),
    Column("source_minor", BigInteger, nullable=False),
    Column("shared_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("spread_minor", BigInteger, nullable=False),
    Column("value_minor", BigInteger, nullable=False),
    Column("rounding_minor", BigInteger, nullable=False),
    Column("target_minor", BigInteger, nullable=False),
    Column("source_rate", BigInteger, nullable=False),
    Column("target_rate", BigInteger, nullable=False),
    Column("authorization_number", BigInteger),
    instant("expires_at"),
    Column("offer", Text, nullable=False),
    Column("bonuses", Text, nullable=False),
    Column("shortfall_minor", BigInteger, nullable=False),
    Column("shortfall_funder", Text, nullable=False),
    Column("money_currency", Text),
    Column("money_minor", BigInteger),
    Column("money_shared_minor", BigInteger),
    *_fraction("remainder"),
    Column("state", Text, nullable=False),
    Index(
        "quote_open_idx",
        "source_member_id",
        "source_programme",
        "target_programme",
        unique=True,
        postgresql_where=text("state = 'OPEN'"),
    ),
    Index("quote_expiry_idx", "expires_at", postgresql_where=text("state = 'OPEN'")),
    comment="Binding offers to convert; at most one open per membership and pair.",
)

debit_authorization = Table(
    "debit_authorization",
    metadata,
    _number(),
    Column("grantee", Text, nullable=False),
    Column("source_member_id", BigInteger, nullable=False),
    Column("source_programme", Text, nullable=False),
    Column("target_member_id", BigInteger),
    Column("target_programme", Text),
    Column("amount_minor", BigInteger, nullable=False),
    instant("expires_at"),
    Column("source_hold", Text, nullable=False),
    Column("used", Boolean, nullable=False),
    comment="Leave to debit a member once, given by the member's partner.",
)

HOLD_IS_USED = "source_hold <> '' and state in ('PENDING', 'COMPLETED')"
"""Of a conversion: it uses up a hold in the system of its source's partner."""

conversion = Table(
    "conversion",
    metadata,
    _number(),
    Column("quote", BigInteger, nullable=False),
    Column("source_member_id", BigInteger, nullable=False),
    Column("source_programme", Text, nullable=False),
    Column("target_member_id", BigInteger, nullable=False),
    Column("target_programme", Text, nullable=False),
    Column("source_minor", BigInteger, nullable=False),
    Column("target_minor", BigInteger, nullable=False),
    Column("source_rate", BigInteger, nullable=False),
    Column("target_rate", BigInteger, nullable=False),
    Column("source_hold", Text, nullable=False),
    instant("accepted_at"),
    instant("deadline", nullable=True),
    Column("state", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("returned_source_minor", BigInteger, nullable=False),
    Column("returned_target_minor", BigInteger, nullable=False),
    Index("conversion_source_idx", "source_member_id", "source_programme", "number"),
    Index("conversion_target_idx", "target_member_id", "target_programme", "number"),
    Index(
        "conversion_hold_idx",
        "source_programme",
        "source_hold",
        unique=True,
        postgresql_where=text(HOLD_IS_USED),
    ),
    Index("conversion_pending_idx", "deadline", postgresql_where=text("state = 'PENDING'")),
    comment="What was converted, how far it is, and what of it came back.",
)

conversion_usage = Table(
    "conversion_usage",
    metadata,
    Column("source", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("offer", Text, primary_key=True),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("period", Text, primary_key=True),
    Column("used", Numeric(38, 0), nullable=False),
    comment="Converted by pair and offer, by a member or (0) all, in a day, a year, ever.",
)

hold = Table(
    "redemption_hold",
    metadata,
    _number(),
    Column("member_id", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("captured", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("capture_number", BigInteger),
    Column("agreement", BigInteger, nullable=False),
    Column("requester", Text, nullable=False),
    Column("captured_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    instant("expires_at"),
    Column("reference", Text, nullable=False),
    Index("hold_member_idx", "member_id", "programme", postgresql_where=text("state = 'OPEN'")),
    Index("hold_expiry_idx", "expires_at", postgresql_where=text("state = 'OPEN'")),
    Index("hold_merchant_idx", "merchant", "number"),
    comment="Points of the shared currency held for spending, and what became of them.",
)

promised = Table(
    "promised",
    metadata,
    Column("participant", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    comment="What participants will owe for holds that are open, were they captured whole.",
)

request = Table(
    "request",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("method", Text, nullable=False),
    Column("keyid", Text, nullable=False),
    Column("number", BigInteger),
    instant("decided_at"),
    Column("batch_id", Text),
    Column("batch_index", SmallInteger),
    Column("envelope", LargeBinary),
    Column("answer_type", Text),
    Column("answer", LargeBinary),
    Column("answer_keyid", Text),
    Index("request_key_idx", "keyid", "decided_at"),
    comment="Every decided request for ever; the batch of an item holds evidence and answer.",
)

archive_file = Table(
    "archive_file",
    metadata,
    _number(),
    Column("name", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("manifest_sha256", LargeBinary, nullable=False),
    instant("until"),
    instant("written_at"),
    Column("cleared", Boolean, nullable=False),
    comment="Files into which the envelopes of old requests were moved, from 1 on.",
)
