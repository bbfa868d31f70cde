"""The migrations make exactly the tables that the rooms declare."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

import partners.tables
import settlement.tables
from gateway.database import _config
from settlement.ledger.check import check
from settlement.ledger.tables import metadata
from support.handmade import COALITION, administration, found, write

CHECKS = """
select conrelid::regclass::text as owner, conname, pg_get_constraintdef(oid)
from pg_constraint where contype = 'c' and connamespace = cast(:schema as regnamespace)
"""

ROOMS = (partners.tables, settlement.tables)


def test_head_is_what_the_rooms_declare(connection: Connection) -> None:
    assert all(room.metadata is metadata for room in ROOMS)
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []


def test_the_database_checks_what_the_rooms_declare(connection: Connection) -> None:
    """Alembic does not compare check constraints, so the two are made and read side by side."""
    connection.execute(text("create schema declared"))
    declared = connection.execution_options(schema_translate_map={None: "declared"})
    metadata.create_all(declared)
    found = {
        schema: {
            (owner.removeprefix("declared."), name, definition)
            for owner, name, definition in connection.execute(text(CHECKS), {"schema": schema})
        }
        for schema in ("public", "declared")
    }
    assert found["public"] == found["declared"]
    assert len(found["public"]) >= 4


def test_a_step_back_and_forward_again(connection: Connection) -> None:
    command.downgrade(_config(connection), "0002")
    command.upgrade(_config(connection), "head")
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []


def test_the_tree_of_a_log_that_is_there_already_is_stored(connection: Connection) -> None:
    found(connection)
    for _ in range(3):
        write(connection, *[administration] * 200)
    stored = text('select level, "index", hash from tree_node order by 1, 2')
    made = connection.execute(stored).all()
    assert [(row.level, row.index) for row in made] == [(8, 0), (8, 1)]

    command.downgrade(_config(connection), "0003")
    command.upgrade(_config(connection), "head")
    assert connection.execute(stored).all() == made
    assert check(connection, COALITION) == []
