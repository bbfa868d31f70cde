"""Commands of the rate book against a real gateway, as administrators and a partner give them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coalition.keyfiles import write_key
from coalition.profile import write_profile
from gateway.cli.main import cli
from support.coalition_day import Day, coalition_day, private_key
from support.published import HEADER

NOW = datetime.now(UTC).replace(microsecond=0)
"""Commands read the machine's clock, so the gateway's stands at it."""

SENDERS = ("admin-one", "admin-two", "hotel")

Run = Callable[..., Result]


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url, NOW) as day:
        for partner, kind in (("hotel", "HOTEL"), ("airline", "AIRLINE")):
            day.admit(partner, kind)
            day.publish(partner)
        day.enrol("hotel", "H1")
        day.enrol("airline", "A1")
        day.link(("hotel", "H1"), ("airline", "A1"))
        yield day


@pytest.fixture
def run(day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Gives a command as one of them, at the moment that the machine's clock shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COALITION_PASSPHRASE", "secret")
    for sender in SENDERS:
        write_key(tmp_path / f"{sender}.key", private_key(sender), b"secret")
        settings = f'target = "{day.target}"\nsender = "{sender}"\nkey = "{sender}.key"\n'
        (tmp_path / f"{sender}.toml").write_text(settings)
    write_profile(tmp_path / "coalition.json", day.profile)

    def give(sender: str, *args: str) -> Result:
        day.clock.now = datetime.now(UTC)
        return CliRunner(catch_exceptions=False).invoke(cli, ("--config", f"{sender}.toml", *args))

    return give


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def proposed(result: Result) -> str:
    """The number of a proposal, as its receipt shows it."""
    rows = [line.split("│") for line in done(result).splitlines()]
    return next(row[2].strip() for row in rows if len(row) > 2 and row[1].strip() == "proposal")


def test_a_file_is_proposed_approved_and_quoted(run: Run, tmp_path: Path) -> None:
    sample = done(run("admin-one", "rates", "sample"))
    # The link of this member is not a day old.
    book = sample.replace('"24 hours"', '"0 hours"').replace('"2 days"', '"0 days"')
    # And there are two administrators, of three whom guard rails need.
    rails = '[[guard_rails]]\nlargest_change = "10%"\nnotice = "7 days"\n'
    assert rails in book
    (tmp_path / "book.toml").write_text(book)
    few = run("admin-one", "rates", "propose-file", "book.toml", "--reason", "opening book")
    assert "need 3 rate administrators" in few.stderr
    (tmp_path / "book.toml").write_text(book.replace(rails, ""))
    told = run("admin-one", "rates", "propose-file", "book.toml", "--reason", "opening book")
    number = proposed(told)
    assert "2 rate, 2 pair, 1 money value, 1 limits, 1 safeguards" in told.stdout
    assert "1 more approval" in told.stdout
    waits = done(run("admin-two", "rates", "proposals", "--open"))
    assert {"PROPOSED", "admin-one", number} <= set(waits.split())
    shown = done(run("admin-two", "rates", "show", number))
    assert "3000 for each 60000, by operator" in shown
    assert "0.0006 EUR a point, at most 99.00 EUR" in shown
    assert "opening book" in shown
    assert (
        json.loads(done(run("admin-two", "rates", "show", number, "--json")))["proposal"] == number
    )

    assert "APPROVED" in done(run("admin-two", "rates", "approve", number))

    assert number not in done(run("admin-two", "rates", "proposals", "--open")).split()
    book = done(run("hotel", "rates", "list"))
    assert {"4:1", "18:5", "spring", "0.5", "1.8"} <= set(book.split())
    assert "100000.00" not in done(run("hotel", "rates", "list", "--programme", "airline"))
    quoted = done(run("hotel", "quote", "hotel/H1", "airline/A1", "3600", "--offer", "spring"))
    assert "1000 of airline/A1" in quoted
    assert "step 1" in quoted
    assert "3600 HOTEL-POINTS times 5/18 (offer spring" in quoted
    refused = run("hotel", "quote", "hotel/H1", "airline/A1", "3600", "--min-out", "1001")
    assert (refused.exit_code, "MIN_OUT_NOT_MET" in refused.stderr) == (1, True)


def test_a_proposal_is_rejected_withdrawn_and_a_pair_is_stopped(run: Run) -> None:
    rate = ("rates", "propose", "hotel", "--rate-in", "0.50", "--reason", "first")
    number = proposed(run("admin-one", *rate))
    same = run("admin-one", "rates", "approve", number)
    assert (same.exit_code, "SAME_PERSON" in same.stderr) == (1, True)
    rejected = done(run("admin-two", "rates", "reject", number, "--reason", "too dear"))
    assert {"REJECTED", "admin-two"} <= set(rejected.split())
    assert "too dear" in rejected
    number = proposed(run("admin-one", *rate))
    assert "WITHDRAWN" in done(run("admin-one", "rates", "withdraw", number, "--reason", "mistake"))
    assert "Nothing of that is in the rate book" in run("hotel", "rates", "list").stderr

    done(run("admin-one", "rates", "stop", "hotel", "airline", "--reason", "stolen keys"))
    assert "stolen keys" in done(run("hotel", "rates", "list"))
    quote = run("hotel", "quote", "hotel/H1", "airline/A1", "1000")
    assert (quote.exit_code, "PAIR_STOPPED" in quote.stderr) == (1, True)
    number = proposed(run("admin-one", "rates", "resume", "hotel", "airline", "--reason", "found"))
    done(run("admin-two", "rates", "approve", number))
    quote = run("hotel", "quote", "hotel/H1", "airline/A1", "1000")
    assert (quote.exit_code, "NO_RATE" in quote.stderr) == (1, True)
    missing = run("admin-one", "rates", "show", "999999")
    assert (missing.exit_code, "there is no proposal 999999" in missing.stderr) == (2, True)


def test_a_machine_is_refused_in_words(run: Run) -> None:
    for pair, ratio in ((("hotel", "airline"), "3:1"), (("airline", "hotel"), "1:4")):
        source, target = pair
        rate = run("admin-one", "rates", "propose", source, "--rate-in", "1", "--reason", "x")
        done(run("admin-two", "rates", "approve", proposed(rate)))
        terms = ("--ratio", ratio, "--price", "0.01", "--reason", "x")
        told = run("admin-one", "rates", "pair", source, target, *terms)
        if ratio == "3:1":
            done(run("admin-two", "rates", "approve", proposed(told)))
    assert told.exit_code == 1
    assert "MONEY_MACHINE" in told.stderr
    assert "->" in told.stderr


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Rows that are over, in force and to come, and what they leave open."""
    days = [f"{NOW + timedelta(days=d):%Y-%m-%d}" for d in (-20, -10, 10)]
    (tmp_path / "rows.csv").write_text(
        HEADER
        + f"HOTEL,AIRLINE,5,1,5000,5000,,,,,{days[0]},{days[1]},\n"
        + f"HOTEL,AIRLINE,3,1,3000,3000,60000,5000,,,{days[1]},{days[2]},\n"
        + f"HOTEL,AIRLINE,4,1,4000,4000,,,,,{days[2]},,\n"
    )
    (tmp_path / "worths.toml").write_text(
        'bonus_funder = "hotel"\n[programmes.HOTEL]\nworth = "0.50"\n[programmes.SPARE]\n'
    )
    return tmp_path


