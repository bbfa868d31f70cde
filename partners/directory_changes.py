"""Changes of the directory."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Table

from partners import tables
from partners.changes import DirectoryChange, Insertion, Modification
from partners.directory import Agreement, Key, Principal, Rate
from partners.state import State


class _Insertion(DirectoryChange, Insertion):
    """Adds a row to the directory."""

    def apply(self, state: State) -> None:
        """Nothing: a change of the directory ends its batch."""


class _Modification(DirectoryChange, Modification):
    """Changes a row of the directory."""

    def apply(self, state: State) -> None:
        """Nothing: a change of the directory ends its batch."""


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
        )


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


@dataclass(frozen=True, slots=True)
class RateProposed(_Insertion):
    """A rate was proposed."""

    table: ClassVar[Table] = tables.rate

    rate: Rate

    def row(self) -> tuple[object, ...]:
        """The row."""
        r, t = self.rate, self.rate.terms
        return (
            r.proposal,
            r.version,
            t.programme,
            t.rate_in.numerator,
            t.rate_in.denominator,
            t.cost_out.numerator,
            t.cost_out.denominator,
            t.fee.numerator,
            t.fee.denominator,
            t.spread.numerator,
            t.spread.denominator,
            r.effective_from,
            r.approved_at,
            r.proposed_by,
            r.approved_by,
            r.reason,
        )


@dataclass(frozen=True, slots=True)
class RateApproved(_Modification):
    """A proposal became a version of the rate book."""

    table: ClassVar[Table] = tables.rate
    key: ClassVar[tuple[str, ...]] = ("proposal",)
    columns: ClassVar[tuple[str, ...]] = (
        "version",
        "effective_from",
        "approved_at",
        "approved_by",
    )

    rate: Rate

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        r = self.rate
        return r.proposal, r.version, r.effective_from, r.approved_at, r.approved_by
