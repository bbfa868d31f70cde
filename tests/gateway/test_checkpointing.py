"""The checkpoint outside the database: no signed number is ahead of it, no database behind it."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from coalition.checkpoints import (
    Checkpoint,
    read_checkpoint,
    sign_checkpoint,
    write_checkpoint,
)
from coalition.v1 import accrual_pb2, feed_pb2
from coalition.v1.envelope_pb2 import Envelope, FeedRecord
from gateway.checkpointing import CheckpointMismatch, KeptCheckpoint
from gateway.cli.settle_command import settle_now
from gateway.database import connect_engine
from gateway.self_check import check_book
from gateway.server import Gateway, Listen
from settlement.ledger.book import load_coalition, read_head
from support.coalition_day import (
    NOON,
    Clock,
    Day,
    coalition_day,
    founding_of,
    keyring,
    private_key,
    serving,
    stay,
)
from support.raw_calls import OK, Wire, raw_wire

PROFILE = founding_of().profile


@dataclass
class Watched:
    """A coalition's day, and the file beside its database."""

    day: Day
    path: Path

    def kept(self) -> Checkpoint:
        found = read_checkpoint(self.path, PROFILE.coalition, PROFILE.keys)
        assert found is not None
        return found

    def size(self) -> int:
        with self.day.engine.connect() as connection:
            return read_head(connection).size


@pytest.fixture(scope="module")
def watched(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    path = tmp_path_factory.mktemp("elsewhere") / "checkpoint"
    with coalition_day(module_database_url, checkpoint_file=path) as day:
        day.settled_world()
        yield Watched(day, path)


@pytest.fixture
def wire(watched: Watched) -> Iterator[Wire]:
    with raw_wire(watched.day) as wire:
        yield wire


def test_every_answer_is_covered_when_it_is_given(watched: Watched) -> None:
    for index in range(5):
        number = watched.day.accrue(stay("H1", f"covered-{index}", 100)).receipt.number
        assert watched.kept().size == number + 1 == watched.size()


def test_what_others_write_is_covered_before_it_is_told(watched: Watched, wire: Wire) -> None:
    """The settlement runs in a process that has no key; its entries stand in the feed."""
    day = watched.day
    last = day.accrue(stay("H1", "before-the-night", 100)).receipt.number
    settle_now(day.engine, day.clock, lambda *_: None)
    forge = wire.forge("Feed.Follow", feed_pb2.FollowRequest(after_number=last))
    answers = wire.channel.unary_stream(forge.method.full_name)(forge.data(), timeout=20)
    number = FeedRecord.FromString(Envelope.FromString(next(answers)).payload).number
    assert last < number < watched.kept().size
    answers.cancel()


def test_gateways_beside_each_other_share_the_file(watched: Watched) -> None:
    engine = connect_engine(watched.day.engine.url.render_as_string(hide_password=False))
    with serving(engine, watched.day.clock, watched.path) as target:
        other = Day(target, PROFILE, watched.day.clock, engine)
        with other.stack:
            sizes = []
            for index in range(6):
                who = (watched.day, other)[index % 2]
                number = who.accrue(stay("H1", f"shared-{index}", 100)).receipt.number
                sizes.append(watched.kept().size)
                assert sizes[-1] > number
    engine.dispose()
    assert sizes == sorted(sizes)


def test_nothing_is_answered_that_cannot_be_covered(watched: Watched, wire: Wire) -> None:
    """The disk of the checkpoint is gone: written, not told; once it is back, the same answer."""
    request = accrual_pb2.AccrueRequest(accrual=stay("H1", "uncovered", 100))
    forge = wire.forge("Accrual.Accrue", request).but(request_id="uncovered")
    size = watched.size()
    folder = watched.path.parent
    away = folder.rename(folder.with_name("unmounted"))
    refused = wire.send(forge)
    assert (refused.reason, refused.signed) == ("UNAVAILABLE", None)
    assert "cannot be kept outside the database" in refused.message
    assert watched.size() == size + 1

    away.rename(folder)
    answered = wire.send(forge)
    assert answered.reason == OK
    assert answered.receipt.number == size
    assert watched.kept().size == size + 1


@contextmanager
def copied(engine: Engine) -> Iterator[Engine]:
    """The database as it is now, on the side: what a backup holds."""
    name = f"backup_{uuid.uuid4().hex}"
    url = engine.url.set(drivername="postgresql+psycopg")
    administration = create_engine(
        make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT"
    )
    engine.dispose()
    with administration.connect() as connection:
        connection.execute(
            text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"),
            {"name": engine.url.database},
        )
        connection.execute(text(f"create database {name} template {engine.url.database}"))
    restored = connect_engine(url.set(database=name).render_as_string(hide_password=False))
    try:
        yield restored
    finally:
        restored.dispose()
        with administration.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))
        administration.dispose()