LOAD = ("rates", "load", "rows.csv", "--declare", "worths.toml", "--reason", "published")


@pytest.mark.usefixtures("published")
def test_published_conversions_are_loaded(run: Run) -> None:
    refused = run("admin-one", *LOAD)
    assert refused.exit_code == 2
    assert "these rows are in force already" in refused.stderr
    assert "row 2 (line 3), HOTEL to AIRLINE 3:1" in refused.stderr

    told = run("admin-one", *LOAD, "--effective-now")

    assert "Over, and left out: row 1 (line 2), HOTEL to AIRLINE 5:1" in told.stderr
    assert "Declared, and in no row: SPARE." in told.stderr
    assert "1 rate, 2 pair" in told.stdout
    number = proposed(told)
    assert "the consent of hotel: it would pay a bonus" in told.stdout
    assert "PROPOSED" in done(run("admin-two", "rates", "approve", number))
    assert "APPROVED" in done(run("hotel", "rates", "consent", number))
    quoted = done(run("hotel", "quote", "hotel/H1", "airline/A1", "60000"))
    assert "25000 of airline/A1" in quoted
    assert "5000 of it, paid for by hotel: 7500.00 COIN" in quoted
    below = run("hotel", "quote", "hotel/H1", "airline/A1", "2999")
    assert (below.exit_code, "BELOW_MINIMUM" in below.stderr) == (1, True)


