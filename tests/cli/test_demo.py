"""The demo gives the same statements every time, and they are verified."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from gateway.cli.main import main; main()"]
SHARED = Path(__file__).parents[3] / "shared" / "data"


def demo(out: Path, *options: str) -> dict[str, object]:
    done = subprocess.run(
        [*COMMAND, "demo", "--json", "--out", str(out), *options],
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    summary: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return summary


def test_twice_the_same_day_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (demo(tmp_path / name) for name in ("first", "second"))
    for varies in ("accruals_per_second",):
        assert first.pop(varies)
        assert second.pop(varies)
    assert first == second
    for folder in ("statements", "documents"):
        made = list((tmp_path / "first" / folder).iterdir())
        assert len(made) >= 8
        for file in made:
            assert file.read_bytes() == (tmp_path / "second" / folder / file.name).read_bytes()
    assert first["positions_sum"] == 0
    assert first["book_balanced"] is True
    assert first["problems"] == []
    assert first["refused"] == 2
    # All but the genesis, four versions in the rate book and the settlement's two answer a request.
    assert first["receipts_verified"] == first["entries"] - 7  # type: ignore[operator]


def test_a_folder_that_is_not_a_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep me")
    done = subprocess.run(
        [*COMMAND, "demo", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert (tmp_path / "mine").read_text() == "keep me"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files of ../shared/data are not here")
def test_real_bookings_and_flights(tmp_path: Path) -> None:
    # Antonio, de Almeida, Nunes, Data in Brief 22 (2019): 6,938 stays of the extract happened;
    # US Bureau of Transportation Statistics via vega-datasets: 20,000 flights.
    summary = demo(
        tmp_path / "real",
        "--stays",
        str(SHARED / "hotel_bookings.csv.gz"),
        "--flights",
        str(SHARED / "flights-20k.json.gz"),
    )
    of_files = 6_938 + 20_000
    single = 1 + 1 + 5  # a walk-in, a mistake, five card purchases
    assert summary["activities"] == of_files + single
    assert summary["book_balanced"] is True
    assert summary["problems"] == []
