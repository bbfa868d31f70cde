"""The receipt file: nothing that was promised is lost, and everything can be proven again."""

import base64
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from coalition import methods
from coalition.evidence import Verification, verify_all
from coalition.receipt_file import ReceiptFile, ReceiptFileError, read_file
from coalition.requests import Signer, sent_request
from coalition.v1.accrual_pb2 import AccrualItem, AccrueBatchRequest, AccrueRequest
from coalition.v1.envelope_pb2 import Envelope
from coalition.v1.errors_pb2 import Reason

from .book import ACCEPTED_AT, COALITION
from .fake_gateway import (
    OTHER_KEY,
    PARTNER_KEY,
    PROFILE,
    SENDER,
    batch_of,
    receipt_of,
    refusal_of,
    signed,
)

SIGNER = Signer.of(COALITION, SENDER, PARTNER_KEY)
ACCRUE = methods.method("Accrual.Accrue")
BATCH = methods.method("Accrual.AccrueBatch")


def payload(request_id: str, audience: str = COALITION) -> bytes:
    signer = Signer.of(audience, SENDER, PARTNER_KEY)
    return signer.payload(ACCRUE, AccrueRequest(), request_id, ACCEPTED_AT)


def accepted(request_id: str, number: int) -> Envelope:
    return signed(receipt_of(sent_request(ACCRUE, payload(request_id)), number))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "receipts.jsonl"


def fill(path: Path) -> None:
    """One accepted, one refused, one dropped, one pending, and a batch of three."""
    items = [AccrualItem(request_id=name).SerializeToString() for name in "abc"]
    batch = SIGNER.payload(BATCH, AccrueBatchRequest(items=items), "batch", ACCEPTED_AT)
    refusal = refusal_of(sent_request(ACCRUE, payload("two")), Reason.REASON_NO_RATE)
    with ReceiptFile(path) as file:
        for name in ("one", "two", "three", "four"):
            file.add_request(name, ACCRUE.full_name, payload(name))
        file.add_request("batch", BATCH.full_name, batch)
        file.add_answer("one", ACCRUE.full_name, accepted("one", 123))
        file.add_answer("two", ACCRUE.full_name, signed(refusal))
        file.add_refused("three", ACCRUE.full_name, "EXPIRED")
        file.add_answer(
            "batch", BATCH.full_name, signed(batch_of(sent_request(BATCH, batch), refused=(1,)))
        )


def test_what_was_kept_is_found_again(path: Path) -> None:
    fill(path)
    with ReceiptFile(path) as file:
        assert [kept.request_id for kept in file] == ["one", "two", "three", "four", "batch"]
        one, three, four = file.find("one"), file.find("three"), file.find("four")
        assert one is not None
        assert one.envelope == accepted("one", 123)
        assert (one.payload, one.method) == (payload("one"), "/coalition.v1.Accrual/Accrue")
        assert three is not None
        assert (three.refused, three.pending) == ("EXPIRED", False)
        assert four is not None
        assert four.pending
        assert file.find("five") is None
        assert file.pending() == ["four"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_verify_all(path: Path) -> None:
    fill(path)
    found = Verification(receipts=3, refusals=2, batches=1, pending=1, dropped=1, problems=[])
    assert verify_all(path, PROFILE) == found


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_torn_last_line_is_dropped(path: Path, cut: int) -> None:
    fill(path)
    whole = path.read_bytes()
    with ReceiptFile(path) as file:
        file.add_request("torn", ACCRUE.full_name, payload("torn"))
    os.truncate(path, path.stat().st_size - cut)
    assert verify_all(path, PROFILE).problems == []
    with ReceiptFile(path) as file:
        assert file.find("torn") is None
        assert path.read_bytes() == whole
        file.add_request("torn", ACCRUE.full_name, payload("torn"))
    assert verify_all(path, PROFILE).pending == 2


def test_request_id_is_kept_once(path: Path) -> None:
    fill(path)
    with ReceiptFile(path) as file, pytest.raises(ReceiptFileError, match="holds a request one"):
        file.add_request("one", ACCRUE.full_name, payload("one"))


def test_first_answer_stays(path: Path) -> None:
    fill(path)
    before = path.read_bytes()
    with ReceiptFile(path) as file:
        file.add_answer("one", ACCRUE.full_name, accepted("one", 999))
    assert path.read_bytes() == before


def test_one_writer(path: Path) -> None:
    with ReceiptFile(path), pytest.raises(ReceiptFileError, match="in use by another process"):
        ReceiptFile(path)
    ReceiptFile(path).close()


def test_other_files_are_left_alone(path: Path) -> None:
    for content in (b"-----BEGIN PRIVATE KEY-----", b"notes\n", b'{"a": 1}\n', b'["x"]\n'):
        path.write_bytes(content)
        with pytest.raises(ReceiptFileError, match="no receipt file, or damaged"):
            ReceiptFile(path)
        assert path.read_bytes() == content


def test_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ReceiptFileError, match="cannot open the receipt file"):
        ReceiptFile(tmp_path / "no" / "receipts")
    with pytest.raises(ReceiptFileError, match="cannot read the receipt file"):
        verify_all(tmp_path / "none", PROFILE)