def refused(engine: Engine, path: Path) -> str:
    """Why a gateway does not start."""
    gateway = Gateway(engine, keyring(), Clock(NOON), Listen("127.0.0.1:0"), path)
    with pytest.raises(CheckpointMismatch) as mismatch:
        asyncio.run(gateway.serve(lambda _: pytest.fail("it serves"), asyncio.Event()))
    return str(mismatch.value)


def test_no_gateway_starts_on_an_earlier_state(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    with coalition_day(database_url, checkpoint_file=path) as day:
        day.settled_world()
    engine = connect_engine(database_url)
    with copied(engine) as restored:
        with serving(engine, day.clock, path) as target:
            lost = Day(target, PROFILE, day.clock, engine)
            with lost.stack:
                number = lost.accrue(stay("H1", "acknowledged-and-lost", 100)).receipt.number

        # 1. Behind: nothing is served, and nothing is written.
        said = refused(restored, path)
        assert said.startswith(
            f"DATABASE_BEHIND: the database holds {number} entries, and {number + 1} were signed"
        )
        assert "Restore a newer state of the database" in said
        assert "coalition init" in said

        # 2. It went on from there without the file: longer, and another history.
        with serving(restored, day.clock) as target:
            fork = Day(target, PROFILE, day.clock, restored)
            with fork.stack:
                again = fork.accrue(stay("H1", "in-its-place", 100)).receipt.number
                fork.accrue(stay("H1", "and-on", 100))
        assert again == number
        assert refused(restored, path).startswith(f"DATABASE_DIFFERS: the first {number + 1} ")

        # 3. The self-check says so too, and all that is in the database agrees with itself.
        with restored.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        kept = read_checkpoint(path, PROFILE.coalition, PROFILE.keys)
        assert check_book(restored, coalition, lambda *_: None)[0] == []
        problems, _ = check_book(restored, coalition, lambda *_: None, kept)
        assert [(p.check, p.where) for p in problems] == [
            ("checkpoint", f"the first {number + 1} entries")
        ]

    # 4. The database that lost nothing is served.
    with serving(engine, day.clock, path) as target:
        assert target
    engine.dispose()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "no text"), (b"coalition/x\n1\nx\n\n\xe2\x80\x94 coalition/x eHh4eA==\n", "signature")],
)
def test_a_file_that_cannot_be_read_is_no_excuse(
    watched: Watched, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(content)
    kept = KeptCheckpoint(path, PROFILE.coalition, PROFILE.keys)
    with (
        watched.day.engine.connect() as connection,
        pytest.raises(CheckpointMismatch, match=f"CHECKPOINT_UNUSABLE: .*{says}"),
    ):
        kept.require_extended(connection)


@pytest.mark.parametrize("missing", [3, 0], ids=["behind", "of another history"])
def test_a_running_gateway_is_led_to_another_database(watched: Watched, missing: int) -> None:
    """By an address that stands for several servers: nothing is written to it, nor answered."""
    kept, size = watched.kept(), watched.size()
    other = sign_checkpoint(private_key("gateway"), PROFILE.coalition, size + missing, bytes(32))
    with raw_wire(watched.day) as wire:
        forge = wire.forge(
            "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=stay("H1", f"led-{missing}", 1_000))
        ).but(request_id=f"led-{missing}")
        write_checkpoint(watched.path, other)
        watched.day.engine.dispose()
        refused = wire.send(forge)
        write_checkpoint(watched.path, kept)
        again = wire.send(forge)

    assert refused.reason == "UNAVAILABLE"
    assert again.reason == OK
    assert again.receipt.number == size
