"""The migrations make exactly the tables that the rooms declare."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import partners.tables
import settlement.tables
from settlement.ledger.tables import metadata

ROOMS = (partners.tables, settlement.tables)


def test_head_is_what_the_rooms_declare(connection: Connection) -> None:
    assert all(room.metadata is metadata for room in ROOMS)
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []
