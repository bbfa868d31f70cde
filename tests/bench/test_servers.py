"""A server that fails is told of, and where the time goes is looked for where the code is."""

import importlib
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.bench.instrumented import STAGES, Sums
from gateway.bench.load import Sent
from gateway.bench.operating import make_coalition, running
from gateway.bench.problems import BenchError
from gateway.bench.stand import Stand

READY = "print('Serving on port 5.', flush=True)"
WORKER_ENDS = f"""
import subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
{READY}
time.sleep(1)
worker.communicate(b"go")
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("import sys; sys.exit('no key')", "with status 1: no key"),
        (f"{READY}; import sys; sys.exit(3)", "with status 3"),
    ],
    ids=["never started", "ended under load"],
)
def test_a_server_that_ends_is_told_of(tmp_path: Path, program: str, problem: str) -> None:
    with pytest.raises(BenchError, match=problem):
        wait_for_its_end([sys.executable, "-c", program], tmp_path / "log")


def wait_for_its_end(command: list[str], log: Path) -> None:
    with running(command, log) as served:
        assert served.target == "127.0.0.1:5"
        while Path(f"/proc/{served.pids[0]}/cmdline").read_bytes():
            time.sleep(0.01)


def test_a_worker_that_ends_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="a worker of the gateway ended by itself"):
        wait_for_the_worker([sys.executable, "-c", WORKER_ENDS], tmp_path / "log")


def wait_for_the_worker(command: list[str], log: Path) -> None:
    with running(command, log) as served:
        while len(served.processes()) > 1:
            time.sleep(0.05)


def test_a_coalition_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "coalition").write_text("a file where the folder should be")
    with pytest.raises(BenchError, match="`coalition init` failed"):
        make_coalition(tmp_path / "coalition")


def test_answers_without_entries_are_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter((10, 13))
    monkeypatch.setattr(Stand, "entries", lambda _: next(sizes))
    stand = Stand.__new__(Stand)
    stand.sender = SimpleNamespace(send=lambda _: Sent())  # type: ignore[assignment]
    with pytest.raises(BenchError, match="4 activities were answered, and 3 of them were booked"):
        stand.booked(None, 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(("stage", "module", "name"), STAGES)
def test_every_stage_is_where_it_is_timed(stage: str, module: str, name: str) -> None:
    found: object = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    assert callable(found), stage


def test_sums_begin_anew_once_they_are_told() -> None:
    sums = Sums()
    double = sums.timed("decide", lambda number: number * 2)
    assert double(21) == 42
    told = sums.told()
    assert told["wall"] == {"decide": pytest.approx(0, abs=60)}
    assert sums.told()["wall"] == {}
