"""The driver below SQLAlchemy: COPY is its own."""

import psycopg
from sqlalchemy import Connection


def driver_of(connection: Connection) -> "psycopg.Connection[tuple[object, ...]]":
    """The driver's connection of one of SQLAlchemy's."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        message = f"{type(driver).__name__} is not psycopg's"
        raise TypeError(message)
    return driver
