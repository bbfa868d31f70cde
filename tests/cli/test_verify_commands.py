"""Evidence by command: collected from a gateway, then verified without one."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coalition.keyfiles import write_key
from coalition.profile import write_profile
from gateway.cli.main import cli
from support.coalition_day import Day, private_key
from support.evidence import settled_business

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    with settled_business(module_database_url, windows=2, acts=15) as (day, _):
        yield day


@pytest.fixture
def run(day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line of the hotel, in a folder of its own, at the machine's moment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COALITION_PASSPHRASE", "secret")
    write_profile(tmp_path / "coalition.json", day.profile)
    write_key(tmp_path / "hotel.key", private_key("hotel"), b"secret")
    signs = ("--target", day.target, "--sender", "hotel", "--key", "hotel.key")

    def give(*args: str) -> Result:
        day.clock.now = datetime.now(UTC)
        signed = args[0] in {"evidence", "rates"}
        return CliRunner(catch_exceptions=False).invoke(cli, (*args, *(signs if signed else ())))

    return give


def test_collected_and_verified(run: Run) -> None:
    fetched = run("evidence", "fetch", "--out", "evidence", "--window", "1", "--json")
    assert fetched.exit_code == 0, fetched.output
    assert json.loads(fetched.stdout)["statements"] == 1
    again = run("evidence", "fetch", "--out", "evidence", "--json")
    assert (json.loads(again.stdout)["statements"], again.exit_code) == (1, 0)

    verified = run("verify", "evidence")
    assert verified.exit_code == 0, verified.output
    assert "Evidence of hotel in evidence" in verified.stdout
    assert "Everything here is proven." in verified.stderr

    told = json.loads(run("verify", "evidence", "--json").stdout)
    assert (told["proven"], told["problems"], told["participant"]) == (True, [], "hotel")
    assert told["counts"]["statements"] == 2


def test_what_is_wrong_is_told_with_its_exit_code(run: Run) -> None:
    run("evidence", "fetch", "--out", "evidence")
    path = Path("evidence/feed.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:20], *lines[21:]]))
    verified = run("verify", "evidence")
    assert verified.exit_code == 5
    assert "evidence does not hold:" in verified.stderr
    assert "is not in the feed here, and there is a proof of it: it was lost" in verified.stderr
    told = run("verify", "evidence", "--json")
    assert (told.exit_code, json.loads(told.stdout)["proven"]) == (5, False)


def test_a_window_that_is_open(run: Run) -> None:
    fetched = run("evidence", "fetch", "--out", "evidence", "--window", "3")
    assert (fetched.exit_code, "window 3 is not closed" in fetched.output) == (2, True)


def test_a_whole_receipt_file_has_to_be_named(run: Run) -> None:
    run("evidence", "fetch", "--out", "evidence")
    verified = run("verify", "evidence", "--receipts-whole")
    assert (verified.exit_code, "--receipts names" in verified.output) == (2, True)


def test_the_exported_book(run: Run) -> None:
    exported = run("rates", "export", "rates.json")
    assert exported.exit_code == 0, exported.output
    book = json.loads(Path("rates.json").read_text())
    rates = [each["programme"] for each in book["versions"] if each["kind"] == "RATE"]
    assert rates == ["hotel", "airline", "card"]
    assert book["versions"][0]["rate_in"] == "101/2"
