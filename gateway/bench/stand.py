"""The stand that everything is measured on: a throw-away coalition, served, and a load generator.

Its database is an embedded one of its own, and durable: a commit waits for the disk.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from coalition.keyfiles import passphrase as read_passphrase
from coalition.methods import method
from coalition.v1.envelope_pb2 import Envelope
from gateway.bench.load import Job, Sender, Sent, sender
from gateway.bench.operating import Serving, make_coalition, passphrase_file, serving
from gateway.bench.problems import BenchError
from gateway.bench.reference import signed_answers
from gateway.bench.scene import Scene, play_scene
from gateway.bench.stays import ACCRUE, ACCRUE_BATCH, Stays
from gateway.database import report_engine
from gateway.home import Home
from gateway.postgres import reachable_data_dir
from settlement.ledger.book import read_head


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    `calls` are single accruals in a round, `batches` envelopes of `batch_items` stays each;
    `latency_seconds` is how long a rate is kept. `windows` are entries of the windows that are
    closed, `record_rows` those of the record that is matched. `workers` of None leaves their
    number to `coalition serve`.
    """

    members: int
    rounds: int
    calls: int
    in_flight: int
    batches: int
    batch_items: int
    batches_in_flight: int
    latency_seconds: float
    small_window: int
    windows: tuple[int, ...]
    record_rows: int
    entries: int
    minutes: int
    workers: int | None = None


@dataclass
class Stand:
    """A coalition ready for business, and what is needed to measure it."""

    home: Home
    url: str
    engine: Engine
    gateway: Serving
    scene: Scene
    stays: Stays
    sender: Sender
    sizes: Sizes

    def booked(self, job: Job, activities: int) -> Sent:
        """Send a job to the gateway. Raises BenchError unless every activity became an entry."""
        before = self.entries()
        sent = self.sender.send(job)
        booked = self.entries() - before
        if booked != activities:
            message = f"{activities} activities were answered, and {booked} of them were booked"
            raise BenchError(message)
        return sent

    def entries(self) -> int:
        """How many entries the ledger has."""
        with self.engine.connect() as connection:
            return read_head(connection).size

    def accruals(
        self,
        requests: list[bytes],
        *,
        in_flight: int = 1,
        rate: float | None = None,
        keep_answers: bool = False,
    ) -> Job:
        """Single accruals, for the gateway."""
        name = method(ACCRUE).full_name
        return Job(self.gateway.target, name, requests, in_flight, rate, keep_answers)

    def batches(self, requests: list[bytes]) -> Job:
        """Batches, for the gateway, some in flight."""
        name = method(ACCRUE_BATCH).full_name
        flying = self.sizes.batches_in_flight
        return Job(self.gateway.target, name, requests, in_flight=flying)

    @contextmanager
    def reference(self, workers: int) -> Iterator[str]:
        """The server of signed answers, whose receipts are as long as those of a stay."""
        job = self.accruals(self.stays.single(1), keep_answers=True)
        (answer,) = self.booked(job, 1).answers
        size = len(Envelope.FromString(answer).payload)
        secret = read_passphrase(passphrase_file(self.home))
        with signed_answers(
            self.url, self.home, secret, payload_bytes=size, workers=workers
        ) as target:
            yield target


@contextmanager
def stand(sizes: Sizes, folder: Path | None) -> Iterator[Stand]:
    """A stand in a folder of its own below `folder`, gone at the end. Raises BenchError."""
    with (
        tempfile.TemporaryDirectory(prefix="coalition-bench-", dir=folder) as scratch,
        ExitStack() as stack,
    ):
        path = Path(scratch) / "home"
        data_dir = reachable_data_dir(path.absolute() / "postgres")
        stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        home = make_coalition(path)
        url = stack.enter_context(home.database(None))
        engine = report_engine(url)
        stack.callback(engine.dispose)
        options = () if sizes.workers is None else ("--workers", str(sizes.workers))
        gateway = stack.enter_context(serving(home, Path(scratch) / "gateway.log", options))
        scene = play_scene(gateway.target, home, sizes.members)
        stays = Stays(scene.profile.coalition, scene.hotel, scene.members)
        at_work = stack.enter_context(sender())
        yield Stand(home, url, engine, gateway, scene, stays, at_work, sizes)
