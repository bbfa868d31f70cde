"""The tables of partners' records of windows, and of the breaks found in them and elsewhere.

Nothing in them is ever edited but how far a record has come: a break is what was found, and what
became of it are its steps, one entry of the log each.
"""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, LargeBinary, Numeric, Table, Text

from settlement.ledger.tables import instant, metadata

delivery_break = Table(
    "delivery_break",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("conversion", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("ledger_minor", BigInteger, nullable=False),
    Column("reported_minor", BigInteger, nullable=False),
    Column("reference", Text, nullable=False),
    instant("recorded_at"),
    Index("delivery_break_conversion_idx", "conversion"),
    comment="Disagreements between the ledger and what partners report of deliveries.",
)

reconciliation = Table(
    "reconciliation",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("participant", Text, nullable=False),
    Column("window_id", BigInteger, nullable=False),
    Column("file_sha256", LargeBinary, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("amount_tolerance", BigInteger, nullable=False),
    Column("day_tolerance", Integer, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("received_chunks", BigInteger, nullable=False),
    Column("received_rows", BigInteger, nullable=False),
    Column("received_total", BigInteger, nullable=False),
    Column("received_gross", BigInteger, nullable=False),
    Column("concluded_number", BigInteger),
    instant("concluded_at", nullable=True),
    Column("superseded_number", BigInteger),
    Index("reconciliation_window_idx", "participant", "window_id"),
    Index("reconciliation_concluded_idx", "concluded_number", unique=True),
    comment="Partners' records of windows, and how far their reconciliation has come.",
)

reconciliation_row = Table(
    "reconciliation_row",
    metadata,
    Column("reconciliation", BigInteger, nullable=False),
    Column("row", BigInteger, nullable=False),
    Column("reference", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("counterparty", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Index("reconciliation_row_idx", "reconciliation"),
    comment="Rows of partners' records; positive amounts are received.",
)

reconciliation_result = Table(
    "reconciliation_result",
    metadata,
    Column("reconciliation", BigInteger, primary_key=True, autoincrement=False),
    Column("items", BigInteger, nullable=False),
    Column("items_total", Numeric(38, 0), nullable=False),
    Column("counts", Text, nullable=False),
    Column("findings", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    comment="What matching found, in sum: it follows from a record's rows and the ledger alone.",
)

reconciliation_finding = Table(
    "reconciliation_finding",
    metadata,
    Column("reconciliation", BigInteger, primary_key=True, autoincrement=False),
    Column("item", Integer, primary_key=True, autoincrement=False),
    Column("outcome", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("counterparty", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("row", BigInteger),
    Column("rows", BigInteger, nullable=False),
    Column("entry", BigInteger),
    Column("entries", BigInteger, nullable=False),
    Column("ledger_minor", BigInteger, nullable=False),
    Column("reported_minor", BigInteger, nullable=False),
    Column("ledger_date", Date),
    Column("reported_date", Date),
    comment="All that matching found but plain matches.",
)

break_step = Table(
    "break_step",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("break_number", BigInteger, nullable=False),
    Column("break_item", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("participant", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("evidence_sha256", LargeBinary),
    Column("entry", BigInteger),
    Column("debtor", Text, nullable=False),
    Column("creditor", Text, nullable=False),
    Column("amount", BigInteger),
    instant("taken_at"),
    Index("break_step_break_idx", "break_number", "break_item", "number"),
    comment="What became of breaks, each step an entry of its own.",
)
