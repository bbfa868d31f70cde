"""The night: staged, resumable, and the same bytes however often it is run."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from coalition.statements import read_statement, verify_statement
from gateway.database import report_engine
from settlement.check import check_settlements
from settlement.ledger.book import read_head
from settlement.ledger.check import check, snapshot
from settlement.netting import Payment
from settlement.reports import SettlementReport
from settlement.run import (
    LOCK,
    Progress,
    SettlementDifference,
    SettlementUnderWay,
    ignore,
    settle,
)
from settlement.statements import positions, statement
from settlement.store import Stage
from support.handmade import (
    COALITION,
    DAY,
    NOW,
    PARTICIPANTS,
    Business,
    administration,
    conversion,
    debt,
    double_dip,
    found,
    money_at,
    nothing_earned,
    write,
)

STAGES = tuple(Stage)
NIGHTS = 20


def night(engine: Engine, progress: Progress = ignore) -> SettlementReport:
    return settle(
        engine, COALITION, PARTICIPANTS, lambda: NOW + timedelta(hours=12), money_at, progress
    )


def happened(engine: Engine, *business: Business) -> None:
    with engine.begin() as connection:
        write(connection, *business)


def sound(engine: Engine) -> bool:
    with snapshot(engine) as connection:
        assert check(connection, COALITION) == []
        assert check_settlements(connection, COALITION) == []
    return True


def told(report: SettlementReport) -> dict[str, tuple[bytes, bytes, bytes]]:
    return {name: (each.json, each.csv, each.sha256) for name, each in report.statements.items()}


@pytest.mark.parametrize(
    ("business", "nets"),
    [
        (
            double_dip,
            {"airline-m": 240_00, "bank-c": 0, "hotel-h": -244_80, "operator": 4_80},
        ),
        (
            conversion,
            {"airline-m": 484_80, "bank-c": 0, "hotel-h": -500_00, "operator": 15_20},
        ),
        (nothing_earned, dict.fromkeys(("airline-m", "bank-c", "hotel-h", "operator"), 0)),
    ],
)
def test_worked_examples(engine: Engine, business: Business, nets: dict[str, int]) -> None:
    happened(engine, business)
    report = night(engine)
    assert report.positions == nets
    assert set(report.statements) == set(nets)
    assert report.settlement is not None
    assert report.settlement.stage is Stage.CLOSED
    assert sound(engine)


def test_what_is_due_is_posted_and_clearing_is_at_zero(engine: Engine) -> None:
    happened(engine, *DAY)
    report = night(engine)
    assert report.payments == (
        Payment("bank-c", "airline-m", 279_00),
        Payment("bank-c", "operator", 20_00),
        Payment("hotel-h", "airline-m", 445_80),
    )
    with engine.connect() as connection:
        clearing = connection.execute(
            text(
                "select count(*), count(*) filter (where debits <> credits) "
                "from company_account where code ^@ 'clearing/1/'"
            ),
        ).one()
        due = connection.execute(
            text(
                "select code, credits - debits from company_account where code ^@ 'settlement/' "
                "order by code"
            ),
        ).all()
    assert tuple(clearing) == (6, 0)
    assert dict(map(tuple, due)) == {
        "settlement/airline-m": 724_80,
        "settlement/bank-c": -299_00,
        "settlement/hotel-h": -445_80,
        "settlement/operator": 20_00,
    }


def test_again_changes_nothing(engine: Engine) -> None:
    happened(engine, *DAY)
    report = night(engine)
    with engine.connect() as connection:
        size = read_head(connection).size
    assert night(engine) == report
    happened(engine, administration)
    assert night(engine) == report
    with engine.connect() as connection:
        assert read_head(connection).size == size + 1


def test_nothing_to_settle(engine: Engine) -> None:
    report = night(engine)
    assert report.nothing_to_settle
    assert report == SettlementReport()


def test_statements_continue_each_other(engine: Engine) -> None:
    happened(engine, double_dip)
    first = night(engine)
    happened(engine, conversion)
    second = night(engine)
    for name, before in first.statements.items():
        after = second.statements[name]
        assert after.previous_sha256 == before.sha256
        told, earlier = read_statement(after.json), read_statement(before.json)
        assert told.previous_sha256 == before.sha256.hex()
        assert told.position["opening_minor"] == earlier.position["closing_minor"]
        assert told.first_number == earlier.last_number + 1
        assert verify_statement(after.json, after.csv) == []
    hotel = read_statement(second.statements["hotel-h"].json)
    assert hotel.position["closing_minor"] == "-74480"
    assert sound(engine)


class Killed(Exception):
    """The run ends here."""


def killed_at(stage: Stage, done: int) -> Progress:
    def progress(reached: str, so_far: int, _total: int) -> None:
        if (reached, so_far) == (stage, done):
            raise Killed

    return progress


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, dict[str, tuple[bytes, bytes, bytes]]]:
    return {}


@pytest.mark.parametrize("done", [0, 1], ids=["before", "before commit"])
@pytest.mark.parametrize("stage", STAGES)
def test_killed_anywhere_and_run_again(
    engine: Engine,
    stage: Stage,
    done: int,
    undisturbed: dict[str, dict[str, tuple[bytes, bytes, bytes]]],
) -> None:
    """Every run comes to the same bytes; the first of them is the measure."""
    happened(engine, *DAY)
    for _ in range(2):
        with pytest.raises(Killed):
            night(engine, killed_at(stage, done))
    report = night(engine)
    assert sound(engine)
    assert told(report) == undisturbed.setdefault("bytes", told(report))
    with engine.connect() as connection:
        kinds = connection.execute(text("select kind from entry where window_id is null"))
        assert sorted(kinds.scalars()) == ["CUT", "GENESIS", "SETTLEMENT"]
    assert night(engine) == report


def nights(engine: Engine, stage: str) -> dict[str, Any]:
    """As many nights, each in a process of its own that is killed in a stage."""
    url = engine.url.render_as_string(hide_password=False)
    folder = Path(__file__).parent
    ended = subprocess.run(
        [sys.executable, folder / "killed_nights.py", url, stage, str(NIGHTS)],
        env={**os.environ, "PYTHONPATH": str(folder.parent)},
        check=True,
        stdout=subprocess.PIPE,
    )
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


@pytest.fixture(scope="module")
def undisturbed_nights(module_database_url: str) -> dict[str, Any]:
    engine = report_engine(module_database_url)
    with engine.begin() as connection:
        found(connection)
    engine.dispose()
    return nights(engine, "none")


@pytest.mark.parametrize("stage", STAGES)
def test_killed_processes_leave_what_the_next_ones_finish(
    engine: Engine, stage: Stage, undisturbed_nights: dict[str, Any]
) -> None:
    """In each stage twenty times: one settlement a night, the bytes of undisturbed nights."""
    disturbed = nights(engine, stage)
    assert disturbed["within"] >= NIGHTS // 4
    assert sound(engine)
    with engine.connect() as connection:
        kinds = connection.execute(text("select kind from entry where window_id is null"))
        assert Counter(kinds.scalars()) == {"GENESIS": 1, "CUT": NIGHTS, "SETTLEMENT": NIGHTS}
    assert disturbed["statements"] == undisturbed_nights["statements"]


def test_an_undisturbed_run_gives_these_bytes(
    engine: Engine,
    undisturbed: dict[str, dict[str, tuple[bytes, bytes, bytes]]],
) -> None:
    happened(engine, *DAY)
    report = night(engine)
    assert told(report) == undisturbed.get("bytes", told(report))


def test_a_connection_lost_in_a_stage_loses_nothing(engine: Engine) -> None:
    happened(engine, *DAY)

    def cut_off(stage: str, done: int, _total: int) -> None:
        if (stage, done) == (Stage.POST, 1):
            with engine.connect() as other:
                other.execute(
                    text(
                        "select pg_terminate_backend(pid) from pg_locks "
                        "where locktype = 'advisory' and granted and pid <> pg_backend_pid() "
                        "and database = (select oid from pg_database "
                        "                where datname = current_database())"
                    ),
                )

    with pytest.raises(Exception, match=r"terminat|closed|lost"):
        night(engine, cut_off)
    report = night(engine)
    assert report.settlement is not None
    assert report.settlement.stage is Stage.CLOSED
    assert sound(engine)


def test_late_business_goes_to_the_next_window(engine: Engine) -> None:
    happened(engine, double_dip)

    def meanwhile(stage: str, done: int, _total: int) -> None:
        if done == 0 and stage != Stage.CUT:
            happened(engine, debt("airline-m", "hotel-h", 7))

    report = night(engine, meanwhile)
    assert report.positions["hotel-h"] == -244_80
    assert report.window is not None
    assert report.window.last_number == 2
    with engine.connect() as connection:
        assert positions(connection, 2) == {"airline-m": -28, "hotel-h": 28}
        assert positions(connection, 1) == report.positions
    assert night(engine).positions["hotel-h"] == 28
    assert sound(engine)


def test_business_that_arrives_before_the_cut_is_in_it(engine: Engine) -> None:
    happened(engine, double_dip)

    def meanwhile(stage: str, done: int, _total: int) -> None:
        if (stage, done) == (Stage.CUT, 0):
            happened(engine, debt("airline-m", "hotel-h", 7))

    assert night(engine, meanwhile).positions["hotel-h"] == -244_73
    assert sound(engine)


def test_one_run_at_a_time(engine: Engine) -> None:
    happened(engine, double_dip)
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
        with pytest.raises(SettlementUnderWay, match="under way"):
            night(engine)
        connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.rollback()
    assert not night(engine).nothing_to_settle


def damage_counter(connection: Connection) -> None:
    connection.execute(
        text(
            "update company_account set debits = debits + 1 "
            "where code = 'clearing/1/hotel-h:airline-m'"
        ),
    )


def damage_line(connection: Connection) -> None:
    connection.execute(text("update line set amount = amount + 1 where kind = 'FEE'"))


def drop_line(connection: Connection) -> None:
    connection.execute(text("delete from line where kind = 'PRINCIPAL'"))


@pytest.mark.parametrize(
    ("damage", "account"),
    [
        (damage_counter, "clearing/1/hotel-h:airline-m"),
        (damage_line, "clearing/1/hotel-h:operator"),
        (drop_line, "clearing/1/airline-m:hotel-h"),
    ],
)
@pytest.mark.parametrize("stage", [Stage.CUT, Stage.NET])
def test_a_difference_stops_the_run_and_changes_nothing(
    engine: Engine,
    damage: Callable[[Connection], None],
    account: str,
    stage: Stage,
) -> None:
    happened(engine, double_dip)
    if stage is Stage.NET:
        with pytest.raises(Killed):
            night(engine, killed_at(Stage.NET, 0))
    with engine.begin() as connection:
        damage(connection)
        size = read_head(connection).size
    with pytest.raises(SettlementDifference, match="window-sums") as raised:
        night(engine)
    assert f"account {account}" in {problem.where for problem in raised.value.problems}
    with engine.connect() as connection:
        assert read_head(connection).size == size
        assert positions(connection, 2) == {}


@pytest.mark.parametrize(
    ("stage", "statement", "check_name"),
    [
        (
            Stage.POST,
            "update settlement_position set net = net + 1 where participant = 'hotel-h'",
            "closing",
        ),
        (Stage.POST, "update settlement_obligation set amount = amount + 1", "clearing-left"),
        (
            Stage.CLOSED,
            "update settlement_statement set json = 'x' where participant = 'bank-c'",
            "statement-hash",
        ),
        (Stage.CLOSED, "delete from settlement_payment", "payments"),
    ],
)
def test_what_was_stored_is_checked_again(
    engine: Engine,
    stage: Stage,
    statement: str,
    check_name: str,
) -> None:
    happened(engine, double_dip)
    with pytest.raises(Killed):
        night(engine, killed_at(stage, 0))
    with engine.begin() as connection:
        connection.execute(text(statement))
    with pytest.raises(SettlementDifference, match=check_name):
        night(engine)


def test_whoever_owes_gets_a_statement(engine: Engine) -> None:
    happened(engine, debt("petrol-p", "hotel-h", 5))
    report = settle(engine, COALITION, [], lambda: NOW, money_at)
    assert report.positions == {"hotel-h": 5, "operator": 0, "petrol-p": -5}
    assert report.settlement is not None
    with engine.connect() as connection:
        found = statement(connection, report.settlement.settlement_id, "petrol-p")
        assert found == report.statements["petrol-p"]
        assert statement(connection, 7, "petrol-p") is None


def test_progress_names_the_stages(engine: Engine) -> None:
    happened(engine, double_dip)
    seen: list[tuple[str, int, int]] = []
    night(engine, lambda *step: seen.append(step))
    assert [stage for stage, done, total in seen if done == total] == list(STAGES)


def test_another_clock_gives_the_same_statements(
    engine: Engine, undisturbed_nights: dict[str, Any]
) -> None:
    """On the same business date: no time is in them, and nothing that is signed."""
    happened(engine, *DAY)
    later = settle(engine, COALITION, PARTICIPANTS, lambda: NOW + timedelta(hours=20), money_at)
    told_later = {name: each.sha256.hex() for name, each in later.statements.items()}
    assert told_later == undisturbed_nights["statements"][0]
