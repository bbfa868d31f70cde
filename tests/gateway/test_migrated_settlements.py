"""Settlements that were closed before payments were confirmed: what they made due is due."""

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import text

from gateway.database import _config
from settlement.ledger import dues
from support.settled_world import World, settled_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with settled_world(database_url) as made:
        made.owe("alpha", "beta", 60)
        made.settle()
        made.owe("alpha", "beta", 5)
        made.owe("beta", "alpha", 5)
        made.settle()
        yield made


def test_what_was_posted_before_is_due(world: World) -> None:
    with world.engine.begin() as connection:
        before = dues.dues_of(connection, [1]), dues.posted_settlements(connection)
        command.downgrade(_config(connection), "0006")
        command.upgrade(_config(connection), "head")
        assert (dues.dues_of(connection, [1]), dues.posted_settlements(connection)) == before
        whys = connection.execute(text("select distinct why from settlement_change")).scalars()
        assert list(whys) == ["carried over: earlier steps were not recorded"]
    assert (world.state(1), world.state(2)) == ("CLOSED", "SETTLED")
    assert world.sound()
    assert not world.confirm("alpha", "beta", 60).reason
    assert world.sound()


def test_no_step_back_once_something_is_paid(world: World) -> None:
    """What is confirmed would be due again, and could be confirmed twice."""
    assert not world.confirm("alpha", "beta", 60).reason
    with world.engine.connect() as connection:
        with pytest.raises(RuntimeError, match="what is paid would be due again"):
            command.downgrade(_config(connection), "0003")
        connection.rollback()
    assert world.confirm("alpha", "beta", 60).reason == "PAYMENT_STATE"
    assert world.sound()
