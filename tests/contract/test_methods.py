"""The contract is complete: every method says what it is, every field what it means."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from coalition import methods
from coalition.methods import METHODS, Kind, UnknownMethod, method
from coalition.v1 import accrual_pb2, envelope_pb2

PROTO = Path(accrual_pb2.__file__).parent
FILES = sorted(PROTO.glob("*.proto"))

# Repeated so often, and so plain by name and type, that a comment would only say it again.
OBVIOUS = frozenset(
    {"header", "membership", "activity", "reason", "terms", "partner", "programme", "currency"}
    | {"name", "kind", "state", "keyid", "owner", "sender", "method", "request_id", "audience"}
    | {"points_minor", "owed_minor", "fee_minor", "spread_minor", "value_minor", "minor"}
    | {"numerator", "denominator", "number", "window", "valid_from", "valid_to", "revoked_at"}
)


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


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rpcs_fields_and_values_are_commented(path: Path) -> None:
    """Each rpc, and each field and enum value whose name and type do not say it all.

    A comment covers the lines after it until the next comment or blank: members of a group
    are told apart by their names.
    """
    missing, covered = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        declared = re.match(r"(?:repeated )?[\w.<>, ]+ (\w+) = \d+;", text)
        if text.startswith("//"):
            covered = True
        elif text.startswith("rpc ") and not covered:
            missing.append(text)
        elif declared and not covered and declared[1] not in OBVIOUS:
            missing.append(text)
        elif not text or text.endswith("{"):
            covered = covered and text.endswith("{") and text.startswith("rpc ")
    assert not missing
