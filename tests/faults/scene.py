"""A coalition under load: a gateway, its database, partners, and what they were answered."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import create_engine

from coalition.client import Client
from coalition.keyfiles import read_key
from coalition.profile import read_profile
from faults.database import kill_all, server_in
from faults.ledger import Again, Comparison, LedgerEntry, entries_of
from faults.partner import THREADS
from faults.programs import (
    PASSPHRASE,
    GatewayProgram,
    NoRecovery,
    coalition,
    environment,
    kill,
    wait_until,
)
from faults.receipts import Receipts
from gateway.cli.main import cli
from gateway.database import report_engine
from gateway.postgres import reachable_data_dir
from gateway.postgres.server import Server
from support.coalition_day import Clock, Day

AGAIN_EACH_TIME = 40
"""How many answers of each partner are asked for again after each fault, the newest."""


class RealClock(Clock):
    """The clock of the processes under test."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Figures:
    """What one look at the ledger found."""

    acknowledged: int
    entries: int
    again: int
    pending: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Scene:
    """Where a fault happens. `database_url` is None for the embedded database."""

    home: Path
    gateway: GatewayProgram
    database_url: str | None = None
    checkpoint_file: Path | None = None
    partners: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    receipts: dict[str, Receipts] = field(default_factory=dict)

    @property
    def options(self) -> tuple[str, ...]:
        """What commands on the database are given."""
        url, checkpoint = self.database_url, self.checkpoint_file
        database = () if url is None else ("--database-url", url)
        kept = () if checkpoint is None else ("--checkpoint-file", str(checkpoint))
        return ("--data-dir", str(self.home), *database, *kept)

    def server(self) -> Server:
        """The embedded server."""
        return server_in(reachable_data_dir(self.home / "postgres"))

    def send(self) -> None:
        """Have the partners send until `quiet`."""
        for name in THREADS:
            file = self.home / f"{name}.receipts"
            self.receipts.setdefault(name, Receipts(file))
            words = (str(self.home), self.gateway.target, name, str(file))
            with (self.home / f"{name}.log").open("ab") as log, _held_back(signal.SIGTERM):
                self.partners[name] = subprocess.Popen(
                    [sys.executable, "-m", "faults.partner", *words],
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def acknowledged(self) -> int:
        """How many entries partners have receipts of. Raises NoRecovery where one gave up."""
        for name, process in self.partners.items():
            if process.poll() is not None:
                said = (self.home / f"{name}.log").read_text()[-2_000:]
                message = f"the partner {name} ended with {process.returncode}: {said}"
                raise NoRecovery(message)
        for receipts in self.receipts.values():
            receipts.read_on()
        return sum(len(receipts.accepted) for receipts in self.receipts.values())

    def wait_for_more(self, count: int, seconds: float = 90) -> None:
        """Until so many more entries are acknowledged. Raises NoRecovery."""
        enough = self.acknowledged() + count
        wait_until("partners are answered", lambda: self.acknowledged() >= enough, seconds)

    def quiet(self) -> None:
        """End the load: what was sent is answered first. Raises NoRecovery where it is not."""
        processes = dict(self.partners)
        self.partners = {}
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        for name, process in processes.items():
            try:
                code = process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            if code:
                said = (self.home / f"{name}.log").read_text()[-2_000:]
                message = f"the partner {name} ended with {code}: {said}"
                raise NoRecovery(message)

    def look(self, *, everything: bool = False) -> Figures:
        """`coalition check`, and the ledger beside the receipts; at rest, all of them again."""
        self.acknowledged()
        checked = CliRunner().invoke(cli, ["check", *self.options])
        comparison = Comparison()
        if checked.exit_code:
            comparison.problems.append(f"coalition check: {checked.output} {checked.exception!r}")
        entries = self._entries()
        comparison.compare(entries, dict(self.receipts))
        most = None if everything else AGAIN_EACH_TIME
        profile = read_profile(self.home / "coalition.json")
        again = Again(self.gateway.target, profile.coalition)
        comparison.problems += again.problems(self.receipts, most)
        answered = [min(len(r.answers), most or len(r.answers)) for r in self.receipts.values()]
        figures = Figures(comparison.acknowledged, len(entries), sum(answered))
        figures.pending = sum(len(receipts.pending) for receipts in self.receipts.values())
        if everything:
            comparison.complete(entries, dict(self.receipts))
            if figures.pending:
                comparison.problems.append(f"{figures.pending} requests were never answered")
        comparison.problems += [
            f"{name}: {request} was dropped"
            for name, receipts in self.receipts.items()
            for request in receipts.dropped
        ]
        figures.problems = comparison.problems
        return figures

    def _entries(self) -> list[LedgerEntry]:
        engine = report_engine(self.database_url or self.server().url())
        try:
            return entries_of(engine)
        finally:
            engine.dispose()

    def close(self) -> None:
        """Leave no process behind."""
        for process in self.partners.values():
            kill(process.pid)
            process.wait()
        with contextlib.suppress(NoRecovery):
            self.gateway.kill()
        if self.database_url is None:
            kill_all(self.server())


@contextmanager
def _held_back(number: signal.Signals) -> Iterator[None]:
    """A signal waits for what is started here until that is ready for it, and says so."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def work_directory() -> Iterator[Path]:
    """A directory for one scene that the database's account may enter; removed at the end."""
    made = Path(tempfile.mkdtemp(prefix="coalition-faults-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def scene(
    home: Path, database_url: str | None = None, *options: str, init_url: str | None = None
) -> Iterator[Scene]:
    """A coalition that serves, with members of two partners, without load yet.

    `init_url`: by which the coalition is made and looked at where the gateway takes another way.
    """
    direct = init_url or database_url
    database = () if direct is None else ("--database-url", direct)
    made = coalition("init", "--data-dir", home, *database)
    if made.returncode:
        raise NoRecovery(made.stderr)
    given = () if database_url is None else ("--database-url", database_url)
    found = Scene(home, GatewayProgram(home, (*given, *options)), direct)
    try:
        found.gateway.start()
        _admit(found)
        yield found
    finally:
        found.close()


def _admit(scene: Scene) -> None:
    """Hotel and airline, what they agreed, and a member of both for every sender."""
    with ExitStack() as stack:
        profile = read_profile(scene.home / "coalition.json")
        engine = create_engine("sqlite://")
        day = Day(scene.gateway.target, profile, RealClock(), engine, stack)
        for person in ("admin-one", "admin-two"):
            key = read_key(scene.home / "keys" / f"{person}.key", PASSPHRASE.encode())
            client = Client(scene.gateway.target, profile, person, key)
            day.clients[person] = stack.enter_context(client)
        for partner, kind in (("hotel", "HOTEL"), ("airline", "AIRLINE")):
            day.admit(partner, kind)
            day.publish(partner)
        day.agree("airline", "hotel")
        day.rate("hotel", 50, 60, Fraction(1, 50), Fraction(1, 100))
        day.rate("airline", 70, 80)
        for n in range(max(THREADS.values())):
            pair = ("hotel", f"hotel-{n}"), ("airline", f"airline-{n}")
            day.enrol(*pair[0], tier="GOLD", choice="points-and-miles")
            day.enrol(*pair[1])
            day.link(*pair)


def pause_all(pids: list[int]) -> None:
    """Have processes stand still, as on a disk that does not answer."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)


def resume_all(pids: list[int]) -> None:
    """Let them go on."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
