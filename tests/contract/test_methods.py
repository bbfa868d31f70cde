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

# Plain by name, type and the message that they are in.
PLAIN = frozenset({"numerator", "denominator", "since", "decided_at", "window"})


@dataclass(frozen=True)
class Declared:
    """A line of a .proto file, and whether a comment stands over it.

    A comment covers the lines after it until a blank or the end of its block: fields of a
    group are told apart by their names.
    """

    text: str
    commented: bool


def declarations(path: Path) -> Iterator[Declared]:
    commented = False
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text.startswith("//"):
            commented = True
            continue
        if text:
            yield Declared(text, commented)
        if not text or text.endswith(("{", "}")):
            commented = False


DECLARED = [declared for path in FILES for declared in declarations(path)]


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


def test_every_rpc_and_every_reason_is_commented() -> None:
    pattern = re.compile(r"(rpc \w+|service \w+|REASON_\w+ = [1-9])")
    found = [declared for declared in DECLARED if pattern.match(declared.text)]
    assert len(found) > len(METHODS)
    assert [declared.text for declared in found if not declared.commented] == []


def test_every_plain_field_is_explained_somewhere() -> None:
    """A field of a plain type is commented where its name appears, once at least.

    A field of a message or enum is explained by that.
    """
    plain = r"(?:repeated )?(?:string|bytes|bool|u?int(?:32|64)|google\S+|map<.*>) (\w+) = \d+;"
    fields = [(m[1], d.commented) for d in DECLARED if (m := re.match(plain, d.text))]
    explained = {name for name, commented in fields if commented}
    assert {name for name, _ in fields} - explained == PLAIN
