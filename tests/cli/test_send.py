"""Files are sent once, however often they are sent."""

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import grpc
import pytest
from click.testing import Result

from coalition.activity_files import FileMapping, parse_mapping
from coalition.activity_files.sending import Reject, SendReport, request_id, send_file
from coalition.client import Client
from coalition.errors import Refused, Unavailable
from coalition.receipt_file import ReceiptFile
from coalition.v1.accrual_pb2 import AccrualItem, AccrueBatchRequest
from coalition.v1.members_pb2 import Balances
from contract.fake_gateway import (
    PARTNER_KEY,
    PROFILE,
    SENDER,
    Act,
    FakeGateway,
    accept,
    answer,
    batch_of,
    fail,
    refuse,
)

Run = Callable[..., Result]

MAPPING = """
[activity]
supplier = "hotel-h"
kind = "STAY"
reference = "{file}:{row}"
[when]
status = "out"
[started_at]
column = "day"
[[quantity]]
unit = "NIGHT"
count = "nights"
[member]
programme = "hotel-h"
number = "{member}"
"""


def rows(count: int, first: int = 1) -> str:
    return "".join(f"out,2026-01-05,{n},M{n}\n" for n in range(first, first + count))


@pytest.fixture
def mapping() -> FileMapping:
    return parse_mapping(MAPPING.encode())


@pytest.fixture
def stays(home: Path) -> Path:
    """Ten activities, one row that is none, one that is broken."""
    (home / "mapping.toml").write_text(MAPPING)
    path = home / "stays.csv"
    broken = "out,2026-01-05,many,M99\n"
    path.write_text("status,day,nights,member\n" + rows(5) + "no-show,,,\n" + broken + rows(5, 8))
    return path


@pytest.fixture
def client(gateway: FakeGateway) -> Iterator[Client]:
    with Client(
        gateway.target, PROFILE, SENDER, PARTNER_KEY, max_wait_seconds=0, timeout_seconds=5
    ) as made:
        yield made


def batches(gateway: FakeGateway) -> list[AccrueBatchRequest]:
    """The batches that the gateway got."""
    return [
        AccrueBatchRequest.FromString(envelope.payload)
        for envelope in gateway.seen
        if envelope.payload_type.endswith(".AccrueBatchRequest")
    ]


def size(number: int) -> Act:
    """An act: say how large the ledger is."""
    return lambda *_: Balances(as_of_number=number)


def test_a_file_goes_in_batches_in_order(
    client: Client, gateway: FakeGateway, stays: Path, mapping: FileMapping
) -> None:
    gateway.script = [size(200)]
    seen: list[tuple[int, int]] = []
    report = send_file(
        client,
        stays,
        mapping,
        batch_size=4,
        on_progress=lambda p: seen.append((p.report.accepted, p.done_bytes)),
    )
    assert (report.name, report.rows, report.batches) == ("stays.csv", 12, 3)
    assert (report.accepted, report.replayed, report.broken_rows) == (10, 0, 1)
    assert report.passed_over == {'status is "no-show"': 1}
    assert str(report.broken[0]).startswith('line 8: nights is "many", which is no number')
    assert not report.is_complete
    assert seen[-1] == (10, stays.stat().st_size)
    sent = batches(gateway)
    assert [len(batch.items) for batch in sent] == [4, 4, 2]
    items = [AccrualItem.FromString(item) for batch in sent for item in batch.items]
    assert [item.activity.key.reference for item in items] == [
        f"stays.csv:{row}" for row in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)
    ]
    assert [item.request_id for item in items[:2]] == [
        request_id("stays.csv", 1, 1),
        request_id("stays.csv", 2, 1),
    ]


def test_request_ids_are_for_ever() -> None:
    # The first 16 hex digits of SHA-256("stays.csv"); a change would count rows twice.
    assert request_id("stays.csv", 7, 2) == "0839d77b8489a20b:7:2"


def test_a_file_sent_again_is_the_same_items(
    client: Client, gateway: FakeGateway, stays: Path, mapping: FileMapping
) -> None:
    send_file(client, stays, mapping)
    packed = stays.parent / "folder" / "stays.csv.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(stays.read_bytes()))
    with packed.open("rb") as stream:
        send_file(client, stream, mapping, name="stays.csv")
    send_file(client, packed, mapping, batch_size=3)
    first, second, *others = batches(gateway)
    assert list(first.items) == list(second.items)
    assert first.header.request_id == second.header.request_id
    assert [item for batch in others for item in batch.items] == list(first.items)
    assert len({batch.header.request_id for batch in [first, *others]}) == 5


