"""Whoever names what is another's is told exactly what is told of what is not there.

Every method, by every role, with every reference that its request can hold, one at a time: once
to a thing of the hotel's, once to nothing. The rest of the request is right, as far as the sender
has such things. Answers are compared whole, apart from what was named.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor

from coalition.methods import METHODS, Kind, Method, method
from coalition.v1.envelope_pb2 import Refusal
from hostile.every_method import ABSENT, REQUESTS, Refs, named_in
from hostile.world import World, admit_person, hostile_world
from partners.directory import Role
from support.raw_calls import OK, Verdict, Wire, raw_wire

PERSONS = {
    "rates-only": Role.RATE_ADMINISTRATOR,
    "settlement-only": Role.SETTLEMENT_OPERATOR,
    "admin-only": Role.ADMINISTRATOR,
}
SENDERS = ("card", *PERSONS)

PUBLIC = {
    "programme": "definitions are for everybody: Partners.GetDefinition",
    "window": "everybody sees how many were cut: Settlement.ListWindows",
    "settlement": "everybody sees that it is there: Payments.ListSettlements",
    "entry": "everybody can prove that a number is in the log: Log.GetInclusionProofs",
}
"""References to what everybody may know to be there."""

OPERATORS = {"settlement-only", "admin-only"}

MAY_KNOW: Mapping[tuple[str, str], set[str]] = {
    ("Breaks.WriteOff", "break_ref"): {"settlement-only"},
    ("Delivery.Confirm", "conversion"): {"vault"},
    ("Delivery.ListConversions", "membership"): OPERATORS,
    ("Delivery.Refuse", "conversion"): {"vault"},
    ("Exchange.Block", "membership"): {"admin-only"},
    ("Partners.ApproveKey", "keyid"): {"admin-only"},
    ("Partners.ListKeyUse", "keyid"): OPERATORS,
    ("Partners.RegisterPartner", "participant"): {"admin-only"},
    ("Partners.RevokeKey", "keyid"): {"admin-only"},
    ("Payments.ApproveAbort", "abort"): {"settlement-only"},
    ("Payments.WithdrawAbort", "abort"): {"settlement-only"},
    ("Rates.Approve", "proposal"): {"rates-only"},
    ("Rates.Reject", "proposal"): {"rates-only"},
    ("Rates.WhatIf", "proposal"): {"rates-only", "admin-only"},
    ("Rates.Withdraw", "proposal"): {"rates-only"},
    ("Reconciliation.ListFindings", "reconciliation"): OPERATORS,
    ("Redemption.Capture", "hold"): {"admin-only"},
    ("Redemption.Refund", "hold"): {"admin-only"},
    ("Redemption.Void", "hold"): {"admin-only"},
    ("Settlement.GetStatement", "participant"): OPERATORS,
}
"""Whose thing it is too, or whose office it is."""

TOLD_TO_NONE: Mapping[tuple[str, str], str] = {
    ("Members.CreateLinkCode", "target"): "a code is made for a membership, there or not",
    ("Members.Enrol", "membership"): "a member is there already, or the other's is",
    ("Members.GrantTier", "invitation"): "nobody is invited here",
    ("Members.Link", "target"): "a code is wrong whatever it is for",
    ("Members.Unlink", "target"): "the row before it unlinked them",
    ("Rates.Consent", "proposal"): "what is proposed here needs nobody's consent",
    ("Redemption.Authorize", "membership"): "the hotel has no members who hold shared currency",
}
"""Rows in which even the hotel is told the same of its own, and why."""

PAGES = {"Payments.ListSettlements", "Redemption.ListHolds"}
"""Methods of whose request only the place of a page is named like a reference."""

REFERENCES = re.compile(
    r"membership|agreement|authorization|quote|hold|conversion|merge|invitation|voucher|payment"
    r"|settlement|window|proposal|reconciliation|break_ref|entry|keyid|request_id|participant"
    r"|activity|numbers|programme"
)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with hostile_world(module_database_url) as world:
        for person, role in PERSONS.items():
            admit_person(world.day, person, role)
        yield world


@pytest.fixture(scope="module")
def wire(world: World) -> Iterator[Wire]:
    with raw_wire(world.day) as wire:
        yield wire


def own_of(world: World, sender: str) -> Refs:
    if sender == "card":
        return world.card
    return replace(world.card, membership=("operator", "C1"), sibling=("operator", "C2"))


def ids_of(value: Any) -> list[str]:
    parts = value if isinstance(value, tuple) else (value,)
    return [str(part) for part in parts]


def neutral(text: str, value: Any) -> str:
    """A text without what was named in the request."""
    for part in sorted(ids_of(value), key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){re.escape(part)}(?![\w-])", "<it>", text)
    return text


def told(called: Method, verdict: Verdict, value: Any) -> object:
    """All that a sender can tell two answers apart by, but for what it named itself."""
    if verdict.reason != OK:
        return (
            verdict.code,
            verdict.reason,
            neutral(verdict.message, value),
            {name: neutral(text, value) for name, text in verdict.metadata.items()},
            verdict.violations,
            verdict.signed is None,
        )
    if called.short_name == "Accrual.AccrueBatch":
        refusals = [Refusal.FromString(each.refusal) for each in verdict.batch.outcomes]
        return [
            (r.reason, neutral(r.message, value), neutral(str(dict(r.metadata)), value))
            for r in refusals
        ]
    if called.kind is Kind.READ:
        return neutral(str(called.response.FromString(verdict.answer)), value)
    return verdict.reason, sorted(f.name for f, _ in verdict.receipt.ListFields())


@dataclass(frozen=True)
class Question:
    """By a sender, who names somebody's thing in one request and nothing in another."""

    sender: str
    own: Refs
    there: Any
    absent: Any


