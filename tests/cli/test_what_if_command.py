"""`coalition rates what-if` against a real gateway, and its chart."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from coalition.keyfiles import write_key
from coalition.profile import write_profile
from coalition.v1 import rates_pb2
from gateway.cli import what_if_chart
from gateway.cli.failures import BadUse
from gateway.cli.main import cli
from gateway.cli.what_if_chart import Bars, Chart, draw, largest_changes, require_drawable
from gateway.cli.what_if_command import bar, span
from support.coalition_day import Day, coalition_day, fraction, private_key, stay

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def day(module_database_url: str) -> Iterator[Day]:
    """A day of now, since commands sign by the clock of this machine; one conversion."""
    with coalition_day(module_database_url, datetime.now(UTC)) as day:
        day.settled_world()
        began = day.clock.now - timedelta(days=1)
        day.accrue(stay("H1", "one", 20_000, started_at=began))
        quoted = day.quote(("hotel", "H1"), ("airline", "A1"), 1_000)
        day.convert(quoted.quote)
        yield day


@pytest.fixture
def run(day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Gives a command as an administrator, or as somebody else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COALITION_PASSPHRASE", "secret")
    write_profile(tmp_path / "coalition.json", day.profile)

    def give(*args: str, sender: str = "admin-one") -> Result:
        path = tmp_path / f"{sender}.key"
        if not path.exists():
            write_key(path, private_key(sender), b"secret")
        signed = ("--target", day.target, "--sender", sender, "--key", str(path))
        return CliRunner(catch_exceptions=False).invoke(
            cli, ["rates", "what-if", *args, *signed], env={"COLUMNS": "200"}
        )

    return give


@pytest.fixture(scope="module")
def proposal(day: Day) -> int:
    """Hotel points at 0.40 and not at 0.50, from tomorrow on."""
    change = rates_pb2.BookChange(
        rate=rates_pb2.RateTerms(
            programme="hotel",
            rate_in=fraction(40),
            cost_out=fraction(60),
            fee=fraction(Fraction(1, 50)),
            spread=fraction(Fraction(1, 100)),
        )
    )
    change.effective_from.FromDatetime(day.clock.now + timedelta(days=1))
    proposed = day.client("admin-one").write(
        "Rates.Propose", rates_pb2.ProposeRequest(changes=[change], reason="test")
    )
    return proposed.result_as(rates_pb2.Proposal).proposal


def test_tables(run: Run, proposal: int) -> None:
    """1,000 points were worth 500.00, and 606 miles; they would have been 400.00 and 485."""
    shown = run(str(proposal), "--windows", "3")

    assert shown.exit_code == 0, shown.output
    rows = [line.split() for line in shown.output.replace("│", " ").splitlines()]
    assert ["windows", "1"] in rows
    assert ["conversions", "1"] in rows
    assert ["hotel", "-500.00", "-400.00", "100.00", "+", "█" * 20] in rows
    assert ["airline", "484.80", "388.00", "-96.80", "-", "█" * 19] in rows
    assert ["hotel", "15.20", "12.00", "-3.20", "-", "█" * 20] in rows
    assert ["airline", "606", "485", "-121", "-", "█" * 20] in rows
    assert "No limit would have been crossed" in shown.output


def test_json(run: Run, proposal: int) -> None:
    found = json.loads(run(str(proposal), "--json").stdout)

    assert found["nets"][0] == {
        "name": "airline",
        "before_minor": "48480",
        "after_minor": "38800",
    }
    assert found["conversions"] == "1"


def test_changes_that_nobody_proposed(run: Run, tmp_path: Path) -> None:
    """In whole units; a limit that would have been crossed, and a reason to refuse."""
    (tmp_path / "changes.toml").write_text(
        '[[rate]]\nprogramme = "airline"\ncost_out = "1.00"\n'
        '[[limits]]\nparticipant = "operator"\nnet_debit_cap = "0.05"\n'
        '[[limits]]\nparticipant = "hotel"\nnet_debit_cap = "400.00"\n'
    )
    shown = run("--file", "changes.toml")

    assert shown.exit_code == 0, shown.output
    rows = [line.split() for line in shown.output.replace("│", " ").splitlines()]
    crossing = next(row for row in rows if row[:1] == ["hotel"] and row[-1:] == ["400.00"])
    assert crossing[2:] == ["744.80", "400.00"]  # 244.80 for miles that were earned

    (tmp_path / "changes.toml").write_text(
        '[[safeguards]]\nprogramme = "hotel"\nminimum = "5000"\n'
    )
    shown = run("--file", "changes.toml")
    assert "would have been refused: BELOW_MINIMUM" in shown.output


def test_partners_do_not_ask(run: Run, proposal: int) -> None:
    shown = run(str(proposal), sender="hotel")

    assert (shown.exit_code, "NOT_AUTHORIZED" in shown.output) == (1, True)


USED_WRONGLY: dict[str, tuple[list[str], str]] = {
    "nothing asked about": ([], "name a proposal"),
    "both": (["7", "--file", "changes.toml"], "name a proposal"),
    "no such file": (["--file", "no-such.toml"], "no-such.toml"),
    "no TOML": (["--file", "coalition.json"], "cannot be used"),
    "no changes": (["--file", "empty.toml"], "cannot be used"),
    "another format": (["7", "--chart", "chart.pdf"], "neither a .svg nor a .png"),
    "no windows": (["7", "--windows", "0"], "--windows"),
    "too many windows": (["7", "--windows", "401"], "--windows"),
}


@pytest.mark.parametrize("name", USED_WRONGLY)
def test_used_wrongly(run: Run, tmp_path: Path, name: str) -> None:
    args, expected = USED_WRONGLY[name]
    (tmp_path / "empty.toml").write_text("")
    shown = run(*args)

    assert (shown.exit_code, expected in shown.output) == (2, True), shown.output


def test_the_chart_tells_the_figures(run: Run, proposal: int, tmp_path: Path) -> None:
    shown = run(str(proposal), "--chart", "chart.svg")
    first = (tmp_path / "chart.svg").read_bytes()
    run(str(proposal), "--chart", "chart.svg")

    assert "The chart is in chart.svg" in shown.output
    assert (tmp_path / "chart.svg").read_bytes() == first
    text = first.decode()
    ET.fromstring(text)
    for words in (f"What if proposal {proposal} had", "airline", "484.80", "388.00", "15.20"):
        assert f"<!-- {words}" in text, words


CHART = Chart(
    title="What if",
    subtitle="120 conversions",
    currency="COIN",
    exponent=2,
    panels=(
        ("Nets", [Bars("airline", 5_648_000, 4_680_000), Bars("hotel", -123_456, 0)]),
        ("Fees", []),
    ),
)


@pytest.mark.parametrize("suffix", [".svg", ".png", ".SVG"])
def test_the_same_figures_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    """Whatever the file is called, and however often."""
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    draw(CHART, one)
    draw(CHART, two)

    data = one.read_bytes()
    assert two.read_bytes() == data
    assert b"<dc:date" not in data
    assert b"tEXt" not in data
    assert data.startswith(b"<?xml" if suffix.lower() == ".svg" else b"\x89PNG")


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if_chart, "find_spec", lambda _: None)

    with pytest.raises(BadUse, match=r"pip install 'coalition-gateway\[charts\]'"):
        require_drawable(Path("chart.svg"))


def test_a_panel_shows_what_changes_most() -> None:
    bars = [Bars(f"p{n:02}", 0, n) for n in range(40)]

    assert [b.name for b in largest_changes(bars)] == [f"p{n:02}" for n in range(10, 40)]


@pytest.mark.parametrize(
    ("change", "largest", "expected"),
    [
        (0, 0, ""),
        (0, 9, ""),
        (1, 1_000, "+ █"),
        (-500, 1_000, "- " + "█" * 10),
        (7, 7, "+ " + "█" * 20),
    ],
)
def test_bars_of_text(change: int, largest: int, expected: str) -> None:
    assert bar(change, largest) == expected


def test_windows_in_words() -> None:
    assert (span([4]), span([3, 4, 5])) == ("4", "3 to 5")
