"""The directory: who takes part, with which keys, programmes, agreements and rate book.

It is small, changes only by entries of the log, and is read whole. A `Directory` is a value
of one version of it; the writer works on the version that it finds under its lock.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

from partners.exchange.book import RateBook
from partners.exchange.proposals import Proposal, RateRange
from partners.programmes.definition import Custody, ProgrammeDefinition
from settlement.ledger.entries import Coalition


class PrincipalKind(StrEnum):
    """What a principal is. All but PERSON and GATEWAY are participants."""

    HOTEL = "HOTEL"
    AIRLINE = "AIRLINE"
    CARD_ISSUER = "CARD_ISSUER"
    OTHER = "OTHER"
    OPERATOR = "OPERATOR"
    PERSON = "PERSON"
    GATEWAY = "GATEWAY"


GATEWAY = "gateway"
"""Id of the gateway as an owner of keys."""

NOT_PARTICIPANTS = frozenset({PrincipalKind.PERSON, PrincipalKind.GATEWAY})


class Role(StrEnum):
    """What a principal may do; partners.authorization says which methods."""

    PARTNER = "PARTNER"
    ADMINISTRATOR = "ADMINISTRATOR"
    RATE_ADMINISTRATOR = "RATE_ADMINISTRATOR"
    SETTLEMENT_OPERATOR = "SETTLEMENT_OPERATOR"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever owns keys: a participant, a person of the operator, or the gateway."""

    principal_id: str
    kind: PrincipalKind
    name: str
    roles: frozenset[Role]


