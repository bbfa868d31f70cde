"""Whatever can be wrong with a partner's evidence is found offline, and said in words.

The evidence is that of a random coalition on a real gateway. Each case alters a copy of it in one
way, as a partner, a gateway that signs what it should not, or a damaged disk would.
"""

import base64
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coalition.checkpoints import sign_checkpoint
from coalition.client import Client
from coalition.evidence_folder import Folder
from coalition.receipt_file import ReceiptFile
from coalition.statement_reading import read_form
from coalition.statements import verify_statement
from coalition.v1 import accrual_pb2
from settlement.ledger.entries import canonical
from support.coalition_day import Day, private_key, stay
from support.evidence import (
    WINDOWS,
    Forger,
    Lines,
    edit_lines,
    fetch,
    place_of,
    record_of,
    settled_business,
    verified,
)
from support.random_business import PARTNERS, World

Alter = Callable[[Folder], None]

ME = "hotel"


@pytest.fixture(scope="module")
def business(module_database_url: str) -> Iterator[tuple[Day, World]]:
    with settled_business(module_database_url) as business:
        yield business


@pytest.fixture(scope="module")
def day(business: tuple[Day, World]) -> Day:
    return business[0]


@pytest.fixture(scope="module")
def collected(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The hotel's evidence, fetched in two goes: there are two trees and a proof between them."""
    path = tmp_path_factory.mktemp("evidence")
    fetch(day, ME, path, 1)
    day.enrol("hotel", "in-between")
    return fetch(day, ME, path)


@pytest.fixture
def folder(collected: Folder, tmp_path: Path) -> Folder:
    """A copy to alter."""
    return Folder(Path(shutil.copytree(collected.path, tmp_path / "evidence")))


@pytest.mark.parametrize("me", PARTNERS)
def test_everybody_can_prove_its_statements(day: Day, me: str, tmp_path: Path) -> None:
    report = verified(day, fetch(day, me, tmp_path))
    assert report.problems == []
    assert report.counts["statements"] == WINDOWS
    assert report.counts["records proven to be in the log"] == report.counts["records of the feed"]
    # Three rates and two values in money.
    assert report.counts["versions of the rate book signed"] == 5
    assert report.counts["priced entries computed again"] > 20
    # What cannot be computed again is said with its reason, and is what the operator is not shown.
    alone = report.not_recomputed["only the operator's part of it is shown to you"]
    assert (alone > 0) == (me == "operator")


def test_a_folder_grows_and_proves_that_the_log_only_grew(day: Day, folder: Folder) -> None:
    report = verified(day, folder)
    assert report.problems == []
    assert (
        report.counts["checkpoints"] == report.counts["trees that extend the one before"] + 1 == 2
    )
    before = folder.feed.read_bytes()
    fetch(day, ME, folder.path)
    assert folder.feed.read_bytes().startswith(before)
    assert verified(day, folder).problems == []


def feed(edit: Callable[[Lines], Lines]) -> Alter:
    return lambda folder: edit_lines(folder.feed, edit)


def at_last(kind: str, change: Callable[[dict[str, Any]], Any], wants: str = "") -> Alter:
    """Change the last line of the feed with an entry of a kind."""

    def alter(folder: Folder) -> None:
        index = place_of(folder, kind, wants)

        def edit(lines: Lines) -> Lines:
            return [*lines[:index], change(lines[index]), *lines[index + 1 :]]

        edit_lines(folder.feed, edit)

    return alter


def without_last(kind: str) -> Alter:
    def alter(folder: Folder) -> None:
        index = place_of(folder, kind)
        edit_lines(folder.feed, lambda lines: lines[:index] + lines[index + 1 :])

    return alter


def flipped(line: dict[str, Any]) -> dict[str, Any]:
    """One bit of the payload is another."""
    envelope = Forger().sign(record_of(line))["envelope"]
    at = len(envelope) // 2
    return {
        **line,
        "envelope": envelope[:at] + ("A" if envelope[at] != "A" else "B") + envelope[at + 1 :],
    }


def more(fields: dict[str, Any]) -> None:
    fields["amount"] = str(int(fields["amount"]) + 1)


def other_terms(fields: dict[str, Any]) -> None:
    fields["terms"] = "1"


def to_everybody_else(line: dict[str, Any]) -> dict[str, Any]:
    record = record_of(line)
    record.participant = "airline"
    return Forger().sign(record)


def hidden(line: dict[str, Any]) -> dict[str, Any]:
    """The same entry, signed by the gateway, with a line of the partner's not shown."""
    record = record_of(line)
    del record.record.lines[-1]
    return Forger().sign(record)


FEED = {
    "a byte is another": (at_last("ACCRUAL", flipped), r"feed.jsonl.* line|line \d+ of feed.jsonl"),
    "signed by a key that is not in the profile": (
        at_last("ACCRUAL", lambda line: Forger("mallory").sign(record_of(line))),
        r"feed.jsonl line \d+: signed by [0-9a-f]{64}, which is no key of this gateway's profile",
    ),
    "of another participant's feed": (
        at_last("ACCRUAL", to_everybody_else),
        r"feed.jsonl line \d+: a record of the feed of 'airline'",
    ),
    "an amount that the gateway signed anew": (
        at_last("ACCRUAL", lambda line: Forger().altered(line, more), "clearing/"),
        r"entry \d+ as it is here is not in the tree of \d+ entries",
    ),
    "terms that nobody agreed on": (
        at_last("ACCRUAL", lambda line: Forger().altered(line, other_terms), "clearing/"),
        r"entry \d+: the terms 1 that priced it are in neither the exported rate book nor",
    ),
    "a line is not shown": (
        at_last("ACCRUAL", hidden, "clearing/"),
        r"obligations with \w+, \w+",
    ),
    "dropped": (without_last("ACCRUAL"), r"entries is \d+ in the statement; the signed records"),
    "dropped, and its proof is there": (
        without_last("ACCRUAL"),
        r"entry \d+ is not in the feed here, and there is a proof of it",
    ),
    "a cut dropped": (without_last("CUT"), r"entry \d+ settles|no CUT of window 3 comes before it"),
    "twice": (
        feed(lambda lines: [*lines[:40], lines[39], *lines[40:]]),
        r"feed.jsonl line 41: number \d+ came after \d+",
    ),
    "reordered": (
        feed(lambda lines: [*lines[:40], lines[41], lines[40], *lines[42:]]),
        r"feed.jsonl line 42: number \d+ came after \d+",
    ),
    "its beginning is missing": (
        feed(lambda lines: lines[10:]),
        r"the feed begins at entry \d+; the log begins at 0",
    ),
    "its end is missing": (
        feed(lambda lines: lines[:60]),
        r"the feed here does not reach the CUT of window 3",
    ),
    "cut off": (
        lambda folder: folder.feed.write_bytes(folder.feed.read_bytes()[:-9]),
        r"feed.jsonl is cut off in line \d+",
    ),
    "empty": (lambda folder: folder.feed.write_bytes(b""), r"the feed is empty"),
    "not there": (lambda folder: folder.feed.unlink(), r"cannot read .*feed.jsonl"),
    "a line is no line": (
        feed(lambda lines: [*lines[:7], {"number": 7}, *lines[8:]]),
        r"line 8 of feed.jsonl cannot be read: 'envelope' is missing",
    ),
}


def conversion_of_more(folder: Folder) -> None:
    at_last("CONVERSION", lambda line: Forger().altered(line, more), "clearing/")(folder)


def proofs(edit: Callable[[Lines], Lines]) -> Alter:
    return lambda folder: edit_lines(folder.inclusion, edit)


def checkpoint(key: str, root: bytes | None) -> Alter:
    """The larger tree's checkpoint by another key, or of another root."""

    def alter(folder: Folder) -> None:
        path = folder.checkpoints()[-1]
        size = int(path.stem)
        there = to_root(path)
        made = sign_checkpoint(private_key(key), "test-coalition", size, root or there)
        path.write_bytes(made.note)

    return alter


def to_root(path: Path) -> bytes:
    return base64.b64decode(path.read_text().split("\n")[2])


def forked(folder: Folder) -> None:
    """The gateway signed another tree of the same size."""
    newest = folder.checkpoints()[-1]
    size = int(newest.stem)
    made = sign_checkpoint(private_key("gateway"), "test-coalition", size, bytes(32))
    newest.with_name(f"{size}-0000000000000000.txt").write_bytes(made.note)


LOG = {
    "an inclusion proof is missing": (
        proofs(lambda lines: [*lines[:20], *lines[21:]]),
        r"feed.jsonl line 21: entry \d+ has no proof that it is in the log",
    ),
    "an inclusion proof is of another entry": (
        proofs(
            lambda lines: [*lines[:20], {**lines[20], "proof": lines[21]["proof"]}, *lines[21:]]
        ),
        r"feed.jsonl line 21: .*entry \d+",
    ),
    "proofs are cut off": (
        lambda folder: folder.inclusion.write_bytes(folder.inclusion.read_bytes()[:-9]),
        r"inclusion.jsonl is cut off in line \d+",
    ),
    "a tree that nobody signed": (
        proofs(lambda lines: [*lines[:20], {**lines[20], "size": 12345}, *lines[21:]]),
        r"entry \d+ is proven in a tree of 12345 entries, of which there is no signed checkpoint",
    ),
    "a checkpoint by another key": (
        checkpoint("mallory", None),
        r"checkpoint \d+.txt: the checkpoint does not verify",
    ),
    "a checkpoint of another history": (
        checkpoint("gateway", bytes(32)),
        r"checkpoints of \d+ and \d+ entries: the tree of \d+ entries does not extend",
    ),
    "two histories": (forked, r"the gateway signed two trees of \d+ entries that differ"),
    "no consistency proof": (
        lambda folder: folder.consistency.write_bytes(b""),
        r"no proof that the tree of \d+ entries extends that of \d+",
    ),
    "no checkpoint": (
        lambda folder: shutil.rmtree(folder.path / "checkpoints"),
        r"there is no checkpoint: nothing proves that records are in the log",
    ),
}


def statement_text(window: int, change: Callable[[bytes], bytes], kind: str = "json") -> Alter:
    def alter(folder: Folder) -> None:
        path: Path = getattr(folder.statement(window, ME), kind)
        path.write_bytes(change(path.read_bytes()))

    return alter


STATEMENT = {
    "a sum is another": (
        statement_text(2, lambda data: data.replace(b'"net_minor":"', b'"net_minor":"1', 1)),
        r"statement-2-hotel.json: ",
    ),
    "cut off": (statement_text(2, lambda data: data[:-2]), r"statement-2-hotel.json: "),
    "its table is cut off": (
        statement_text(2, lambda data: b"\n".join(data.split(b"\n")[:-3]) + b"\n", "csv"),
        r"statement-2-hotel.json: .*CSV",
    ),
    "its table says something else": (
        statement_text(2, lambda data: data.replace(b"PRINCIPAL", b"FEE", 1), "csv"),
        r"statement-2-hotel.json: .*CSV",
    ),
    "one is missing": (
        lambda folder: folder.statement(2, ME).json.unlink(),
        r"statement-3-hotel.json: it follows a statement with SHA-256 [0-9a-f]{64}; statement-1-",
    ),
    "the first is missing": (
        lambda folder: folder.statement(1, ME).json.unlink(),
        r"statement-2-hotel.json: it follows a statement with SHA-256 [0-9a-f]{64}, which is not",
    ),
    "of another window": (
        lambda folder: folder.statement(3, ME).json.rename(folder.statement(4, ME).json),
        r"statement-4-hotel.json: window is 3; expected 4",
    ),
    "of another coalition": (
        statement_text(3, lambda data: data.replace(b"test-coalition", b"that-coalition")),
        r"statement-3-hotel.json: coalition is that-coalition; expected test-coalition",
    ),
}


def book(change: Callable[[dict[str, Any]], None]) -> Alter:
    def alter(folder: Folder) -> None:
        fields = json.loads(folder.rates.read_text())
        change(fields)
        folder.rates.write_text(json.dumps(fields))

    return alter


def added(fields: dict[str, Any]) -> None:
    fields["versions"].append({**fields["versions"][-1], "version": "3"})


BOOK = {
    "another rate": (
        book(lambda fields: fields["versions"][0].update(rate_in="99/1")),
        r"version \d+ of the rate book: rate_in is '99/1'; the signed entry says '101/2'",
    ),
    "another instant": (
        book(lambda f: f["versions"][0].update(effective_from="2026-03-03T12:00:00.000000Z")),
        r"the terms \d+ that priced it were not in force: it takes effect at 2026-03-03T12:00:00Z",
    ),
    "a version is missing": (
        book(lambda fields: fields["versions"].pop(0)),
        r"version \d+, signed in the feed, is missing in the exported rate book",
    ),
    "a version nobody signed": (
        book(added),
        r"version 3 of the rate book is confirmed by no signed entry of the feed",
    ),
    "no JSON": (
        lambda folder: folder.rates.write_text("rates"),
        r"rates.json is no JSON",
    ),
    "not there": (lambda folder: folder.rates.unlink(), r"cannot read .*rates.json"),
}

CASES = {
    f"{of}: {name}": case
    for of, cases in (("feed", FEED), ("log", LOG), ("statement", STATEMENT), ("book", BOOK))
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_altered_is_named(day: Day, folder: Folder, case: tuple[Alter, str]) -> None:
    alter, words = case
    alter(folder)
    report = verified(day, folder)
    assert not report.proven
    said = "\n".join(report.problems)
    assert re.search(words, said), said


def restated(folder: Folder, window: int, change: Callable[[dict[str, Any]], None]) -> None:
    """A statement that was changed and hashed anew, and the later ones with it: all agrees."""
    previous: str | None = None
    for files in folder.statements():
        fields = json.loads(files.json.read_bytes())
        if files.window == window:
            change(fields)
        if files.window > window:
            fields["previous_sha256"] = previous
        files.json.write_bytes(canonical(fields) + b"\n")
        files.csv.unlink()
        previous = read_form(files.json.read_bytes()).sha256


def section(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in fields["sections"] if each["name"] == name)


def add_to(fields: dict[str, Any], name: str, row: int, columns: dict[str, int]) -> None:
    """More in a row, and in the control totals."""
    for column, amount in columns.items():
        for where in (section(fields, name)["totals"], section(fields, name)["rows"][row]):
            where[column] = str(int(where[column]) + amount)


def one_more_each_way(fields: dict[str, Any]) -> None:
    """A unit more owed to both: the net, and with it payments and money, stays as it was."""
    add_to(fields, "OBLIGATIONS", 0, {"owed_to_minor": 1, "owed_by_minor": 1})


def to_somebody_else(fields: dict[str, Any]) -> None:
    """The last payment is with a participant that nobody owes anything."""
    for each in fields["sections"]:
        if each["name"] in {"PAYMENTS", "MONEY_PAYMENTS"}:
            row = each["rows"][-1]
            other = "payee" if row["payer"] == fields["participant"] else "payer"
            row[other] = "zz-somebody"


RESTATED = {
    "a payment with somebody else": (
        to_somebody_else,
        r"its payments are .*zz-somebody.*; entry \d+ says",
    ),
    "a unit more is owed": (
        one_more_each_way,
        r"owed_to_minor is \d+ in the statement; the signed",
    ),
    "another number of lines": (
        lambda fields: add_to(fields, "OBLIGATIONS", 0, {"count": 1}),
        r"obligations with \w+, \w+: count is \d+ in the statement; the signed records give \d+",
    ),
    "another opening": (
        lambda fields: add_to(fields, "POSITIONS", 0, {"opening_minor": 5, "closing_minor": 5}),
        r"opening_minor is -?\d+ in the statement; the signed records give",
    ),
    "an entry more": (
        lambda fields: fields.update(entries=str(int(fields["entries"]) + 1)),
        r"entries is \d+ in the statement; the signed records give \d+",
    ),
    "another span": (
        lambda fields: fields.update(first_number="1"),
        r"first_number is 1 in the statement; the signed records give \d+",
    ),
}


@pytest.mark.parametrize("case", RESTATED.values(), ids=RESTATED.keys())
def test_a_statement_that_agrees_with_itself_is_held_against_the_feed(
    day: Day, folder: Folder, case: tuple[Callable[[dict[str, Any]], None], str]
) -> None:
    change, words = case
    restated(folder, 2, change)
    problems = verified(day, folder).problems
    assert any(re.search(words, each) for each in problems), problems
    # It is that statement, and nothing of it disagrees with itself.
    assert {each.split(":")[0] for each in problems} == {"statement-2-hotel.json"}
    assert verify_statement(folder.statement(2, ME).json.read_bytes()) == []


def test_a_statement_of_a_settlement_that_nobody_posted(day: Day, folder: Folder) -> None:
    restated(folder, 3, lambda fields: fields.update(settlement="77"))
    words = "statement-3-hotel.json: the feed here holds no entry of settlement 77: fetch it again"
    assert verified(day, folder).problems == [words]


def test_a_statement_of_another_windows_settlement(day: Day, folder: Folder) -> None:
    restated(folder, 3, lambda fields: fields.update(settlement="2"))
    problems = verified(day, folder).problems
    assert "statement-3-hotel.json: settlement 2 is of window 2, as entry" in "\n".join(problems)


# Receipts


@pytest.fixture
def receipts(day: Day, tmp_path: Path) -> Path:
    """What the hotel sent and was answered, kept by its client."""
    path = tmp_path / "receipts.jsonl"
    with (
        ReceiptFile(path) as file,
        Client(
            day.target, day.profile, ME, private_key(ME), clock=day.clock, receipts=file
        ) as client,
    ):
        for n in range(3):
            accrual = accrual_pb2.AccrueRequest(
                accrual=stay("hotel-0", f"kept-{path.parent.name}-{n}")
            )
            client.write("Accrual.Accrue", accrual)
    return path


def test_receipts_are_found_in_the_feed(day: Day, receipts: Path, tmp_path: Path) -> None:
    folder = fetch(day, ME, tmp_path / "evidence")
    report = verified(day, folder, receipts=receipts)
    assert report.problems == []
    assert (report.counts["receipts"], report.counts["receipts found in the feed"]) == (3, 3)


def test_a_feed_that_leaves_out_what_a_receipt_proves(
    day: Day, receipts: Path, tmp_path: Path
) -> None:
    folder = fetch(day, ME, tmp_path / "evidence")
    lines = [json.loads(line) for line in folder.feed.read_text().splitlines()]
    gone = lines[-2]["number"]
    for path in (folder.feed, folder.inclusion):
        edit_lines(path, lambda rows: [row for row in rows if row["number"] != gone])
    report = verified(day, folder, receipts=receipts)
    assert report.problems == [f"entry {gone}, which you hold a receipt of, is not in the feed"]


def test_a_receipt_of_another_entry_under_the_same_number(
    day: Day, receipts: Path, tmp_path: Path
) -> None:
    folder = fetch(day, ME, tmp_path / "evidence")
    edit_lines(
        folder.feed, lambda lines: [*lines[:-1], Forger().altered(lines[-1], more, "issued/hotel")]
    )
    problems = verified(day, folder, receipts=receipts).problems
    assert any(
        "your receipt is of another entry than the feed's record" in each for each in problems
    )


def test_a_feed_that_hides_a_line_of_a_receipt(day: Day, receipts: Path, tmp_path: Path) -> None:
    folder = fetch(day, ME, tmp_path / "evidence")
    edit_lines(folder.feed, lambda lines: [*lines[:-1], hidden(lines[-1])])
    problems = verified(day, folder, receipts=receipts).problems
    assert any(
        re.search(r"the feed does not show lines \[\d+\] of your receipt", p) for p in problems
    )


def test_a_receipt_file_that_claims_to_be_whole(day: Day, receipts: Path, tmp_path: Path) -> None:
    """Most of what the hotel sent is not in this file."""
    folder = fetch(day, ME, tmp_path / "evidence")
    problems = verified(day, folder, receipts=receipts, receipts_whole=True).problems
    assert len(problems) > 50
    assert all(
        "answers a request of yours that the receipt file lacks" in each for each in problems
    )


def test_later_receipts_are_no_contradiction(day: Day, folder: Folder, receipts: Path) -> None:
    report = verified(day, folder, receipts=receipts)
    assert report.problems == []
    assert any("3 receipts are later than the evidence" in note for note in report.notes)
