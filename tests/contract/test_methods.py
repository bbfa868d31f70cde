"""The contract is complete: every method says what it is, every field what it means."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from coalition import methods
from coalition.methods import METHODS, Kind, UnknownMethod, method
from coalition.v1 import accrual_pb2, envelope_pb2

PROTO = Path(accrual_pb2.__file__).parent
FILES = sorted(PROTO.glob("*.proto"))


@dataclass(frozen=True)
class Declared:
    """A line of a .proto file, with the comment that stands right over it."""

    text: str
    comment: str


def declarations(path: Path) -> Iterator[Declared]:
    comment: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text.startswith("//"):
            comment.append(text.removeprefix("//").strip())
        else:
            yield Declared(text, " ".join(comment))
            comment = []


DECLARED = [declared for path in FILES for declared in declarations(path)]


def declared(pattern: str) -> list[Declared]:
    return [found for found in DECLARED if re.match(pattern, found.text)]


def test_every_rpc_is_in_the_table() -> None:
    declared = re.findall(r"^  rpc (\w+)\(", "\n".join(map(Path.read_text, FILES)), re.MULTILINE)
    assert sorted(declared) == sorted(found.name for found in METHODS.values())
    modules = {path.stem for path in FILES if "\nservice " in path.read_text()}
    assert modules == {Path(m.__file__ or "").stem[:-4] for m in methods._SERVICE_MODULES}


@pytest.mark.parametrize("found", METHODS.values(), ids=lambda m: m.short_name)
def test_every_method_says_what_it_is(found: methods.Method) -> None:
    header = found.payload.DESCRIPTOR.fields[0]
    assert (header.number, header.name) == (1, "header")
    assert header.message_type is envelope_pb2.Header.DESCRIPTOR
    assert found.payload_type == f"application/vnd.coalition.v1.{found.payload.DESCRIPTOR.name}"
    if found.kind is Kind.WRITE:
        assert found.response is envelope_pb2.Envelope
        assert found.result is not None
        assert not found.streaming
        assert timedelta(seconds=60) < found.lifetime <= timedelta(hours=72)
    else:
        assert found.result is None
        assert found.lifetime == timedelta(seconds=60)


def test_every_method_has_its_own_payload() -> None:
    """So that the payload type alone tells what was signed."""
    assert len({found.payload for found in METHODS.values()}) == len(METHODS)


@pytest.mark.parametrize("name", ["/coalition.v1.Accrual/Accrue", "Accrual.Accrue"])
def test_lookup(name: str) -> None:
    found = method(name)
    assert found.full_name == "/coalition.v1.Accrual/Accrue"
    assert found.payload is accrual_pb2.AccrueRequest
    assert found.result is accrual_pb2.AccrualResult
    assert found.lifetime == timedelta(minutes=10)
    assert method("Feed.Follow").streaming


def test_lookup_names_near_matches() -> None:
    with pytest.raises(UnknownMethod, match=r"'Accrual.Acrue'.*Accrual.Accrue"):
        method("Accrual.Acrue")
    with pytest.raises(UnknownMethod, match=r"Accrual.Accrue, .*Settlement.ListWindows"):
        method("?")


def test_every_rpc_and_service_is_commented() -> None:
    found = declared(r"(rpc|service) \w+")
    assert len(found) > len(METHODS)
    assert [one.text for one in found if not one.comment] == []


def test_every_field_and_value_has_a_comment_of_its_own() -> None:
    """But the header, which every request begins with, and values that are always refused."""
    shared = re.compile(r"Header header = 1;|\w+_UNSPECIFIED = 0;")
    found = [one for one in declared(r".* = \d+;$") if not shared.match(one.text)]
    fields = sum(len(m.DESCRIPTOR.fields) - 1 for m in {one.payload for one in METHODS.values()})
    assert len(found) > fields
    assert [one.text for one in found if not one.comment] == []


def test_every_message_says_who_sets_it() -> None:
    """Once for all its fields, or field by field."""
    by_field = {"Fraction", "Amount"}
    found = declared(r"message (\w+) \{") + declared(r"enum (\w+) \{")
    silent = {one.text.split()[1] for one in found if not re.search(r"\b[Ss]et by", one.comment)}
    assert silent == by_field
    said = [one.comment for one in declared(r"int64 (numerator|denominator|minor) = \d+;")]
    assert all("Set by" in comment for comment in said)