def test_what_counted_before_is_told_apart(
    client: Client, gateway: FakeGateway, stays: Path, mapping: FileMapping
) -> None:
    gateway.script = [size(206), answer(lambda sent: batch_of(sent, number=200))]
    report = send_file(client, stays, mapping)
    assert (report.replayed, report.accepted) == (6, 4)
    # Not the sender's own programme: nothing is told apart.
    gateway.script = [refuse("UNKNOWN_MEMBERSHIP", grpc.StatusCode.NOT_FOUND)]
    report = send_file(client, stays, mapping)
    assert (report.replayed, report.accepted) == (0, 10)


@pytest.mark.parametrize("reason", ["REQUEST_ID_REUSED", "EXPIRED"])
def test_a_batch_that_is_not_taken_again_goes_under_a_new_id(
    reason: str, client: Client, gateway: FakeGateway, stays: Path, mapping: FileMapping
) -> None:
    gateway.script = [size(0), refuse(reason, grpc.StatusCode.FAILED_PRECONDITION)]
    assert send_file(client, stays, mapping).accepted == 10
    first, second = batches(gateway)
    assert list(first.items) == list(second.items)
    assert first.header.request_id != second.header.request_id


def test_refused_rows_are_rejects(
    client: Client, gateway: FakeGateway, stays: Path, mapping: FileMapping
) -> None:
    gateway.script = [size(0), answer(lambda sent: batch_of(sent, refused=(1, 9)))]
    rejects: list[Reject] = []
    report = send_file(client, stays, mapping, on_reject=rejects.append)
    assert report.refused == {"DUPLICATE_ACTIVITY": 2}
    assert (report.accepted, report.is_complete) == (8, False)
    assert [(r.line, r.row, r.reason) for r in rejects] == [
        (8, 7, "BROKEN_ROW"),
        (3, 2, "DUPLICATE_ACTIVITY"),
        (13, 12, "DUPLICATE_ACTIVITY"),
    ]
    assert rejects[1].reference == "stays.csv:2"
    assert "reverse it and send a new revision" in rejects[1].remedy


def test_only_some_rows_and_another_attempt(
    client: Client, gateway: FakeGateway, stays: Path, mapping: FileMapping
) -> None:
    report = send_file(client, stays, mapping, attempt=2, only={2, 12})
    assert (report.rows, report.accepted) == (2, 2)
    (batch,) = batches(gateway)
    ids = [AccrualItem.FromString(item).request_id for item in batch.items]
    assert ids == [request_id("stays.csv", row, 2) for row in (2, 12)]


def test_a_report_holds_what_was_done_when_sending_stops(
    client: Client, gateway: FakeGateway, stays: Path, mapping: FileMapping
) -> None:
    for act, error in (
        (fail(grpc.StatusCode.UNAVAILABLE), Unavailable),
        (refuse("NOT_AUTHORIZED", grpc.StatusCode.PERMISSION_DENIED), Refused),
    ):
        gateway.script = [size(0), accept, act]
        report = SendReport()
        with pytest.raises(error):
            send_file(client, stays, mapping, batch_size=3, report=report)
        assert (report.batches, report.accepted) == (1, 3)


def test_kept_batches_are_not_sent_again(
    gateway: FakeGateway, stays: Path, mapping: FileMapping, tmp_path: Path
) -> None:
    for batches_left in (4, 1):
        with (
            ReceiptFile(tmp_path / "kept.jsonl") as kept,
            Client(
                gateway.target, PROFILE, SENDER, PARTNER_KEY, receipts=kept, max_wait_seconds=0
            ) as client,
        ):
            gateway.seen.clear()
            gateway.script = [size(0), accept, accept, accept, fail(grpc.StatusCode.UNAVAILABLE)]
            if batches_left == 4:
                with pytest.raises(Unavailable):
                    send_file(client, stays, mapping, batch_size=3)
                torn = gateway.seen[-1]
            else:
                gateway.script = [size(0)]
                assert send_file(client, stays, mapping, batch_size=3).accepted == 10
                assert gateway.seen[-1].payload == torn.payload, "sent again as it was"
            assert len(batches(gateway)) == batches_left


def test_an_empty_file_sends_nothing(
    client: Client, gateway: FakeGateway, home: Path, mapping: FileMapping
) -> None:
    (home / "none.csv").write_text("status,day,nights,member\n")
    report = send_file(client, home / "none.csv", mapping)
    assert (report.rows, report.batches, report.is_complete) == (0, 0, True)
    assert gateway.seen == []


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"batch_size": 1001}, {"attempt": 0}])
def test_limits(client: Client, stays: Path, mapping: FileMapping, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="a batch has 1 to 1000 rows"):
        send_file(client, stays, mapping, **wrong)  # type: ignore[arg-type]


