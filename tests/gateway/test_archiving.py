"""Envelopes of settled windows move into files; what was answered and proven stays as it was."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from coalition.profile import write_profile
from coalition.v1 import payments_pb2
from gateway import archiving
from gateway.archive_files import ArchiveError, manifest_name, verify_archive
from gateway.archiving import Archive
from gateway.cli.main import cli
from gateway.database import report_engine
from gateway.home import Home
from gateway.self_check import check_book
from partners.directory_store import money_at
from partners.request_archive import archive_files
from settlement.ledger.book import load_coalition
from settlement.run import settle
from support.coalition_day import Day, coalition_day, keyring, private_key, stay

PARTNERS = ("hotel", "airline", "card")
STAYS = 7


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    """A window of business that is settled and paid, and one that is open."""
    with coalition_day(database_url) as day:
        day.settled_world()
        for number in range(STAYS):
            day.accrue(stay("H1", f"stay-{number}"))
        day.clock.forward(hours=1)
        closed(day)
        yield day


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "FILE_REQUESTS", 5)
    monkeypatch.setattr(archiving, "CLEARED_AT_ONCE", 2)


def closed(day: Day) -> None:
    engine = report_engine(day.engine.url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    settle(engine, coalition, PARTNERS, day.clock, money_at)
    engine.dispose()


def paid(day: Day) -> None:
    with day.engine.connect() as connection:
        dues = connection.execute(text("select * from due where state <> 'CONFIRMED'")).all()
    for due in dues:
        ref = payments_pb2.PaymentRef(
            settlement=due.settlement_id, payer=due.payer, payee=due.payee
        )
        request = payments_pb2.ConfirmPaymentRequest(
            payment=ref, amount_minor=due.amount, reference="R"
        )
        payee = "admin-one" if due.payee == "operator" else due.payee
        day.client(payee).write("Payments.Confirm", request)


def archive_of(day: Day, folder: Path) -> Archive:
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    return Archive(day.engine, coalition, folder, keyring(), dict(day.profile.keys))


def run(day: Day, folder: Path, *, older: timedelta = timedelta(0)) -> list[str]:
    now = day.clock()
    return [f.name for f in archive_of(day, folder).run(now - older, now, lambda *_: None)]


def envelopes(day: Day) -> dict[tuple[str, str], tuple[str, bytes]]:
    """Method and envelope of each request whose envelope is in the database."""
    with day.engine.connect() as connection:
        rows = connection.execute(
            text("select * from request where envelope is not null order by decided_at")
        )
        return {(r.sender, r.request_id): (r.method, bytes(r.envelope)) for r in rows}


def sent(day: Day, method: str, envelope: bytes) -> bytes:
    with grpc.insecure_channel(day.target) as channel:
        return bytes(channel.unary_unary(method)(envelope, timeout=20))


def sound(day: Day) -> bool:
    engine = report_engine(day.engine.url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    problems, _ = check_book(engine, coalition, lambda *_: None)
    engine.dispose()
    return problems == []


def verified(day: Day, folder: Path) -> int:
    found = verify_archive(folder, day.profile.coalition, day.profile.keys)
    return sum(manifest.requests for manifest in found)


def test_only_what_is_settled_and_old_enough_moves(day: Day, tmp_path: Path) -> None:
    before = envelopes(day)
    assert run(day, tmp_path) == []
    paid(day)
    assert run(day, tmp_path, older=timedelta(days=1)) == []
    assert len(run(day, tmp_path)) > 1
    assert set(envelopes(day)) & set(before) == set()
    assert len(envelopes(day)) == 2  # the confirmations, of the window that is open
    assert verified(day, tmp_path) == len(before)
    assert run(day, tmp_path) == []


def test_what_was_answered_is_answered_again_byte_for_byte(day: Day, tmp_path: Path) -> None:
    paid(day)
    replayed = [kept for kept in envelopes(day).values() if kept[0].endswith("/Accrue")]
    answers = [sent(day, *kept) for kept in replayed]
    assert len(answers) == STAYS
    run(day, tmp_path)
    assert [sent(day, *kept) for kept in replayed] == answers
    assert sound(day)


def test_a_missing_envelope_that_nobody_archived_is_a_problem(day: Day, tmp_path: Path) -> None:
    paid(day)
    run(day, tmp_path)
    with day.engine.begin() as connection:
        connection.execute(text("update request set envelope = null"))
    assert not sound(day)


def test_what_was_cut_stays_and_keeps_nothing_from_moving(day: Day, tmp_path: Path) -> None:
    before = envelopes(day)
    paid(day)
    cut = "update request set envelope = :to where request_id = :id"
    (_, one), (_, other) = list(before)[:2]
    with day.engine.begin() as connection:
        connection.execute(text(cut), {"id": one, "to": b""})
        connection.execute(text(cut), {"id": other, "to": b"\xff"})
    run(day, tmp_path)
    assert verified(day, tmp_path) == len(before) - 2
    assert {request_id for _, request_id in envelopes(day)} >= {one, other}
    assert run(day, tmp_path) == []


STOPS = (
    ("write_durably", 1),
    ("write_durably", 2),
    ("record", 1),
    ("clear", 1),
    ("clear", 2),
    ("record_cleared", 1),
    ("record", 2),
    ("clear", 4),
)
"""Functions that fail at their n-th call, as if the process had been killed before it."""


def failing(function: Callable[..., Any], at: int) -> Callable[..., Any]:
    calls = 0

    def called(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            raise KeyboardInterrupt
        return function(*args)

    return called


def test_stopped_anywhere_it_goes_on(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = envelopes(day)
    paid(day)
    for name, at in STOPS:
        with monkeypatch.context() as patched:
            patched.setattr(archiving, name, failing(getattr(archiving, name), at))
            with pytest.raises(KeyboardInterrupt):
                run(day, tmp_path)
    run(day, tmp_path)
    assert verified(day, tmp_path) == len(before)
    assert len(envelopes(day)) == 2
    assert sound(day)


def _flipped(folder: Path) -> None:
    path = folder / "requests-000002.jsonl.gz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _signed_by_nobody(folder: Path) -> None:
    path = folder / manifest_name(1)
    path.write_bytes(path.read_bytes().replace(b'"sig":"', b'"sig":"A'))


def _another_in_its_place(folder: Path) -> None:
    (folder / manifest_name(2)).write_bytes((folder / manifest_name(1)).read_bytes())


DAMAGES: tuple[tuple[Callable[[Path], None], str], ...] = (
    (_flipped, "ARCHIVE_BROKEN: .*its hash is not the manifest's"),
    (_signed_by_nobody, "ARCHIVE_BROKEN: .*is not as a key of the gateway signed it"),
    (_another_in_its_place, "ARCHIVE_BROKEN: .*it is another archive's"),
    (lambda folder: (folder / manifest_name(1)).unlink(), "ARCHIVE_MISSING"),
    (lambda folder: (folder / "requests-000001.jsonl.gz").unlink(), "ARCHIVE_MISSING"),
)


def test_damage_shows(day: Day, tmp_path: Path) -> None:
    paid(day)
    run(day, tmp_path / "whole")
    for place, (damage, reason) in enumerate(DAMAGES):
        copy = shutil.copytree(tmp_path / "whole", tmp_path / str(place))
        damage(copy)
        with pytest.raises(ArchiveError, match=reason):
            verified(day, copy)


def test_nothing_is_cleared_by_a_file_that_does_not_read_back(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = envelopes(day)
    paid(day)
    with monkeypatch.context() as patched:
        patched.setattr(archiving, "record_cleared", failing(archiving.record_cleared, 1))
        patched.setattr(archiving, "clear", failing(archiving.clear, 1))
        with pytest.raises(KeyboardInterrupt):
            run(day, tmp_path)
    path = tmp_path / "requests-000001.jsonl.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(ArchiveError, match="ARCHIVE_BROKEN"):
        run(day, tmp_path)
    assert before.items() <= envelopes(day).items()
    path.write_bytes(whole)
    run(day, tmp_path)
    with day.engine.connect() as connection:
        files = archive_files(connection)
    assert all(file.cleared for file in files)
    assert verified(day, tmp_path) == len(before)


def test_by_command(day: Day, tmp_path: Path) -> None:
    """Home of a gateway whose database is elsewhere; the clock is the machine's."""
    paid(day)
    home = Home(tmp_path / "home")
    home.add_gateway_key(private_key("gateway"), b"secret")
    write_profile(home.profile_path, day.profile)
    url = day.engine.url.render_as_string(hide_password=False)
    folder = str(tmp_path / "archive")
    write = ("archive", "write", folder, "--data-dir", str(home.path), "--database-url", url)
    verify = ("archive", "verify", folder, "--profile", str(home.profile_path), "--json")

    def give(*words: str) -> Result:
        return CliRunner(env={"COALITION_PASSPHRASE": "secret"}).invoke(cli, words)

    assert json.loads(give(*write, "--older-than", "20000", "--json").stdout)["requests"] == 0
    written = json.loads(give(*write, "--older-than", "0", "--json").stdout)
    assert written["requests"] > STAYS
    assert json.loads(give(*verify).stdout)["requests"] == written["requests"]
    assert "0 requests archived in 0 files" in give(*write, "--older-than", "0").stdout
    _flipped(tmp_path / "archive")
    refused = give(*verify)
    assert refused.exit_code == 1
    assert "ARCHIVE_BROKEN" in refused.output
