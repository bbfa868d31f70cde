"""Changes of the directory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from sqlalchemy import Table

from partners import tables
from partners.changes import DirectoryChange, Insertion, Modification
from partners.directory import Agreement, Block, Key, Principal
from partners.exchange.book import Stop, Version
from partners.exchange.documents import to_document
from partners.exchange.proposals import Change, Proposal, RateRange
from partners.exchange.terms import Terms
from settlement.ledger.bulk import Statement, Writing, parsed
from settlement.ledger.entries import canonical, timestamp


class _Insertion(DirectoryChange, Insertion):
    """Adds a row to the directory."""


class _Modification(DirectoryChange, Modification):
    """Changes a row of the directory."""


@dataclass(frozen=True, slots=True)
class PrincipalAdded(_Insertion):
    """A participant, a person or the gateway was admitted."""

    table: ClassVar[Table] = tables.principal

    principal: Principal
    number: int

    def row(self) -> tuple[object, ...]:
        """The row."""
        p = self.principal
        return p.principal_id, p.kind, p.name, sorted(p.roles), self.number


@dataclass(frozen=True, slots=True)
class KeyAdded(_Insertion):
    """A key was registered."""

    table: ClassVar[Table] = tables.key

    key: Key
    number: int

    def row(self) -> tuple[object, ...]:
        """The row."""
        k = self.key
        return (
            k.keyid,
            k.owner,
            k.public,
            k.state,
            k.valid_from,
            k.valid_to,
            k.revoked_at,
            k.compromised_since,
            k.registered_by,
            self.number,
        )


@dataclass(frozen=True, slots=True)
class KeyChanged(_Modification):
    """A key was approved or revoked."""

    table: ClassVar[Table] = tables.key
    key: ClassVar[tuple[str, ...]] = ("keyid",)
    columns: ClassVar[tuple[str, ...]] = ("state", "valid_from", "revoked_at", "compromised_since")

    to: Key

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        k = self.to
        return k.keyid, k.state, k.valid_from, k.revoked_at, k.compromised_since


@dataclass(frozen=True, slots=True)
class ProgrammePublished(_Insertion):
    """A version of a programme was published."""

    table: ClassVar[Table] = tables.programme_version

    number: int
    programme: str
    partner: str
    valid_from: datetime
    definition: bytes

    def row(self) -> tuple[object, ...]:
        """The row."""
        return self.number, self.programme, self.partner, self.valid_from, self.definition


@dataclass(frozen=True, slots=True)
class AgreementOffered(_Insertion):
    """Terms were offered."""

    table: ClassVar[Table] = tables.agreement

    agreement: Agreement

    def row(self) -> tuple[object, ...]:
        """The row."""
        a, t = self.agreement, self.agreement.terms
        return (
            a.number,
            t.programme,
            a.issuer,
            t.buyer,
            t.price.numerator,
            t.price.denominator,
            t.operator_fee.numerator,
            t.operator_fee.denominator,
            t.cap_minor,
            sorted(t.permissions),
            t.valid_from,
            t.valid_to,
            a.offered_by,
            a.state,
            a.accepted_number,
            t.reimbursement_price.numerator,
            t.reimbursement_price.denominator,
            *_range_columns(t.rate_in_range),
            *_range_columns(t.cost_out_range),
        )


def _range_columns(allowed: RateRange | None) -> tuple[int | None, ...]:
    if allowed is None:
        return None, None, None, None
    lowest, highest = allowed.lowest, allowed.highest
    return lowest.numerator, lowest.denominator, highest.numerator, highest.denominator


@dataclass(frozen=True, slots=True)
class AgreementChanged(_Modification):
    """An agreement was accepted, suspended or resumed."""

    table: ClassVar[Table] = tables.agreement
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("state", "accepted_number")

    agreement: Agreement

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        return self.agreement.number, self.agreement.state, self.agreement.accepted_number


def change_document(change: Change) -> dict[str, object]:
    """A proposed change as text."""
    begins, ends = change.effective_from, change.effective_to
    return {
        **to_document(change.terms),
        "effective_from": None if begins is None else timestamp(begins),
        "effective_to": None if ends is None else timestamp(ends),
    }


@dataclass(frozen=True, slots=True)
class ProposalMade(_Insertion):
    """Changes of the book were proposed."""

    table: ClassVar[Table] = tables.proposal

    proposal: Proposal

    def row(self) -> tuple[object, ...]:
        """The row."""
        p = self.proposal
        document = canonical({"changes": [change_document(change) for change in p.changes]})
        return p.number, document, p.state, p.reason, p.proposed_by, *_outcome(p)


@dataclass(frozen=True, slots=True)
class ProposalChanged(_Modification):
    """A proposal was approved, signed, rejected or withdrawn."""

    table: ClassVar[Table] = tables.proposal
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = (
        "state",
        "approved_by",
        "consents",
        "ended_by",
        "end_reason",
    )

    proposal: Proposal

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        return self.proposal.number, self.proposal.state, *_outcome(self.proposal)


def _outcome(p: Proposal) -> tuple[object, ...]:
    return " ".join(p.approved_by), " ".join(p.consents), p.ended_by, p.end_reason


@dataclass(frozen=True, slots=True)
class VersionPublished(_Insertion):
    """Terms became a version of the book."""

    table: ClassVar[Table] = tables.book_version

    version: Version[Terms]

    def row(self) -> tuple[object, ...]:
        """The row."""
        v = self.version
        document = canonical(to_document(v.terms))
        return v.number, v.proposal, document, v.effective_from, v.effective_to, v.approved_at, None


@dataclass(frozen=True, slots=True)
class VersionWithdrawn(_Modification):
    """A version was withdrawn before it took effect."""

    table: ClassVar[Table] = tables.book_version
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("withdrawn_number",)

    version: int
    withdrawn_number: int

    def row(self) -> tuple[object, ...]:
        """Key and the number of the entry that withdrew it."""
        return self.version, self.withdrawn_number


@dataclass(frozen=True, slots=True)
class PairStopped(_Insertion):
    """Conversions of a pair were stopped."""

    table: ClassVar[Table] = tables.pair_stop

    stop: Stop

    def row(self) -> tuple[object, ...]:
        """The row."""
        s = self.stop
        return s.number, s.source, s.target, s.stopped_by, s.reason, s.stopped_at


@dataclass(frozen=True, slots=True)
class BlockSet(_Insertion):
    """A membership or participant was put on the block list."""

    table: ClassVar[Table] = tables.exchange_block

    block: Block

    def row(self) -> tuple[object, ...]:
        """The row."""
        b = self.block
        return b.programme, b.member_number, b.blocked_by, b.reason, b.number


@dataclass(frozen=True, slots=True)
class BlockLifted(DirectoryChange):
    """A membership or participant was taken off the block list."""

    programme: str
    member_number: str

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """Delete the rows."""
        for change in changes:
            yield Statement(
                parsed(
                    "delete from exchange_block "
                    "where programme = :programme and member_number = :member_number"
                ),
                {"programme": change.programme, "member_number": change.member_number},
            )
