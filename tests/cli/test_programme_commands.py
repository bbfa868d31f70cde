"""Commands of programmes and their members against a real gateway, as a partner gives them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coalition.keyfiles import write_key
from coalition.profile import write_profile
from coalition.v1 import members_pb2
from gateway.cli.carry_over_command import step_id
from gateway.cli.main import cli
from support.coalition_day import Day, activity_key, coalition_day, item, private_key

NOW = datetime.now(UTC).replace(microsecond=0)
"""Commands read the machine's clock, so the gateway's stands at it."""

CLUB = f"""
schema = 1
programme = "club"
name = "Club"
valid_from = 2000-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"

[currency]
code = "CLUB-POINTS"

[[tiers]]
name = "MEMBER"

[[tiers]]
name = "SILVER"
bonus = "50%"
reached = [{{ nights = 2 }}]

[[counters]]
counter = "nights"
activity = "STAY"
per = "night"

[[earn]]
rule = "room"
activity = "STAY"
per = "money"
category = "ROOM"
currency = "EUR"
points = "10"

[[awards]]
award = "night"
name = "A free night"
prices = [{{ points = 1000 }}, {{ points = 500, money = "40 EUR" }}]
stock = 3

[[earn]]
rule = "summer"
activity = "STAY"
per = "activity"
points = "5"
valid_to = {NOW - timedelta(days=100):%Y-%m-%dT%H:%M:%SZ}
"""

SUCCESSOR = f"""
schema = 1
programme = "new-club"
name = "New club"
valid_from = 2000-01-01T00:00:00Z
custody = "gateway"
reversal = "negative-balance"

[currency]
code = "NEW-POINTS"

