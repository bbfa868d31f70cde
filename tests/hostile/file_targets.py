"""Everything that reads what somebody else wrote: what it is given, and what it may raise."""

import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import click

from coalition.activity_files import (
    ActivityFileError,
    BadMapping,
    parse_mapping,
    read_activities,
)
from coalition.activity_files.mapping_files import parse_mapping_as
from coalition.answers import BadAnswer, open_stored
from coalition.checkpoints import BadCheckpoint, open_checkpoint, sign_checkpoint
from coalition.evidence_folder import EvidenceError, envelope_of, parse_line
from coalition.methods import payload_type_of
from coalition.profile import ProfileError, read_profile
from coalition.rate_book import BadBook, read_book
from coalition.receipt_file import ReceiptFileError, read_file
from coalition.record_files import PLAIN, BadRecord, RecordMapping, survey
from coalition.signing import key_id, public_bytes, sign
from coalition.statements import verify_statement, verify_table
from coalition.strict_json import BadJson, parse_object
from coalition.v1.envelope_pb2 import EntryRecord, Envelope, LineRecord, Receipt, Signature
from gateway.calendar_file import read_calendar
from gateway.cli.partner_commands import _public_key
from gateway.cli.settings import read_settings
from gateway.documents.accounts import read_accounts
from gateway.documents.problems import NoDocument
from gateway.obligation_file import read_obligations
from gateway.rate_files.book_files import RateBookFile, changes_of
from gateway.rate_files.conversions import converted, scale_of
from gateway.rate_files.declarations import Declaration
from gateway.rate_files.documents import parse_document
from gateway.rate_files.problems import BadFile
from gateway.rate_files.rows import parse_rows
from gateway.rate_files.scale import Scale
from partners.programmes.definition import BadDefinition, parse_definition
from settlement.calendar import CalendarEnded
from support.coalition_day import NOON, founding_of, private_key

SAMPLES = files("gateway.samples")


@dataclass(frozen=True, slots=True)
class Target:
    """A reader, what it may raise, and contents that it takes."""

    read: Callable[[bytes], object]
    raises: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]


