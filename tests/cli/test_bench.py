"""`coalition bench`, as small as it goes: what it tells, draws, and says where something fails."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.bench import suite
from gateway.bench.problems import BenchError
from gateway.cli.main import cli

COMMAND = [sys.executable, "-c", "from gateway.cli.main import main; main()", "bench"]
SMALL = [
    *("--members", "5", "--rounds", "1", "--calls", "20", "--latency-seconds", "1"),
    *("--batches", "2", "--batch-items", "10", "--workers", "1"),
]
ROW = {
    *("name", "value", "unit", "against", "reference", "ratio", "spread", "rounds"),
    *("at_least", "aim", "aim_of", "better", "met", "processor_microseconds"),
}


def test_it_measures_tells_and_draws(tmp_path: Path) -> None:
    chart = tmp_path / "bench.svg"
    rows = [f"--only={row}" for row in ("single", "latency", "batch")]
    done = subprocess.run(
        [*COMMAND, *rows, *SMALL, "--folder", str(tmp_path), "--chart", str(chart), "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert {"cpu", "cores", "memory_gib", "python", "postgresql", "grpcio"} <= told[
        "machine"
    ].keys()
    assert told["machine"]["synchronous_commit"] == "on"
    assert [row["name"].split()[0] for row in told["rows"]] == ["unary", "p99", "batch"]
    for row in told["rows"]:
        assert row.keys() == ROW
        assert row["met"] in {"aim", "at least", "no"}
        assert row["spread"][0] <= row["ratio"] <= row["spread"][1]
        assert row["value"] > 0
        assert row["reference"] > 0
    single, _, batch = (row["processor_microseconds"] for row in told["rows"])
    assert single.keys() == {"gateway", "database", "signed answer"}
    assert single["gateway"] + single["database"] > single["signed answer"] >= 0
    assert batch.keys() == {"gateway", "database"}
    assert "unary signed accrual" in done.stderr
    assert "unary signed accrual" in chart.read_text()
    assert list(tmp_path.iterdir()) == [chart]  # the databases are gone


def test_what_cannot_be_measured_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise BenchError("the gateway ended by itself, with status 1: no key")

    monkeypatch.setattr(suite, "stand", fail)
    result = CliRunner().invoke(cli, ["bench", "--only", "single", "--json"])
    assert result.exit_code == 1
    assert "the gateway ended by itself, with status 1: no key" in result.output
    assert '"rows"' not in result.output


def test_a_chart_that_cannot_be_drawn_is_refused_at_once(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["bench", "--chart", str(tmp_path / "chart.pdf")])
    assert result.exit_code != 0
    assert "neither a .svg nor a .png" in str(result.exception or result.output) + result.output
