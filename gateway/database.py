"""Connections to the database, and bringing its schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, make_url, text

POOL_SIZE = 12
"""One for the writer, the rest for readers: more than two cores can use."""

POOL_TIMEOUT_SECONDS = 5
"""A reader that waits longer is told that the gateway is busy."""

UPGRADE_LOCK = int.from_bytes(b"coalupg1")
"""Advisory lock of the schema: processes that start at once upgrade it one after the other."""

SESSION_OPTIONS = (
    "-c plan_cache_mode=force_generic_plan "
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off "
    "-c timezone=UTC -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s"
)
"""The gateway's statements look up batches of keys, so each is planned once for any keys: planning
was a third of what a small transaction took in the database. A hash join reads a whole table to
find a thousand rows; on the sessions of the gateway no such thing may be chosen. Reports use
sessions without these options."""

NOTICED_DEAD = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""A database server that is gone without a word, as when its machine lost power or a network
forgot the connection, is noticed in 25 seconds, not in the two hours of a system's own default.
What the URL says of these comes first."""

PLANS_LAST_SECONDS = 120
"""How old a connection may be when it is taken from the pool: a plan that was made while a table
was empty is not kept for ever."""


def connect_engine(url: str, *, options: str = SESSION_OPTIONS) -> Engine:
    """An engine for a `postgresql+psycopg://` URL; connections are made when needed."""
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=False,
        pool_recycle=PLANS_LAST_SECONDS,
        connect_args={
            "options": options,
            "connect_timeout": 5,
            "prepare_threshold": 2,
            **{k: v for k, v in NOTICED_DEAD.items() if k not in make_url(url).query},
        },
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # they are payloads, and errors end up in logs
    )


def report_engine(url: str) -> Engine:
    """An engine for work that reads whole tables: settlement, checks."""
    return connect_engine(url, options="-c timezone=UTC -c jit=off")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the schema up to date; the caller commits, and until then others wait here."""
    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
    command.upgrade(_config(connection), "head")