def _through_a_file(read: Callable[[Path], object], suffix: str = "") -> Callable[[bytes], object]:
    """A reader of a path as one of bytes."""

    def reader(data: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"file{suffix}"
            path.write_bytes(data)
            return read(path)

    return reader


def _sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


_STAYS = parse_mapping(_sample("hotel_bookings.mapping.toml"))
_FLIGHTS = parse_mapping(_sample("flights.mapping.toml"))
_STAY_ROWS = b"".join(_sample("stays.csv").splitlines(keepends=True)[:4])
_FLIGHT_ROWS = b"\n".join(_sample("flights.json").splitlines()[:12])


def _activities(name: str, mapping: object) -> Callable[[bytes], object]:
    return lambda data: list(read_activities(io.BytesIO(data), mapping, name=name))


def _mapping(data: bytes) -> object:
    """A mapping, and what it makes of rows."""
    mapping = parse_mapping(data)
    mapping.columns()
    for name, rows in (("stays.csv", _STAY_ROWS), ("flights.json", _FLIGHT_ROWS)):
        _activities(name, mapping)(rows)
    return mapping


def _record_mapping(data: bytes) -> object:
    mapping = parse_mapping_as(RecordMapping, data, "given")
    rows = b"reference,date,amount\nx,2026-03-01,5\n"
    return _through_a_file(lambda path: survey(path, mapping), ".csv")(rows)


def _rate_book(data: bytes) -> object:
    scale = Scale(2, {"hotel": 0, "airline": 0, "card": 0})
    return changes_of(parse_document(data, "book", RateBookFile), scale)


def _conversions(data: bytes) -> object:
    """Rows and a declaration in one file, apart by a line of its own."""
    rows, _, declared = data.partition(b"\n---\n")
    declaration = parse_document(declared, "declaration", Declaration)
    found = parse_rows(rows, "rows")
    return converted(found, declaration, scale_of(found, declaration))


def _calendar(path: Path) -> object:
    calendar = read_calendar(path)
    closing = calendar.next_closing(NOON)
    days = calendar.days(NOON - timedelta(days=1), NOON)
    return days, calendar.closes_at(closing), calendar.closes_at_local(closing)


def _receipts(path: Path) -> object:
    kept, problems = read_file(path)
    return list(kept), problems


def _stored(data: bytes) -> object:
    """What a gateway may sign and send, good or bad."""
    kind = payload_type_of(Receipt)
    signature = Signature(sig=sign(_GATEWAY, kind, data), keyid=_GATEWAY_ID)
    envelope = Envelope(payload=data, payload_type=kind, signatures=[signature])
    return open_stored(envelope, _GATEWAYS, "test", "hotel", "r")


_GATEWAY = private_key("gateway")
_GATEWAY_ID = key_id(public_bytes(_GATEWAY))
_GATEWAYS = {_GATEWAY_ID: public_bytes(_GATEWAY)}
_RECEIPT = Receipt(
    audience="test",
    method="/coalition.v1.Accrual/Accrue",
    sender="hotel",
    request_id="r",
    request_sha256=bytes(32),
    number=5,
    record=EntryRecord(
        entry=b'{"a":"1"}', digests=[bytes(32)], lines=[LineRecord(index=1, line=b"{}")]
    ),
)

_ROWS_AND_DECLARATION = b"""\
source,target,source_units,target_units,minimum,increment,bonus_every_source_units,\
bonus_target_units,fee_per_source_unit_usd,fee_cap_usd,effective_from,effective_to,note
AA,BB,1000,1000,1000,1000,60000,5000,0.0006,99,2026-01-01,2026-12-31,x
AA,BB,1000,1200,1000,1000,,,,,2026-02-01,2026-03-01,launch: x
---
bonus_funder = "operator"
shortfall_funder = "operator"
[money]
USD = "0.01"
[programmes.AA]
worth = "0.5"
[programmes.BB]
worth = "0.5"
settlement_price = "0.4"
"""
_ACCOUNTS = (
    b'[hotel]\nname = "H\xc3\xb4tel"\ncountry = "FR"\niban = "FR1420041010050500013M02606"\n'
)
_RECORDS = b"reference,date,amount,counterparty,kind\nx,2026-03-01,-5,airline,PRINCIPAL\n"

TARGETS: Mapping[str, Target] = {
    "activities in CSV": Target(
        _activities("stays.csv", _STAYS), (ActivityFileError,), (_STAY_ROWS,)
    ),
    "activities in JSON": Target(
        _activities("flights.json", _FLIGHTS), (ActivityFileError,), (_FLIGHT_ROWS,)
    ),
    "activities, one on each line": Target(
        _activities("flights.jsonl", _FLIGHTS),
        (ActivityFileError,),
        (b'{"a": 1, "b": null}\n{"a": [1e3, -0.5]}\n',),
    ),
    "mappings": Target(
        _mapping,
        (BadMapping, ActivityFileError),
        (_sample("hotel_bookings.mapping.toml"), _sample("flights.mapping.toml")),
    ),
    "mappings of records": Target(
        _record_mapping,
        (BadMapping, ActivityFileError, BadRecord),
        (b'reference = "{reference}"\namount = "amount"\n[date]\ncolumn = "date"\n',),
    ),
    "records": Target(
        _through_a_file(lambda path: survey(path, PLAIN), ".csv"),
        (ActivityFileError, BadRecord),
        (_RECORDS,),
    ),
    "definitions": Target(
        parse_definition,
        (BadDefinition,),
        tuple(
            (files("partners.programmes.samples") / f"{name}.toml").read_bytes()
            for name in ("hotel", "coalition-points")
        ),
    ),
    "rate books": Target(_rate_book, (BadFile,), (_sample("rate_book.toml"),)),
    "published conversions": Target(_conversions, (BadFile,), (_ROWS_AND_DECLARATION,)),
    "calendars": Target(
        _through_a_file(_calendar),
        (BadFile, CalendarEnded),
        (
            _sample("calendar.toml"),
            (
                b'time_zone = "UTC"\ncut_off = 00:00:00\ncycle = "listed"\n[[closing]]\n'
                b"closing = 2026-03-05\nadvice = 2026-03-05\nsettlement = 2026-03-06\n"
            ),
        ),
    ),
    "obligations": Target(
        lambda data: read_obligations(io.BytesIO(data), "given"),
        (BadFile,),
        (b"debtor,creditor,amount\na,b,5\nb,a,7\n",),
    ),
    "accounts": Target(_through_a_file(read_accounts), (NoDocument,), (_ACCOUNTS,)),
    "settings": Target(
        _through_a_file(read_settings),
        (click.UsageError,),
        (b'target = "127.0.0.1:1"\n[command.send]\nname = "x"\n',),
    ),
    "strict JSON": Target(parse_object, (BadJson,), (b'{"a":"1","b":[{"c":null}]}',)),
    "statements": Target(verify_statement, (), (b'{"apart":null,"version":"3"}\n',)),
    "tables of statements": Target(
        verify_table, (), (b"section,a,b\nnet,1,2\n", b"control,rows,1\n")
    ),
    "profiles": Target(
        _through_a_file(read_profile),
        (ProfileError,),
        (founding_of().profile.model_dump_json().encode(),),
    ),
    "receipts kept": Target(
        _through_a_file(_receipts),
        (ReceiptFileError,),
        (b'{"method":"Accrual.Accrue","request_id":"r","request":"AAAA"}\n',),
    ),
    "exported rate books": Target(
        _through_a_file(read_book),
        (BadBook,),
        (
            (
                b'{"version":"1","coalition":"c","versions":[{"version":"5","kind":"RATE",'
                b'"programme":"hotel","effective_from":"2026-03-02T12:00:00.000000Z",'
                b'"effective_to":null,"approved_at":"2026-03-02T12:00:00.000000Z","withdrawn":"7"}]}'
            ),
        ),
    ),
    "proofs of keys": Target(
        _through_a_file(lambda path: _public_key(path, "hotel")),
        (click.UsageError,),
        (b'{"owner":"hotel","ed25519":"00","proof":"00"}',),
    ),
    "lines of evidence": Target(
        lambda data: parse_line(Path("feed"), 1, data, envelope_of),
        (EvidenceError,),
        (b'{"envelope":"AAAA"}\n',),
    ),
    "checkpoints": Target(
        lambda data: open_checkpoint(data, "test", _GATEWAYS),
        (BadCheckpoint,),
        (sign_checkpoint(_GATEWAY, "test", 5, bytes(32)).note,),
    ),
    "stored answers": Target(_stored, (BadAnswer,), (_RECEIPT.SerializeToString(),)),
}
"""By what is read."""


def read(name: str, data: bytes) -> str:
    """Read it: the name of what it came to. Whatever it may not raise goes through."""
    target = TARGETS[name]
    try:
        target.read(data)
    except target.raises as problem:
        str(problem)
        return type(problem).__name__
    return "read"