[replaces]
programme = "club"
on = {NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}
ratio = "1/2"
"""

Run = Callable[..., Result]


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url, NOW) as day:
        day.admit("hotel", "HOTEL")
        yield day


@pytest.fixture
def run(day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Gives a command as the hotel, at the moment that the machine's clock shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COALITION_PASSPHRASE", "secret")
    write_key(tmp_path / "hotel.key", private_key("hotel"), b"secret")
    write_profile(tmp_path / "coalition.json", day.profile)
    settings = f'target = "{day.target}"\nsender = "hotel"\nkey = "hotel.key"\n'
    (tmp_path / "coalition.toml").write_text(settings)
    (tmp_path / "club.toml").write_text(CLUB)
    (tmp_path / "new-club.toml").write_text(SUCCESSOR)

    def give(*args: str) -> Result:
        day.clock.now = datetime.now(UTC)
        return CliRunner(catch_exceptions=False).invoke(cli, args)

    return give


@pytest.fixture
def club(run: Run) -> Run:
    """The same, with a programme and its member C1."""
    assert run("programme", "load", "club.toml").exit_code == 0
    assert run("member", "enrol", "club/C1").exit_code == 0
    return run


def found(done: Result) -> dict[str, object]:
    assert done.exit_code == 0, done.output
    read: dict[str, object] = json.loads(done.stdout)
    return read


STAY = (
    "--kind",
    "STAY",
    "--started",
    f"{NOW - timedelta(days=3):%Y-%m-%d}",
    "--quantity",
    "NIGHT=2",
)


def test_a_definition_is_loaded_listed_shown_and_compared(club: Run, tmp_path: Path) -> None:
    assert "CLUB-POINTS" in club("programme", "list").stdout
    assert club("programme", "show", "club").stdout == CLUB
    assert found(club("programme", "show", "club", "--json"))["definition"] == CLUB
    same = club("programme", "diff", "club", "club.toml")
    assert (same.exit_code, same.stdout) == (0, "")
    (tmp_path / "club.toml").write_text(CLUB.replace("stock = 3", "stock = 4"))

    other = club("programme", "diff", "club", "club.toml")

    assert other.exit_code == 1
    assert {"-stock = 3", "+stock = 4"} <= set(other.stdout.splitlines())
    assert other.stdout.startswith("--- club, version ")
    told = club("programme", "diff", "club", "club.toml", "--json")
    assert (told.exit_code, json.loads(told.stdout)["differs"]) == (1, True)


def test_decimals_of_points_and_the_end_of_a_programme_are_listed(
    club: Run, tmp_path: Path
) -> None:
    """Prices for people are per point, whatever the decimals of the points."""
    fine = (
        CLUB.replace('"club"', '"fine"')
        .replace("CLUB-POINTS", "FINE")
        .replace('code = "FINE"', 'code = "FINE"\nexponent = 2')
    )
    (tmp_path / "fine.toml").write_text(fine)
    assert club("programme", "load", "fine.toml").exit_code == 0
    published = found(club("programme", "show", "fine", "--json"))["programme"]
    assert published["exponent"] == 2  # type: ignore[index]
    offer = ("agreements", "offer", "fine", "--buyer", "operator", "--price", "0.02", "--cap")
    assert club(*offer, "1000.5", "--points-exponent", "0").exit_code == 2
    offered = found(club(*offer, "1000.5", "--json"))["result"]
    assert offered["terms"]["cap_minor"] == "100050"  # type: ignore[index]
    assert {"0.02", "1000.50"} <= set(club("agreements", "list").stdout.split())
    assert club("member", "enrol", "fine/F1").exit_code == 0
    simulated = club("programme", "simulate", "fine/F1", *STAY, "--spend", "ROOM=200.00EUR")
    assert "2000.00" in simulated.stdout.split()
    write_stays(tmp_path, "fine", "F1")
    sent = club("send", "stays.csv", "--mapping", "stays.toml")
    assert "2000.00" in sent.stdout.split()
    ends = ("--earns-until", f"{NOW.year + 1}-01-01", "--points-until", f"{NOW.year + 2}-01-01")
    assert club("programme", "wind-down", "fine", *ends).exit_code == 0

    listed = club("programme", "list").stdout

    (row,) = [line for line in listed.splitlines() if " fine " in line]
    assert f" {NOW.year + 1}-01-01T00:00:00Z " in row
    assert f" {NOW.year + 2}-01-01T00:00:00Z " in row
    (other,) = [line for line in listed.splitlines() if " club " in line]
    assert f"{NOW.year + 1}-" not in other


def test_a_simulation_shows_legs_and_tiers(club: Run) -> None:
    done = club("programme", "simulate", "club/C1", *STAY, "--spend", "ROOM=200.00EUR")

    assert done.exit_code == 0, done.output
    assert "2000" in done.stdout
    assert "room" in done.stdout
    assert "SILVER" in done.stdout
    earned, _, passed_over = done.stdout.partition("Rules that give nothing")
    assert "summer" not in earned
    assert "summer" in passed_over
    as_json = found(club("programme", "simulate", "club/C1", *STAY, "--json"))
    assert "result" in as_json
    assert "balance" in club("member", "balances", "club/C1").stdout
    refused = club("programme", "simulate", "club/NOBODY", *STAY)
    assert refused.exit_code == 0
    assert "UNKNOWN_MEMBERSHIP" in refused.stdout


def write_stays(folder: Path, programme: str, *guests: str) -> None:
    """Write a stay of 200.00 EUR for each, and the mapping that reads them."""
    (folder / "stays.csv").write_text(
        "folio,guest,arrival,nights,revenue\n"
        + "".join(
            f"F-{number},{guest},{NOW - timedelta(days=3):%Y-%m-%d},2,200.00\n"
            for number, guest in enumerate(guests, start=1)
        )
    )
    (folder / "stays.toml").write_text(
        '[activity]\nsupplier = "hotel"\nkind = "STAY"\nreference = "{folio}"\n'
        '[started_at]\ncolumn = "arrival"\n'
        '[[spend]]\ncategory = "ROOM"\ncurrency = "EUR"\namount = "revenue"\n'
        '[[quantity]]\nunit = "NIGHT"\ncount = "nights"\n'
        f'[member]\nprogramme = "{programme}"\nnumber = "{{guest}}"\n'
    )


def test_a_claim_is_answered_with_what_was_signed(club: Run, tmp_path: Path) -> None:
    write_stays(tmp_path, "club", "C1", "NOBODY")
    assert club("send", "stays.csv", "--mapping", "stays.toml").exit_code == 4

    recorded = club("member", "claim", "STAY", "F-1")

    assert "RECORDED" in recorded.stdout
    assert "hotel, request " in recorded.stdout
    refused = club("member", "claim", "STAY", "F-2")
    assert "REFUSED" in refused.stdout
    assert "UNKNOWN_MEMBERSHIP" in refused.stdout
    assert "never received" in club("member", "claim", "STAY", "F-3").stdout
    tiers = club("member", "tiers", "club/C1").stdout
    assert "SILVER" in tiers
    assert "REACHED" in tiers
    assert "nights" in tiers


def test_awards_are_shown_and_redeemed(club: Run, day: Day) -> None:
    listed = club("award", "list", "club/C1").stdout
    assert "A free night" in listed
    assert "40.00 EUR" in listed
    poor = club("award", "redeem", "club/C1", "night", "--money", "40EUR")
    assert poor.exit_code == 1
    assert "INSUFFICIENT_BALANCE" in poor.stderr
    rich = item(
        "club",
        "C1",
        activity_key("hotel", "STAY", "rich"),
        started_at=NOW - timedelta(days=3),
        spend={("ROOM", "EUR"): 10_000},
    )
    day.accrue(rich)

    redeemed = found(club("award", "redeem", "club/C1", "night", "--money", "40EUR", "--json"))

    voucher = str(redeemed["number"])
    shown = club("award", "vouchers", "club/C1").stdout
    assert "ISSUED" in shown
    assert "40.00 EUR" in shown
    assert club("award", "cancel", voucher).exit_code == 0
    assert club("award", "use", voucher).exit_code == 1
    assert "CANCELLED" in club("award", "vouchers", "club/C1").stdout


CARRY_OVER = ("programme", "carry-over", "new-club", "--from", "club", "--step", "2", "--json")


def test_a_carry_over_that_was_refused_or_interrupted_goes_on(club: Run, day: Day) -> None:
    """The same command: it begins after what earlier runs were answered, and ends when all are."""
    for number in range(2, 8):
        day.enrol("club", f"C{number}", sender="hotel")
    early = club(*CARRY_OVER)
    assert early.exit_code == 1
    assert "UNKNOWN_PROGRAMME" in early.stderr
    assert club("programme", "load", "new-club.toml").exit_code == 0
    request = members_pb2.CarryOverRequest(programme="new-club", replaced="club", limit=2)
    day.client("hotel").write("Members.CarryOver", request, step_id(request, 2))

    done = found(club(*CARRY_OVER))

    assert (done["carried"], done["remaining"], done["finished"]) == (7, 0, True)
    assert club("member", "show", "new-club/C7").exit_code == 0
    again = found(club(*CARRY_OVER))
    assert (again["carried"], again["remaining"]) == (7, 0)
    table = club(*CARRY_OVER[:-1])
    assert table.stdout == "Nothing is left to carry over from club to new-club.\n"


def test_a_carry_over_with_receipts_kept_goes_on(club: Run) -> None:
    """A refusal that the receipt file holds does not stand in the way either."""
    keep = ("--receipts", "kept.jsonl")
    assert club(*CARRY_OVER, *keep).exit_code == 1
    assert club("programme", "load", "new-club.toml").exit_code == 0

    assert found(club(*CARRY_OVER, *keep))["carried"] == 1
    assert found(club(*CARRY_OVER, *keep))["carried"] == 1


def test_parts_are_reversed(club: Run, day: Day) -> None:
    stay = item(
        "club",
        "C1",
        activity_key("hotel", "STAY", "part"),
        started_at=NOW - timedelta(days=3),
        spend={("ROOM", "EUR"): 9_000},
    )
    day.accrue(stay)
    command = ("reverse", "STAY", "part", "--reason", "a mistake", "--part", "1/3", "--json")
    told = found(club(*command))
    assert told["result"]["reversed"] == {"numerator": "1", "denominator": "3"}  # type: ignore[index]
    assert "1/3" in club("member", "claim", "STAY", "part").stdout
