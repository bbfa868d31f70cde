"""Liabilities by RPC, and by command against the same gateway."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from google.protobuf.timestamp_pb2 import Timestamp

from coalition.errors import Refused
from coalition.keyfiles import write_key
from coalition.profile import write_profile
from coalition.v1 import liabilities_pb2 as pb
from gateway.cli.main import cli
from gateway.cli.settle_command import settle_now
from support.coalition_day import Day, activity_key, coalition_day, item, private_key, stay

Run = Callable[..., Result]
HOTEL_FIRST = 2_500
"""200.00 of room revenue at 10 points each, and a quarter of that for a Gold member."""


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    """Of now, since commands sign by the clock of this machine. Two windows, then a third.

    In the first a stay, in the second a conversion, in the third coins.
    """
    with coalition_day(module_database_url, datetime.now(UTC)) as day:
        day.settled_world()
        began = day.clock.now - timedelta(days=1)
        day.accrue(stay("H1", "one", 20_000, started_at=began))
        settle_now(day.engine, day.clock, lambda *_: None)
        day.convert(day.quote(("hotel", "H1"), ("airline", "A1"), 1_000).quote)
        settle_now(day.engine, day.clock, lambda *_: None)
        day.enrol("operator", "C1", sender="admin-one")
        coins = item(
            "operator",
            "C1",
            activity_key("operator", "GIFT", "1"),
            stated={("operator", "BASE"): 500},
        )
        day.accrue(coins, sender="admin-one")
        yield day


def rolled(day: Day, sender: str = "hotel", **span: object) -> pb.RollForwardList:
    request = pb.GetRollForwardRequest(span=pb.LedgerSpan(**span))  # type: ignore[arg-type]
    return day.client(sender).read("Liabilities.GetRollForward", request, pb.RollForwardList)


def steps(found: pb.RollForward) -> dict[str, int]:
    moved = {
        pb.PointsMovement.Name(m.movement).removeprefix("POINTS_MOVEMENT_"): m.amount_minor
        for m in found.movements
    }
    return {"OPENING": found.opening_minor, **moved, "CLOSING": found.closing_minor}


def test_a_roll_forward_by_windows(day: Day) -> None:
    [first] = rolled(day, first_window=1).programmes
    [second] = rolled(day, first_window=2).programmes
    [both] = rolled(day, first_window=1, last_window=2).programmes
    assert steps(first) == {"OPENING": 0, "ISSUED": HOTEL_FIRST, "CLOSING": HOTEL_FIRST}
    assert steps(second) == {
        "OPENING": HOTEL_FIRST,
        "CONVERTED_OUT": -1_000,
        "CLOSING": HOTEL_FIRST - 1_000,
    }
    assert steps(both)["CLOSING"] == second.closing_minor == second.counted_minor
    assert (both.programme, both.currency, both.exponent) == ("hotel", "HOTEL-POINTS", 0)


def test_the_same_by_numbers_and_by_instants(day: Day) -> None:
    listed = rolled(day, first_window=2)
    by_number = rolled(day, first_number=listed.first_number, last_number=listed.last_number)
    assert by_number == listed
    ages_ago, later = Timestamp(), Timestamp()
    ages_ago.FromDatetime(datetime(1, 1, 1, tzinfo=UTC))
    later.FromDatetime(datetime(9999, 12, 31, tzinfo=UTC))
    whole = rolled(day)
    assert rolled(day, since=ages_ago, until=later) == whole
    assert rolled(day, until=ages_ago).last_number == -1
    assert rolled(day, since=later).programmes[0].movements == []
    assert whole.first_number == 0


@pytest.mark.parametrize(
    ("span", "reason"),
    [
        ({"first_window": 1, "last_number": 1}, "INVALID_ARGUMENT"),
        ({"first_window": 2, "last_window": 1}, "INVALID_ARGUMENT"),
        ({"first_window": -1}, "INVALID_ARGUMENT"),
        ({"last_window": 1}, "INVALID_ARGUMENT"),
        ({"first_number": 5, "last_number": 4}, "INVALID_ARGUMENT"),
        ({"last_number": 10**9}, "INVALID_ARGUMENT"),
        ({"first_number": -1, "last_number": 4}, "INVALID_ARGUMENT"),
        ({"since": Timestamp(seconds=5), "until": Timestamp(seconds=5)}, "INVALID_ARGUMENT"),
        ({"first_window": 99}, "NOT_FOUND"),
    ],
)
def test_a_span_that_is_none(day: Day, span: dict[str, object], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        rolled(day, **span)


def test_outstanding_as_of_a_window(day: Day) -> None:
    def left(window: int) -> pb.OutstandingPoints:
        request = pb.GetOutstandingRequest(programme="hotel", window=window)
        return day.client("hotel").read("Liabilities.GetOutstanding", request, pb.OutstandingPoints)

    month = f"{day.clock.now:%Y-%m}"
    for window, points in ((1, HOTEL_FIRST), (2, HOTEL_FIRST - 1_000), (0, HOTEL_FIRST - 1_000)):
        found = left(window)
        assert [(lot.month, lot.funder, lot.amount_minor) for lot in found.lots] == [
            (month, "hotel", points)
        ]
        assert found.outstanding_minor == points


def test_who_is_told_of_what(day: Day) -> None:
    assert [r.programme for r in rolled(day, "airline").programmes] == ["airline"]
    assert {"airline", "hotel", "operator"} <= {
        r.programme for r in rolled(day, "admin-one").programmes
    }
    with pytest.raises(Refused, match="NOT_AUTHORIZED"):
        day.client("hotel").read("Liabilities.GetFloat", pb.GetFloatRequest(), pb.FloatReport)


def test_no_estimate_after_a_day(day: Day) -> None:
    request = pb.EstimateBreakageRequest(programme="hotel")
    found = day.client("hotel").read("Liabilities.EstimateBreakage", request, pb.BreakageEstimate)
    assert (found.state, found.months) == (pb.BREAKAGE_STATE_TOO_FEW_MONTHS, 0)


def test_the_float_by_window(day: Day) -> None:
    request = pb.GetFloatRequest(first_window=2)
    found = day.client("admin-one").read("Liabilities.GetFloat", request, pb.FloatReport)
    assert [(w.window, w.float_minor, w.outstanding_minor) for w in found.windows] == [
        (2, 0, 0),
        (3, 0, 500),
    ]


@pytest.fixture
def run(day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Gives a command as the hotel, or as somebody else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COALITION_PASSPHRASE", "secret")
    write_profile(tmp_path / "coalition.json", day.profile)

    def give(*args: str, sender: str = "hotel") -> Result:
        path = tmp_path / f"{sender}.key"
        if not path.exists():
            write_key(path, private_key(sender), b"secret")
        signed = ("--target", day.target, "--sender", sender, "--key", str(path))
        return CliRunner(catch_exceptions=False).invoke(
            cli, ["liabilities", *args, *signed], env={"COLUMNS": "200"}
        )

    return give


COMMANDS = {
    "roll-forward": (("roll-forward", "--window", "2"), "programme,currency,what,amount_minor"),
    "outstanding": (("outstanding", "hotel"), "month,funder,amount_minor"),
    "breakage": (("breakage", "hotel"), "month,issued_minor,outstanding_minor,breakage_minor"),
    "float": (("float",), "window,receipts_issued_minor"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_tables_json_csv_and_charts(run: Run, tmp_path: Path, name: str) -> None:
    args, columns = COMMANDS[name]
    sender = "admin-one" if name == "float" else "hotel"
    done = run(*args, "--csv", "out.csv", "--chart", "out.svg", sender=sender)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out.csv").read_text().startswith(columns)
    assert ET.parse(tmp_path / "out.svg").getroot().tag.endswith("svg")
    again = run(*args, "--chart", "again.svg", "--json", sender=sender)
    assert json.loads(again.stdout)
    assert (tmp_path / "again.svg").read_bytes() == (tmp_path / "out.svg").read_bytes()


def test_a_table_and_its_csv(run: Run, tmp_path: Path) -> None:
    done = run("roll-forward", "hotel", "--window", "2", "--csv", "out.csv")
    assert "converted out" in done.stdout
    with (tmp_path / "out.csv").open() as file:
        rows = [(row["what"], int(row["amount_minor"])) for row in csv.DictReader(file)]
    assert rows == [
        ("opening", HOTEL_FIRST),
        ("converted out", -1_000),
        ("closing", HOTEL_FIRST - 1_000),
    ]


def test_there_is_not_enough_data_in_words(run: Run) -> None:
    done = run("breakage", "hotel")
    assert "No estimate for hotel: there is not enough data" in done.stderr


def test_a_chart_that_cannot_be_drawn(run: Run) -> None:
    assert run("outstanding", "hotel", "--chart", "out.gif").exit_code == 2
