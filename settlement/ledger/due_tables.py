"""The tables of what is due after a settlement, and of how it came to be as it is."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Identity,
    Index,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from settlement.ledger.tables import instant, metadata

posted_settlement = Table(
    "posted_settlement",
    metadata,
    Column("settlement_id", BigInteger, primary_key=True, autoincrement=False),
    Column("window_id", BigInteger, nullable=False),
    Column("post_number", BigInteger, nullable=False),
    instant("posted_at"),
    Column("state", Text, nullable=False),
    Column("abort_number", BigInteger),
    comment="Settlements whose payments were posted, and what became of them.",
)

due = Table(
    "due",
    metadata,
    Column("settlement_id", BigInteger, primary_key=True, autoincrement=False),
    Column("payer", Text, primary_key=True),
    Column("payee", Text, primary_key=True),
    Column("amount", BigInteger, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column("state", Text, nullable=False),
    instant("posted_at"),
    Column("reference", Text, nullable=False),
    Column("value_date", Date),
    Column("disputed", Text, nullable=False),
    instant("ended_at", nullable=True),
    Column("ended_number", BigInteger),
    Index("due_payer_idx", "payer"),
    Index("due_payee_idx", "payee"),
    comment="Payments that settlements made due, and how far each is.",
)

settlement_abort = Table(
    "settlement_abort",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("settlement_id", BigInteger, nullable=False),
    Column("proposed_by", Text, nullable=False),
    instant("proposed_at"),
    Column("reason", Text, nullable=False),
    Column("apart", ARRAY(Text), nullable=False),
    Column("despite_sent", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_by", Text, nullable=False),
    Column("ended_number", BigInteger),
    Index("settlement_abort_settlement_id_idx", "settlement_id"),
    comment="Proposals to abort a settlement, and what became of them.",
)

settlement_change = Table(
    "settlement_change",
    metadata,
    Column("change_id", BigInteger, Identity(always=True), primary_key=True),
    Column("settlement_id", BigInteger, nullable=False),
    Column("payer", Text, nullable=False),
    Column("payee", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("who", Text, nullable=False),
    instant("at"),
    Column("why", Text, nullable=False),
    Column("number", BigInteger),
    Index("settlement_change_settlement_id_idx", "settlement_id"),
    comment="Every step of a settlement, and of its payments: who, when, why, by which entry.",
)
