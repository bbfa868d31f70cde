"""The tables of what was erased: of whom, and which stored requests were cut for it."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, text

from settlement.ledger.tables import instant, metadata

erasure = Table(
    "erasure",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("programme", Text, nullable=False),
    Column("member_number", Text),
    instant("finished_at", nullable=True),
    Index("erasure_open_idx", "number", postgresql_where=text("finished_at is null")),
    comment="Memberships that were erased; their numbers only until the requests are cut.",
)

erased_request = Table(
    "erased_request",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    comment="Requests and items whose content or answer was erased, with the first erasure.",
)