def test_full_disk_leaves_no_part_of_a_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path)
    before, write = path.read_bytes(), os.write
    with ReceiptFile(path) as file:

        def half(descriptor: int, data: bytes) -> int:
            write(descriptor, data[:10])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", half)
        with pytest.raises(ReceiptFileError, match="No space left on device"):
            file.add_request("five", ACCRUE.full_name, payload("five"))
        monkeypatch.undo()
        assert path.read_bytes() == before
        assert file.find("five") is None
        file.add_request("five", ACCRUE.full_name, payload("five"))
    assert verify_all(path, PROFILE).pending == 2


def edit(path: Path, line: int, change: Callable[[dict[str, str]], object]) -> None:
    lines = path.read_text().splitlines()
    fields = json.loads(lines[line])
    change(fields)
    lines[line] = json.dumps(fields)
    path.write_text("\n".join(lines) + "\n")


def flip(fields: dict[str, str]) -> None:
    what = "request" if "request" in fields else "answer"
    data = bytearray(base64.b64decode(fields[what]))
    data[40] ^= 1
    fields[what] = base64.b64encode(data).decode()


def resign(fields: dict[str, str]) -> None:
    envelope = Envelope.FromString(base64.b64decode(fields["answer"]))
    sent = sent_request(ACCRUE, payload("one"))
    other = signed(receipt_of(sent), OTHER_KEY)
    assert other.payload_type == envelope.payload_type
    fields["answer"] = base64.b64encode(other.SerializeToString()).decode()


def rename(fields: dict[str, str]) -> None:
    fields["request_id"] = "other"


def misname(fields: dict[str, str]) -> None:
    fields["method"] = "/coalition.v1.Accrual/Acrue"


def other_coalition(fields: dict[str, str]) -> None:
    fields["request"] = base64.b64encode(payload("one", "other")).decode()


# Lines 0 to 4 are the requests, 5 and 6 the answers to the first two.
@pytest.mark.parametrize(
    ("line", "change", "words"),
    [
        (0, flip, "request one: "),
        (5, flip, "request one: the signature is not the gateway's"),
        (5, resign, "request one: .*no key of this gateway's profile"),
        (0, other_coalition, "request one: the kept request is one to coalition other"),
        (0, misname, "request one: the kept request is broken: no method"),
        (5, rename, "line 6: an answer to a request other that is not in the file"),
        (5, lambda fields: fields.update(answer="?"), "line 6: a broken answer"),
        (0, lambda fields: fields.pop("method"), "line 1: other fields"),
        (1, lambda fields: fields.update(request_id="one"), "line 2: a second request one"),
        (6, lambda fields: fields.update(request_id="one"), "line 7: a second answer to one"),
    ],
)
def test_whatever_was_changed_is_found(
    path: Path, line: int, change: Callable[[dict[str, str]], object], words: str
) -> None:
    fill(path)
    edit(path, line, change)
    problems = verify_all(path, PROFILE).problems
    assert re.search(words, "; ".join(problems))


def test_one_number_signed_for_two_entries_is_found(path: Path) -> None:
    """Each receipt holds by itself; only who keeps both sees that they exclude each other."""
    with ReceiptFile(path) as file:
        for name in ("one", "two"):
            file.add_request(name, ACCRUE.full_name, payload(name))
            file.add_answer(name, ACCRUE.full_name, accepted(name, 123))
    problems = verify_all(path, PROFILE).problems
    assert problems == ["number 123 was signed for two different entries"]


def test_a_last_line_that_is_none_of_a_receipt_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    path.write_bytes(b"x" * 1_000)
    kept, problems = read_file(path)
    assert list(kept) == []
    assert problems == ["the last line is none of a receipt file"]