def test_send_writes_rejects_and_takes_them_back(
    partner: Run, gateway: FakeGateway, stays: Path, home: Path
) -> None:
    gateway.script = [size(0), answer(lambda sent: batch_of(sent, refused=(1,)))]
    command = ("send", str(stays), "--mapping", "mapping.toml")
    done = partner(*command, "--rejects", "rejects.csv", "--receipts", "kept.jsonl", "--json")
    assert done.exit_code == 4, done.output
    summary = json.loads(done.stdout)
    assert (summary["accepted"], summary["refused"]) == (9, {"DUPLICATE_ACTIVITY": 1})
    assert "2 rows do not count: see rejects.csv" in done.stderr
    with (home / "rejects.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [(row["line"], row["row"], row["reason"]) for row in found] == [
        ("8", "7", "BROKEN_ROW"),
        ("3", "2", "DUPLICATE_ACTIVITY"),
    ]
    mended = stays.read_text().replace("many", "1")
    stays.write_text(mended)
    again = partner(*command, "--only", "rejects.csv", "--attempt", "2", "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["accepted"] == 2
    verified = partner("receipts", "verify", "kept.jsonl", "--json")
    assert json.loads(verified.stdout)["receipts"] == 9


def test_send_shows_a_table_and_reads_a_stream(partner: Run, stays: Path) -> None:
    command = ("send", "-", "--mapping", "mapping.toml")
    nameless = partner(*command, stdin=stays.read_bytes())
    assert nameless.exit_code == 2
    assert "give --name" in nameless.stderr
    done = partner(*command, "--name", "stays.csv", stdin=stays.read_bytes())
    assert done.exit_code == 4
    assert "accepted" in done.stdout
    assert 'passed over: status is "no-show"' in done.stdout


SEND_MISTAKES = {
    "none.csv --mapping mapping.toml": "cannot read none.csv: No such file",
    "stays.csv --mapping none.toml": "the mapping none.toml cannot be used: file: cannot be read",
    "stays.csv --mapping stays.csv": "the mapping stays.csv cannot be used: file: is not TOML",
    "mapping.toml --mapping mapping.toml --name m.csv": "has no column 'status'",
    "stays.csv --mapping mapping.toml --only stays.csv": "stays.csv is no file of rejects",
    "stays.csv": "Missing option '--mapping'",
}


@pytest.mark.parametrize("command", SEND_MISTAKES)
def test_send_says_what_is_wrong(
    command: str, partner: Run, stays: Path, gateway: FakeGateway
) -> None:
    assert stays.exists()
    done = partner("send", *command.split())
    assert done.exit_code == 2, done.output
    assert SEND_MISTAKES[command] in done.stderr
    assert gateway.seen == []


def test_a_stop_in_the_middle_says_how_to_go_on(
    partner: Run, stays: Path, gateway: FakeGateway
) -> None:
    gateway.script = [size(0), accept, fail(grpc.StatusCode.UNAVAILABLE)]
    options = ("--batch", "4", "--max-wait-seconds", "0", "--json")
    done = partner("send", str(stays), "--mapping", "mapping.toml", *options)
    assert done.exit_code == 3
    assert json.loads(done.stdout) == json.loads(done.stdout) | {"accepted": 4, "finished": False}
    assert "give the same command again, and it goes on" in done.stderr


def test_an_interrupt_says_how_to_go_on(
    partner: Run, stays: Path, gateway: FakeGateway, home: Path
) -> None:
    assert partner("partners", "list").exit_code == 0

    def interrupt(*arguments: object) -> object:
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        return accept(*arguments)  # type: ignore[arg-type]

    gateway.script = [size(0), accept, interrupt]  # type: ignore[list-item]
    command = "from gateway.cli.main import main; main()"
    options = ["--mapping", "mapping.toml", "--batch", "4", "--receipts", "kept.jsonl", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", command, "send", str(stays), *options],
        cwd=home,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    shown, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert json.loads(shown)["accepted"] == 4
    assert "Interrupted. Nothing is lost" in told
    assert "Traceback" not in told
    done = partner("send", str(stays), *options)
    assert json.loads(done.stdout)["accepted"] == 10


@pytest.mark.parametrize(
    ("file", "mapping"), [("stays.csv", "hotel_bookings"), ("flights.json", "flights")]
)
def test_the_samples_are_sent(file: str, mapping: str, partner: Run, gateway: FakeGateway) -> None:
    samples = Path(str(files("gateway.samples")))
    done = partner(
        "send", str(samples / file), "--mapping", str(samples / f"{mapping}.mapping.toml")
    )
    assert done.exit_code == 0, done.output
    assert sum(len(batch.items) for batch in batches(gateway)) == {"stays.csv": 207}.get(file, 300)