class KeyState(StrEnum):
    """PENDING until approved; REVOKED for ever."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of a principal. `public` is 32 raw bytes of Ed25519."""

    keyid: str
    owner: str
    public: bytes
    state: KeyState
    valid_from: datetime | None
    valid_to: datetime | None
    revoked_at: datetime | None
    compromised_since: datetime | None
    registered_by: str

    def active(self, now: datetime) -> bool:
        """Whether it may sign new requests now."""
        return (
            self.state is KeyState.APPROVED
            and (self.valid_from is None or self.valid_from <= now)
            and (self.valid_to is None or now < self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class ProgrammeVersion:
    """A definition, in force for activities that start at or after `valid_from`."""

    number: int
    valid_from: datetime
    definition: ProgrammeDefinition
    source: bytes

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the definition as it was published."""
        return hashlib.sha256(self.source).digest()


@dataclass(frozen=True, slots=True)
class Closing:
    """When a programme that is wound down stops to earn, and when its points are gone."""

    earns_until: datetime
    points_until: datetime


@dataclass(frozen=True)
class Programme:
    """A programme with its versions, oldest first. Currency and custody never change."""

    programme_id: str
    partner: str
    versions: tuple[ProgrammeVersion, ...]
    closing: Closing | None = None

    @property
    def latest(self) -> ProgrammeVersion:
        """The version published last."""
        return self.versions[-1]

    @cached_property
    def custody(self) -> Custody:
        """Where the members' balances are kept."""
        return self.latest.definition.custody

    @cached_property
    def currency(self) -> str | None:
        """Code of the points currency; None where it has no points of its own."""
        currency = self.latest.definition.currency
        return None if currency is None else currency.code

    def version_at(self, instant: datetime) -> ProgrammeVersion | None:
        """The version in force at an instant: of those that have begun the one published last.

        One that is published for an earlier day than a scheduled one takes its place.
        """
        for begins, version in self._latest_first:
            if begins <= instant:
                return version
        return None

    @cached_property
    def _latest_first(self) -> tuple[tuple[datetime, ProgrammeVersion], ...]:
        """Versions with their begins in UTC: instants of several zones take longer to compare."""
        found = ((version.valid_from.astimezone(UTC), version) for version in self.versions)
        return tuple(reversed(tuple(found)))


class AgreementState(StrEnum):
    """In force only while ACCEPTED."""

    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    SUSPENDED = "SUSPENDED"


class Permission(StrEnum):
    """What an agreement lets its buyer do with the issuer's points."""

    DOUBLE_DIP = "DOUBLE_DIP"
    STATE_POINTS = "STATE_POINTS"
    ENROL = "ENROL"
    REPORT_ACTIVITIES = "REPORT_ACTIVITIES"
    FUND_PROMOTIONS = "FUND_PROMOTIONS"
    REDEEM = "REDEEM"


@dataclass(frozen=True, slots=True)
class AgreementTerms:
    """What both parties sign. `price` and `operator_fee` as in the contract."""

    programme: str
    buyer: str
    price: Fraction
    operator_fee: Fraction
    cap_minor: int
    permissions: frozenset[Permission]
    valid_from: datetime | None
    valid_to: datetime | None
    reimbursement_price: Fraction = Fraction(0)
    rate_in_range: RateRange | None = None
    cost_out_range: RateRange | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Terms with their state; `number` is the offer's."""

    number: int
    issuer: str
    terms: AgreementTerms
    offered_by: str
    state: AgreementState
    accepted_number: int | None

    def covers(self, now: datetime) -> bool:
        """Whether it was signed by both and now is within its dates."""
        terms = self.terms
        return (
            self.accepted_number is not None
            and (terms.valid_from is None or terms.valid_from <= now)
            and (terms.valid_to is None or now < terms.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Block:
    """Who may neither convert nor redeem; a participant under an empty programme."""

    programme: str
    member_number: str
    blocked_by: str
    reason: str
    number: int


@dataclass(frozen=True)
class Directory:
    """One version of the directory; `version` is the number of the last entry in it."""

    version: int
    coalition: Coalition
    principals: Mapping[str, Principal]
    keys: Mapping[str, Key]
    programmes: Mapping[str, Programme]
    agreements: Mapping[int, Agreement]
    book: RateBook
    proposals: Mapping[int, Proposal]
    blocks: Mapping[tuple[str, str], Block]

    @cached_property
    def exponents(self) -> Mapping[str, int]:
        """The exponent of the points currency of every programme that has one."""
        return {
            name: currency.exponent
            for name, programme in self.programmes.items()
            if (currency := programme.latest.definition.currency) is not None
        }

    @cached_property
    def shared_programme(self) -> str:
        """The programme whose points are the shared currency; empty where there is none yet."""
        shared = (
            name for name, p in self.programmes.items() if p.currency == self.coalition.currency
        )
        return next(shared, "")

    def successor(self, programme: str, instant: datetime) -> str | None:
        """The programme that has replaced one by an instant."""
        name, since = self._successors.get(programme, (None, instant))
        return name if since <= instant else None

    @cached_property
    def _successors(self) -> Mapping[str, tuple[str, datetime]]:
        """By the old programme: the one that replaces it, and from when on."""
        return {
            replaced.programme: (name, replaced.on)
            for name, other in self.programmes.items()
            if (replaced := other.latest.definition.replaces) is not None
        }

    @cached_property
    def _signed(self) -> Mapping[tuple[str, str], list[Agreement]]:
        """Agreements that both signed, by currency and buyer, the latest first."""
        signed: dict[tuple[str, str], list[Agreement]] = {}
        accepted = [a for a in self.agreements.values() if a.accepted_number is not None]
        for agreement in sorted(accepted, key=lambda a: -(a.accepted_number or 0)):
            signed.setdefault((agreement.terms.programme, agreement.terms.buyer), []).append(
                agreement
            )
        return signed

    def participant(self, participant_id: str) -> Principal | None:
        """A participant of that id."""
        principal = self.principals.get(participant_id)
        return None if principal is None or principal.kind in NOT_PARTICIPANTS else principal

    def participants(self) -> list[Principal]:
        """All participants, by id."""
        return [p for _, p in sorted(self.principals.items()) if p.kind not in NOT_PARTICIPANTS]

    def acts_for(self, sender: str) -> str:
        """The participant for which a sender acts: itself, or the operator for its persons."""
        kind = self.principals[sender].kind
        return self.coalition.operator if kind is PrincipalKind.PERSON else sender

    def agreement_in_force(self, programme: str, buyer: str, now: datetime) -> Agreement | None:
        """The agreement accepted last for that currency and buyer, unless suspended."""
        signed = self._signed.get((programme, buyer), ())
        for agreement in signed:
            if agreement.covers(now):
                return agreement if agreement.state is AgreementState.ACCEPTED else None
        return None

    def permits(self, programme: str, buyer: str, permission: Permission, now: datetime) -> bool:
        """Whether an agreement in force lets the buyer do that."""
        agreement = self.agreement_in_force(programme, buyer, now)
        return agreement is not None and permission in agreement.terms.permissions