@pytest.mark.usefixtures("published")
def test_nothing_is_proposed_of_a_file_with_a_bad_row(run: Run, published: Path) -> None:
    rows = published / "rows.csv"
    rows.write_text(rows.read_text().replace(",3000,3000,", ",0,3000,"))
    refused = run("admin-one", *LOAD, "--effective-now")
    assert refused.exit_code == 2
    assert 'line 3, minimum is "0": write a whole number above zero' in refused.stderr
    rows.write_text(HEADER + "HOTEL,NOWHERE,1,1,1,1,,,,,2999-01-01,,\n")
    refused = run("admin-one", *LOAD)
    assert (refused.exit_code, "such programme with points" in refused.stderr) == (2, True)
    assert json.loads(done(run("admin-one", "rates", "proposals", "--json"))) == {}


LOOP = HEADER + (
    "NECTAR,AVIOS,400,250,400,400,,,,,2021-01-25,,\n"
    "AVIOS,NECTAR,250,400,250,250,,,,,2021-01-25,2022-11-16,\n"
    "NECTAR,AVIOS,1600,1500,1600,1600,,,,,2021-01-25,2021-02-14,launch offer: 500 more\n"
)
WORTHS = (
    'bonus_funder = "operator"\n[programmes.NECTAR]\nworth = "0.006"\n'
    '[programmes.AVIOS]\nworth = "0.0096"\n'
)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Gives a command where there is no gateway."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.csv").write_text(LOOP)
    (tmp_path / "worths.toml").write_text(WORTHS)

    def give(*args: str) -> Result:
        declare = ("--declare", "worths.toml")
        return CliRunner(catch_exceptions=False).invoke(cli, ("rates", *args, *declare))

    return give


def test_a_check_shows_the_chain_and_the_row(alone: Run, tmp_path: Path) -> None:
    told = alone("check", "loop.csv")
    assert told.exit_code == 4
    assert "Does not pass: row 3 (line 4), NECTAR to AVIOS 1600:1500" in told.stdout
    chain = (
        "1600 NECTAR -> 1500 AVIOS (by row 3, offer launch-offer) -> 2400 NECTAR (by row 2): "
        "800 NECTAR more."
    )
    assert chain in told.stdout
    assert "2 of 3 rows pass together: 1-2." in told.stdout
    as_json = json.loads(alone("check", "loop.csv", "--json").stdout)
    assert as_json["passed"] == [1, 2]
    assert [(s["gives"], s["gets"]) for s in as_json["faults"][0]["chain"]] == [
        ("1600", "1500"),
        ("1500", "2400"),
    ]
    (tmp_path / "loop.csv").write_text("".join(LOOP.splitlines(keepends=True)[:3]))
    assert alone("check", "loop.csv").exit_code == 0


def test_a_conversion_is_shown_without_a_gateway(alone: Run) -> None:
    told = alone("convert", "loop.csv", "NECTAR", "AVIOS", "1600", "--at", "2021-02-13")
    assert "1500 AVIOS" in done(told)
    assert "500 AVIOS, paid for by operator" in told.stdout
    later = alone("convert", "loop.csv", "NECTAR", "AVIOS", "1600", "--at", "2021-02-14", "--json")
    assert json.loads(done(later))["gets"] == "1000 AVIOS"
    wrong = alone("convert", "loop.csv", "NECTAR", "MILES", "1600", "--at", "2021-02-14")
    assert (wrong.exit_code, "no row names 'MILES'" in wrong.stderr) == (2, True)
    odd = alone("convert", "loop.csv", "NECTAR", "AVIOS", "401", "--at", "2021-02-14")
    assert (odd.exit_code, "multiples of 400 more" in odd.stderr) == (2, True)
