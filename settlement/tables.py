"""The tables of windows, settlements and statements."""

from sqlalchemy import BigInteger, Column, Date, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from settlement.ledger import due_tables as due_tables
from settlement.ledger.tables import instant, metadata

window = Table(
    "settlement_window",
    metadata,
    Column("window_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("first_number", BigInteger, nullable=False),
    instant("opened_at"),
    Column("cut_number", BigInteger),
    instant("cut_at", nullable=True),
    comment="Spans of the log that settle together.",
)

settlement = Table(
    "settlement",
    metadata,
    Column("settlement_id", BigInteger, primary_key=True, autoincrement=False),
    Column("window_id", BigInteger, nullable=False),
    Column("stage", Text, nullable=False),
    Column("participants", ARRAY(Text), nullable=False),
    Column("post_number", BigInteger),
    instant("started_at"),
    instant("closed_at", nullable=True),
    Column("business_date", Date),
    Column("advice_date", Date),
    Column("settlement_date", Date),
    Column("method", Text),
    Column("supersedes", BigInteger),
    Column("apart", ARRAY(Text), nullable=False),
    comment="Runs of the night, each at the stage that it has reached.",
)

obligation = Table(
    "settlement_obligation",
    metadata,
    Column("settlement_id", BigInteger, primary_key=True, autoincrement=False),
    Column("debtor", Text, primary_key=True),
    Column("creditor", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("lines", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    comment="Gross sums over a window's lines, by who owes whom and the kind of line.",
)

position = Table(
    "settlement_position",
    metadata,
    Column("settlement_id", BigInteger, primary_key=True, autoincrement=False),
    Column("participant", Text, primary_key=True),
    Column("net", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("opening", BigInteger),
    comment="Net and entries of a window, and what was open at its posting; positive receives.",
)

payment = Table(
    "settlement_payment",
    metadata,
    Column("settlement_id", BigInteger, primary_key=True, autoincrement=False),
    Column("payer", Text, primary_key=True),
    Column("payee", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    comment="What is to be paid, after netting.",
)

statement = Table(
    "settlement_statement",
    metadata,
    Column("settlement_id", BigInteger, primary_key=True, autoincrement=False),
    Column("participant", Text, primary_key=True),
    Column("json", LargeBinary, nullable=False),
    Column("csv", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("previous_sha256", LargeBinary),
    comment="What each participant is told, as the exact bytes.",
)
