"""`coalition settle` and `coalition calendar`: what is due, what came of it, and the calendar."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from gateway.cli.main import cli
from gateway.database import report_engine
from support.handmade import debt, double_dip, found, write

CALENDAR = """\
time_zone = "Asia/Tokyo"
cut_off = 00:00:00
cut_off_next_day = true
advice_days = 1
settlement_days = 3
"""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = report_engine(database_url)
    with engine.begin() as connection:
        found(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "calendar.toml").write_text(CALENDAR)
    return tmp_path


def run(home: Path, *words: str, expect: int = 0) -> Result:
    done = CliRunner().invoke(cli, [*words, "--data-dir", str(home)])
    assert done.exit_code == expect, done.output
    return done


def settle(home: Path, engine: Engine, *options: str, expect: int = 0) -> Result:
    url = engine.url.render_as_string(hide_password=False)
    return run(home, "settle", "--database-url", url, *options, expect=expect)


def test_nothing_is_due_then_once_what_is(home: Path, engine: Engine) -> None:
    assert "Nothing is due. The next closing: business date" in settle(home, engine, "--due").stdout
    with engine.begin() as connection:
        write(connection, double_dip)
    settled = json.loads(settle(home, engine, "--due", "--json").stdout)
    assert settled["stage"] == "CLOSED"
    assert (settled["gross"], settled["net"], settled["ratio"]) == (244_80, 244_80, "1")
    assert settled["method"] == "exact"
    closed = date.fromisoformat(settled["business_date"])
    days = [settled[name] for name in ("advice_date", "settlement_date")]
    assert days == [(closed + timedelta(days=n)).isoformat() for n in (1, 3)]
    told = json.loads(settle(home, engine, "--due", "--json").stdout)
    assert told["due"] is False
    assert told["next_closing"]["closes_at"].endswith("T15:00:00Z")


def test_what_is_shown(home: Path, engine: Engine) -> None:
    with engine.begin() as connection:
        write(connection, double_dip, debt("airline-m", "hotel-h", 40_00))
    shown = settle(home, engine).stdout
    assert "Gross 284.80 COIN, net 204.80, 64/89 (71.91 %) of it; the fewest payments" in shown
    assert "Business date 20" in shown
    assert "advice on 20" in shown
    assert "payment on 20" in shown


def test_closings_are_shown_before_they_count(home: Path) -> None:
    shown = json.loads(
        run(home, "calendar", "--from", "2026-12-04", "--count", "2", "--json").stdout
    )
    assert shown["time_zone"] == "Asia/Tokyo"
    assert shown["closings"][0] == {
        "business_date": "2026-12-04",
        "closes_at": "2026-12-04T15:00:00Z",
        "closes_at_local": "2026-12-05T00:00:00+09:00",
        "advice_date": "2026-12-05",
        "settlement_date": "2026-12-07",
    }
    assert len(shown["closings"]) == 2
    assert "2026-12-07" in run(home, "calendar", "--from", "2026-12-04").stdout


def test_the_configuration_names_a_calendar(tmp_path: Path) -> None:
    (tmp_path / "agreed.toml").write_text(CALENDAR)
    (tmp_path / "coalition.toml").write_text(f'calendar = "{tmp_path / "agreed.toml"}"\n')
    words = ["--config", str(tmp_path / "coalition.toml"), "calendar", "--json"]
    done = CliRunner().invoke(cli, words)
    assert json.loads(done.stdout)["time_zone"] == "Asia/Tokyo"
    missing = run(tmp_path, "calendar", "--calendar", "not-there.toml", expect=2)
    assert "not-there.toml: No such file" in missing.stderr


def test_without_a_calendar_business_dates_end_at_midnight_utc(tmp_path: Path) -> None:
    shown = json.loads(run(tmp_path, "calendar", "--count", "1", "--json").stdout)
    (closing,) = shown["closings"]
    closed = date.fromisoformat(closing["business_date"])
    assert closing["closes_at"] == f"{closed + timedelta(days=1)}T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time_zone = 'Europe/Berln'\ncut_off = 02:00:00", "no time zone 'Europe/Berln'"),
        ("time_zone = 'UTC'", "cut_off is missing"),
        ("time_zone = 'UTC'\ncut_off = '2:00'", "line 2, cut_off is"),
        ("time_zone = 'UTC'\ncut_off = 02:00:00\nholiday = []", "did you mean holidays?"),
        ("time_zone = 'UTC'\ncut_off = 02:00:00\nholidays = ['soon']", "line 3, holidays[0]"),
        ("time_zone = 'UTC'\ncut_off = 02:00:00\nadvice_days = -1", "advice comes before"),
        ("time_zone = 'UTC'\ncut_off = 02:00:00\ncycle = 'listed'", "closing days are listed"),
        ("time_zone = 'UTC'\ncut_off =", "is not TOML"),
    ],
)
def test_a_calendar_that_cannot_be_used_settles_nothing(
    home: Path, engine: Engine, text: str, says: str
) -> None:
    (home / "calendar.toml").write_text(text)
    assert says in run(home, "calendar", expect=2).stderr
    assert says in settle(home, engine, "--due", expect=2).stderr


def test_a_list_that_has_ended_fails_and_says_what_to_do(home: Path, engine: Engine) -> None:
    listed = "[[closing]]\nclosing = 2020-01-02\nadvice = 2020-01-02\nsettlement = 2020-01-03\n"
    (home / "calendar.toml").write_text(
        f"time_zone = 'UTC'\ncut_off = 02:00:00\ncycle = 'listed'\n{listed}"
    )
    for _ in range(2):
        told = settle(home, engine, "--due", expect=1).stderr
        assert "the calendar lists no closing on" in told
        assert "add the next ones" in told
        with engine.begin() as connection:
            write(connection, double_dip)