def answers(
    wire: Wire, name: str, hole: str, questions: list[Question]
) -> list[tuple[object, object]]:
    """What is told of each thing, and of nothing. All are asked at once."""
    values = [value for q in questions for value in (q.there, q.absent)]
    requests = [
        wire.forge(name, REQUESTS[name](replace(q.own, **{hole: value})), q.sender).data()
        for q in questions
        for value in (q.there, q.absent)
    ]
    called = method(name)
    verdicts = wire.at_once(called.full_name, requests)
    found = [told(called, verdict, value) for verdict, value in zip(verdicts, values, strict=True)]
    return list(zip(found[::2], found[1::2], strict=True))


ROWS = sorted(
    ((name, hole) for name in REQUESTS for hole in named_in(name) if hole not in PUBLIC),
    key=lambda row: (method(row[0]).kind is Kind.WRITE, row[0].startswith("Accrual.Accrue")),
)
"""Reads first, for they tell of writes; last what makes activities."""


def foreign(world: World, hole: str, sender: str) -> Iterator[tuple[Any, Any]]:
    """What is neither the sender's nor linked to it, beside what is not there."""
    if hole in {"membership", "sibling", "target"}:
        members = [("hotel", "H4")]
        if sender == "card":
            members += [("airline", "A1"), ("operator", "C1")]
        yield from ((member, (member[0], "nobody")) for member in members)
    else:
        yield getattr(world.hotel, hole), getattr(ABSENT, hole)


def test_what_is_anothers_is_refused_like_what_is_not_there(wire: Wire, world: World) -> None:
    wrong = []
    for name, hole in ROWS:
        questions = [
            Question(sender, own_of(world, sender), *values)
            for sender in SENDERS
            if sender not in MAY_KNOW.get((name, hole), set())
            for values in foreign(world, hole, sender)
        ]
        for asked, (there, absent) in zip(
            questions, answers(wire, name, hole, questions), strict=True
        ):
            if there != absent:
                wrong.append((name, hole, asked.sender, there, absent))

    assert wrong == []


def test_whose_it_is_can_tell_them_apart(wire: Wire, world: World) -> None:
    """So the table compares something. Runs last: what is asked for is done."""
    blind = set()
    for name, hole in ROWS:
        values = getattr(world.hotel, hole), getattr(ABSENT, hole)
        for sender in MAY_KNOW.get((name, hole), {"hotel"}):
            asked = Question(sender, world.hotel, *values)
            ((there, absent),) = answers(wire, name, hole, [asked])
            if there == absent:
                blind.add((name, hole))

    assert blind == set(TOLD_TO_NONE)


def test_every_method_has_a_row() -> None:
    assert set(REQUESTS) == {m.short_name for m in METHODS.values()}


def reference_fields(kind: Descriptor) -> set[str]:
    return {field.name for field in kind.fields if REFERENCES.search(field.name)}


def test_every_method_that_takes_a_reference_is_asked_for_one() -> None:
    """A new method with a reference in its request has to name it in the table."""
    without = {
        m.short_name
        for m in METHODS.values()
        if reference_fields(m.payload.DESCRIPTOR) and not named_in(m.short_name)
    }

    assert without == PAGES
