"""kill -9 of a real gateway under load: nothing acknowledged is lost. More in tests/faults."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from coalition.client import Client
from coalition.keyfiles import read_key
from coalition.profile import read_profile
from coalition.v1 import accrual_pb2, members_pb2
from support.coalition_day import Clock, Day, membership, stay
from support.raw_calls import OK, Forge, Wire, raw_wire

PASSPHRASE = "a passphrase of this test"
COMMAND = [sys.executable, "-c", "from gateway.cli.main import main; main()"]
REPOSITORY = Path(__file__).resolve().parents[2]
SENDERS = 8


class RealClock(Clock):
    """The clock of the process under test."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "proto")])
    return {**os.environ, "PYTHONPATH": path, "COALITION_PASSPHRASE": PASSPHRASE, "COLUMNS": "200"}


def coalition(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def serving_process(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`coalition serve` on a free port; killed at the end if it is still there."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--data-dir", str(data_dir), "--listen", "127.0.0.1:0"],
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            found = re.search(r"Serving on port (\d+)", line)
            if found:
                break
        else:
            pytest.fail("the gateway did not start")
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield process, f"127.0.0.1:{found[1]}"
    finally:
        process.kill()
        process.wait()
        drain.join()
        process.stderr.close()


@pytest.fixture
def home() -> Iterator[Path]:
    """A new coalition, in a directory of its own that the database's account may enter."""
    data_dir = Path(tempfile.mkdtemp(prefix="coalition-test-", dir="/tmp"))
    data_dir.chmod(0o711)
    made = coalition("init", "--data-dir", data_dir)
    assert made.returncode == 0, made.stderr
    yield data_dir
    for pid in postmasters(data_dir):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
            wait_until(lambda: not postmasters(data_dir))
    shutil.rmtree(data_dir)


def postmasters(data_dir: Path) -> list[int]:
    """The server of this directory, by its own pid file, if it runs."""
    files = list((data_dir / "postgres").rglob("postmaster.pid"))
    return [int(file.read_text().split("\n", 1)[0]) for file in files]


def day_at(target: str, data_dir: Path, stack: ExitStack) -> Day:
    """The coalition's clients, its administrators with the keys that `init` wrote."""
    day = Day(
        target, read_profile(data_dir / "coalition.json"), RealClock(), create_engine("sqlite://")
    )
    stack.enter_context(day.stack)
    for person in ("admin-one", "admin-two"):
        key = read_key(data_dir / "keys" / f"{person}.key", PASSPHRASE.encode())
        client = Client(target, day.profile, person, key, max_wait_seconds=20)
        day.clients[person] = stack.enter_context(client)
    return day


class Load:
    """Senders that report activities until they are told to stop, and what they were told."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.sent: dict[str, Forge] = {}
        self.answers: dict[str, bytes] = {}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, sender: int) -> None:
        started_at = datetime.now(UTC) - timedelta(days=1)
        for index in range(100_000):
            if self._stop.is_set():
                return
            reference = f"{sender}-{index}"
            accrual = stay("H1", reference, 1_000, started_at=started_at)
            forge = self.wire.forge("Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=accrual))
            forge = forge.but(request_id=reference, created=datetime.now(UTC))
            forge = forge.but(payload=forge.payload_bytes())
            self.sent[reference] = forge
            verdict = self.wire.send(forge)
            if verdict.reason == OK:
                self.answers[reference] = verdict.answer


def admit_hotel(day: Day) -> None:
    day.admit("hotel", "HOTEL")
    day.publish("hotel")
    day.enrol("hotel", "H1")


def test_killed_under_load(home: Path) -> None:
    with ExitStack() as stack, serving_process(home) as (process, target):
        day = day_at(target, home, stack)
        admit_hotel(day)
        load = Load(stack.enter_context(raw_wire(day)))
        wait_until(lambda: len(load.answers) > 150)
        process.kill()
        process.wait()
        load.stop()
    acknowledged = dict(load.answers)
    assert set(load.sent) - set(acknowledged)
    with ExitStack() as stack, serving_process(home) as (process, target):
        day = day_at(target, home, stack)
        wire = stack.enter_context(raw_wire(day))
        again = {name: wire.send(forge) for name, forge in load.sent.items()}
        checked = coalition("check", "--data-dir", home)
        page = day.client("hotel").read(
            "Members.GetBalances",
            members_pb2.GetBalancesRequest(membership=membership("hotel", "H1")),
            members_pb2.Balances,
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0

    assert {verdict.reason for verdict in again.values()} == {OK}
    assert {name: again[name].answer for name in acknowledged} == acknowledged
    numbers = [verdict.receipt.number for verdict in again.values()]
    assert len(set(numbers)) == len(numbers)
    assert page.balances[0].balance_minor == 100 * len(load.sent)
    assert checked.returncode == 0, checked.stdout


def wait_until(condition: Any) -> None:
    for _ in range(3_000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not come to that")
