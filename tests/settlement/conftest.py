"""A founded book in a database of the test's own, for runs that commit."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from gateway.database import report_engine
from support.handmade import found


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = report_engine(database_url)
    with engine.begin() as connection:
        found(connection)
    yield engine
    engine.dispose()
