"""The tables of the book. Entries and lines are only ever inserted."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    },
)
"""All rooms hang their tables here, so that one migration history sees them all."""


def instant(name: str, *, nullable: bool = False) -> Column[object]:
    """A column for a UTC instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


coalition = Table(
    "coalition",
    metadata,
    Column("one", Boolean, CheckConstraint("one", name="one"), primary_key=True),
    Column("coalition_id", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("exponent", SmallInteger, nullable=False),
    Column("salt_key", LargeBinary, nullable=False),
    instant("created_at"),
    comment="The one coalition of this database.",
)

head = Table(
    "ledger_head",
    metadata,
    Column("one", Boolean, CheckConstraint("one", name="one"), primary_key=True),
    Column("size", BigInteger, nullable=False),
    instant("accepted_at"),
    Column("open_window", BigInteger, nullable=False),
    instant("window_opened_at"),
    Column("directory_version", BigInteger, nullable=False),
    Column("frontier", ARRAY(LargeBinary), nullable=False),
    comment="End of the log. Whoever locks this row is the writer.",
)

entry = Table(
    "entry",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("sender", Text, nullable=False),
    instant("accepted_at"),
    Column("window_id", BigInteger),
    Column("corrects", BigInteger),
    Column("request_sha256", LargeBinary),
    Column("facts", LargeBinary, nullable=False),
    Column("entry_bytes", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    comment="One accepted event each, gapless, in commit order.",
)

line = Table(
    "line",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("index", SmallInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, CheckConstraint("amount > 0", name="amount"), nullable=False),
    Column("debit", Text, nullable=False),
    Column("credit", Text, nullable=False),
    Column("funder", Text),
    Column("price", Text),
    Column("rule", Text),
    Column("terms", BigInteger),
    CheckConstraint("debit <> credit", name="accounts"),
    comment="One movement each, from the debit to the credit account.",
)

CLEARING_CEILING = 2**53
"""Most that one participant can owe another in a window: ninety trillion at exponent 2. Below it
the net of a participant with a thousand counterparties fits into 64 bits, so that no agreement
of two, however absurd its price, can keep everybody's window from being settled. Counters of what
is due grow for life: a thousand debts of that size, of all windows together, would fill them."""

company_account = Table(
    "company_account",
    metadata,
    Column("code", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("debits", BigInteger, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("debits_pending", BigInteger, nullable=False, server_default="0"),
    Column("credits_pending", BigInteger, nullable=False, server_default="0"),
    CheckConstraint(
        f"not starts_with(code, 'clearing/') or greatest(debits, credits) <= {CLEARING_CEILING}",
        name="clearing",
    ),
    comment="Counters of the accounts that belong to companies. They only grow.",
)

exposure = Table(
    "exposure",
    metadata,
    Column("participant", Text, primary_key=True),
    Column("debits", Numeric(38, 0), nullable=False),
    Column("credits", Numeric(38, 0), nullable=False),
    comment="What each participant was ever debited and credited between companies.",
)

member_account = Table(
    "member_account",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("debits", BigInteger, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("debits_pending", BigInteger, nullable=False, server_default="0"),
    Column("credits_pending", BigInteger, nullable=False, server_default="0"),
    comment="Counters of members' accounts, member first so that they can be distributed.",
)

feed = Table(
    "feed",
    metadata,
    Column("participant", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("facts", Boolean, nullable=False),
    Column("lines", ARRAY(SmallInteger), nullable=False),
    comment="Which entries, and what of them, a participant is shown.",
)

member_entry = Table(
    "member_entry",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    comment="Which entries moved a member's account.",
)

tree_node = Table(
    "tree_node",
    metadata,
    Column(
        "level",
        SmallInteger,
        CheckConstraint("level % 8 = 0 and level between 8 and 56", name="level"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "index",
        BigInteger,
        CheckConstraint("index >= 0", name="index"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("hash", LargeBinary, nullable=False),
    comment="Hashes of the complete tiles of the hash tree over the entries. Only inserted.",
)
