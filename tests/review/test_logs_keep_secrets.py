"""What goes wrong in the gateway is logged and answered without anybody's data."""

import json
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import psycopg
import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from coalition import keyfiles
from coalition.errors import Refused, Unavailable
from coalition.v1 import accrual_pb2, members_pb2
from gateway import calls, logs, writer
from gateway.cli.main import cli
from partners import tables
from settlement.ledger.bulk import copy_rows
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


SECRET = "H-SECRET-30917"


def a_number_twice(connection: Connection) -> None:
    """The detail of a unique violation is the key."""
    row = ("hotel", SECRET, 1)
    copy_rows(connection, tables.enrolment, [row, row])


def a_row_that_is_too_short(connection: Connection) -> None:
    """The detail of a null in its way is the whole row."""
    connection.execute(
        text("insert into membership (member_id, member_number) values (1, :number)"),
        {"number": SECRET},
    )


def a_statement_that_fails(connection: Connection) -> None:
    """A statement with its values in it, as people write them who look for something."""
    connection.exec_driver_sql(f"select 1 / 0 from pg_class where relname <> '{SECRET}'")


FAULTS: list[Callable[[Connection], None]] = [
    a_number_twice,
    a_row_that_is_too_short,
    a_statement_that_fails,
]


def server_log(connection: Connection) -> str:
    return str(connection.execute(text("select pg_read_file(pg_current_logfile())")).scalar_one())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_the_database_servers_own_log_quotes_no_row(
    database_url: str, fault: Callable[[Connection], None]
) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        name = connection.execute(text("select current_database()")).scalar_one()
    with engine.connect() as connection, pytest.raises((DBAPIError, psycopg.Error)):
        fault(connection)
    deadline = time.monotonic() + 20
    with engine.connect() as connection:
        said = server_log(connection)
        while f"@{name} ERROR" not in said:
            assert time.monotonic() < deadline, "the fault is not in the log"
            time.sleep(0.05)
            said = server_log(connection)
    engine.dispose()

    assert SECRET not in said


def test_a_link_code_is_not_logged(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither one that is right, nor one that is wrong, nor where it was made."""
    with pytest.raises(Refused, match="BAD_LINK_CODE"):
        day.client("airline").write(
            "Members.Link",
            members_pb2.LinkRequest(
                membership=membership("airline", "A1"), other_programme="hotel", code="SECRET2345"
            ),
        )
    made = day.client("hotel").write(
        "Members.CreateLinkCode",
        members_pb2.CreateLinkCodeRequest(
            membership=membership("hotel", "H1"), other=membership("airline", "A-SECRET")
        ),
    )
    said = capsys.readouterr().err

    assert "BAD_LINK_CODE" in said
    assert made.result_as(members_pb2.CreateLinkCodeResult).code not in said
    assert "SECRET" not in said


PASSWORD = "password-SECRET-77"
NOWHERE = f"postgresql+psycopg://someone:{PASSWORD}@127.0.0.1:9/nothing"

COMMANDS = [
    ("check",),
    ("review", "--dry-run"),
    ("settle",),
    ("serve", "--listen", "127.0.0.1:0"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_databases_password_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """A database that is not there, given on the command line, and one whose address is wrong."""
    monkeypatch.setenv("COALITION_PASSPHRASE", "passphrase-SECRET-88")
    for address in (NOWHERE, NOWHERE.replace("postgresql", "mysql")):
        options = ("--database-url", address, "--data-dir", str(tmp_path))
        done = CliRunner().invoke(cli, [*command, *options])

        assert done.exit_code != 0
        assert isinstance(done.exception, SystemExit)
        assert "SECRET" not in done.output + done.stderr


def test_a_key_and_its_passphrase_are_in_no_error(tmp_path: Path) -> None:
    """Neither in the words, nor in what led to them: a traceback of it shows nothing either."""
    key, another = keyfiles.generate(), PASSWORD.encode()
    path = tmp_path / "hotel.key"
    keyfiles.write_key(path, key, b"passphrase-SECRET-88")
    with pytest.raises(keyfiles.KeyFileError) as wrong:
        keyfiles.read_key(path, another)
    shown = "".join(traceback.format_exception(wrong.value)) + repr(key)

    assert "SECRET" not in shown
    assert key.private_bytes_raw().hex() not in shown
    assert wrong.value.__cause__ is None
    assert wrong.value.__suppress_context__
