"""What goes wrong in the gateway is logged and answered without anybody's data."""

import json
from collections.abc import Iterator

import grpc
import pytest
import structlog
from sqlalchemy import text

from coalition.errors import Refused, Unavailable
from coalition.v1 import accrual_pb2, members_pb2
from gateway import calls, logs, writer
from settlement.ledger.entries import Coalition
from support.coalition_day import Day, coalition_day, membership, stay
from support.raw_calls import raw_wire


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        day.settled_world()
        yield day


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logs as `coalition serve` writes them, for the length of a test."""
    logs.configure()
    structlog.configure(cache_logger_on_first_use=False)
    for module in (calls, writer):
        monkeypatch.setattr(module, "_log", structlog.get_logger())
    yield
    logs.configure("CRITICAL")


def fail(message: str) -> None:
    raise ValueError(message)


pytestmark = pytest.mark.usefixtures("logged")


def test_a_traceback_holds_no_local_variable(capsys: pytest.CaptureFixture[str]) -> None:
    coalition = Coalition("c", "operator", "COIN", 2, b"salt-of-the-coalition")
    try:
        fail(f"first line\nquotes {coalition.salt_key!r}")
    except ValueError:
        structlog.get_logger().exception("it broke")
    said = capsys.readouterr().err

    assert json.loads(said)["exception"][0]["exc_value"] == "first line"
    assert "salt-of" not in said


def test_a_row_that_the_database_refuses_is_not_quoted(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    """A constraint that nobody foresaw: its error quotes the row and the parameters."""
    with day.engine.begin() as connection:
        connection.execute(
            text("alter table activity add check (reference <> 'folio-secret')"),
        )
    item = stay("H1", "folio-secret")
    with raw_wire(day) as wire:
        verdict = wire.send(wire.forge("Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=item)))
    said = capsys.readouterr().err

    assert verdict.reason == "UNAVAILABLE"
    assert "submission cannot be written" in said
    for secret in ("folio-secret", "H1", "salt"):
        assert secret not in said + verdict.message


def test_a_fault_while_reading_is_told_without_its_text(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    with day.engine.begin() as connection:
        connection.execute(text("alter table enrolment rename to gone"))
    request = members_pb2.LookUpRequest(membership=membership("hotel", "H-SECRET"))
    with raw_wire(day) as wire:
        verdict = wire.send(wire.forge("Members.LookUp", request))
    said = capsys.readouterr().err

    assert verdict.code is grpc.StatusCode.INTERNAL
    assert "operator" in verdict.message
    assert "UndefinedTable" in said
    assert "enrolment" not in verdict.message
    assert "H-SECRET" not in said + verdict.message


def test_calls_are_logged_without_what_they_are_about(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    day.accrue(stay("H1", "folio-secret"))
    with pytest.raises((Refused, Unavailable)):
        day.accrue(stay("NOBODY-SECRET", "folio-2"))
    said = capsys.readouterr().err

    assert "UNKNOWN_MEMBERSHIP" in said
    assert "SECRET" not in said.upper()
