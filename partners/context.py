"""What a use case is given, and what it gives back."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from partners.changes import Change
from partners.directory import Directory, Programme
from partners.postings import Book
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.money import decimal
from partners.programmes.periods import local_day
from partners.refusals import Reason, Refused
from partners.state import Membership, MembershipKey, MembershipState, Needs, State
from settlement.ledger.accounts import Account
from settlement.ledger.entries import Draft, Line, timestamp
from settlement.ledger.values import value


class Command(Protocol):
    """A request's content as values, already of the right form."""

    def add_needs(self, needs: Needs) -> None:
        """Name what has to be loaded before this can be decided."""


@value
class Context:
    """One item of a batch: its number if it is accepted, its time, and what it is judged by."""

    number: int
    now: datetime
    window: int
    sender: str
    request_id: str
    directory: Directory
    state: State
    window_opened_at: datetime
    """When the open window opened: what the shared currency is worth in money is pinned then."""
    explains: bool = False
    """Whether it is asked why as well: in simulations."""
    participant: str = field(init=False)
    """The participant for which the sender acts."""

    def __post_init__(self) -> None:
        """See for whom the sender acts."""
        self.participant = self.directory.acts_for(self.sender)  # type: ignore[misc]  # once and for all

    @property
    def operator(self) -> str:
        """The operator's id."""
        return self.directory.coalition.operator

    @property
    def book(self) -> Book:
        """The accounts as of the open window."""
        return Book(self.directory, self.window)

    def programme(self, programme_id: str) -> Programme:
        """A programme, or UNKNOWN_PROGRAMME."""
        programme = self.directory.programmes.get(programme_id)
        if programme is None:
            raise Refused(
                Reason.UNKNOWN_PROGRAMME,
                f"there is no programme {programme_id}",
                {"programme": programme_id},
            )
        return programme

    def definition(self, programme_id: str) -> ProgrammeDefinition:
        """A programme's definition as it is in force now, or its first."""
        programme = self.programme(programme_id)
        return (programme.version_at(self.now) or programme.versions[0]).definition

    def today(self, programme_id: str) -> date:
        """The day that it is in a programme's time zone."""
        return local_day(self.now, self.definition(programme_id).time_zone)

    def require_points(self, programme_id: str) -> Programme:
        """A programme that has points of its own, or PROGRAMME_CLOSED."""
        programme = self.programme(programme_id)
        if programme.currency is None:
            raise Refused(
                Reason.PROGRAMME_CLOSED,
                f"{programme_id} has no points of its own",
                {"programme": programme_id},
            )
        return programme

    def points(self, programme_id: str, minor: int) -> str:
        """Points of a programme for a message, in major units."""
        return decimal(minor, self.directory.exponents.get(programme_id, 0))

    def is_open(self, programme_id: str, instant: datetime) -> bool:
        """Whether a programme still earned at an instant: neither wound down nor replaced."""
        closing = self.programme(programme_id).closing
        replaced = self.directory.successor(programme_id, instant) is not None
        return not replaced and (closing is None or instant < closing.earns_until)

    def require_open(self, programme_id: str, instant: datetime) -> None:
        """Refuse a programme that had been wound down or replaced by an instant."""
        if not self.is_open(programme_id, instant):
            successor = self.directory.successor(programme_id, instant)
            then = f"; it was replaced by {successor}" if successor else ""
            raise Refused(
                Reason.PROGRAMME_CLOSED,
                f"{programme_id} takes nothing that began at {timestamp(instant)} or later{then}",
                {"programme": programme_id, "successor": successor or ""},
            )

    def owns(self, programme_id: str) -> bool:
        """Whether the sender acts for a programme's partner."""
        programme = self.directory.programmes.get(programme_id)
        return programme is not None and programme.partner == self.participant

    def require_own(self, programme_id: str) -> Programme:
        """A programme of the sender's, or UNKNOWN_PROGRAMME or NOT_AUTHORIZED."""
        programme = self.programme(programme_id)
        if programme.partner != self.participant:
            raise Refused(
                Reason.NOT_AUTHORIZED,
                f"programme {programme_id} is not one of {self.participant}",
                {"programme": programme_id},
            )
        return programme

    def own_membership(self, key: MembershipKey) -> Membership:
        """A membership of a programme of the sender's."""
        self.require_own(key[0])
        return self.known_membership(key)

    def visible_membership(self, key: MembershipKey) -> Membership:
        """A membership of the sender's programme, or linked to one of it.

        One that is not visible is refused like one that is not there.
        """
        self.programme(key[0])
        membership = self.known_membership(key)
        if not self.owns(key[0]) and not self._linked_to_own(membership):
            raise unknown_membership(key)
        return membership

    def _linked_to_own(self, membership: Membership) -> bool:
        near = self.state.links.get(membership.account, set())
        same = {a for a in self.state.accounts if a[0] == membership.member_id}
        return any(self.owns(programme) for _, programme in near | same)

    def held_now(self, account: Account) -> Account:
        """The account that holds the points of one now, since members were merged."""
        if account.member_id is None or account.programme is None:
            return account
        member = self.state.accounts[account.member_id, account.programme]
        return self.book.holder(self.state.standing_for(member).account)

    def known_membership(self, key: MembershipKey) -> Membership:
        """A membership, whoever's; the caller has made sure that the sender may know of it."""
        membership = self.state.memberships.get(key)
        if membership is None:
            raise unknown_membership(key)
        return membership


def unknown_membership(key: MembershipKey) -> Refused:
    """The refusal for a membership that is not there or not to be seen."""
    return Refused(
        Reason.UNKNOWN_MEMBERSHIP,
        f"there is no membership {key[1]} of {key[0]} that you may use; enrol or link it first",
        {"programme": key[0], "member_number": key[1]},
    )


def require_active(membership: Membership) -> None:
    """Refuse a membership that neither earns nor gives."""
    if membership.state is not MembershipState.ACTIVE:
        raise Refused(
            Reason.MEMBERSHIP_NOT_ACTIVE,
            f"membership {membership.member_number} of {membership.programme} is "
            f"{membership.state}",
            {"programme": membership.programme, "state": membership.state},
        )


class Bound(StrEnum):
    """How far a decision may let participants come to owe; partners.limiting judges it.

    NONE: corrections, and what is owed whatever anybody says. EARNING: up to cap, cover and
    reserve. SPENDING: up to cap and cover.
    """

    NONE = "NONE"
    EARNING = "EARNING"
    SPENDING = "SPENDING"


@value
class Decision:
    """An accepted event before it is written.

    `facts_parties` are shown the facts, and the sender's participant too, but not those of
    `consequences`. `result` is what the receipt tells the sender.
    """

    kind: str
    facts: Mapping[str, object]
    result: object
    facts_parties: frozenset[str] = frozenset()
    lines: tuple[Line, ...] = ()
    changes: tuple[Change, ...] = field(default=())
    corrects: int | None = None
    business: bool = True
    directory: bool = False
    consequences: "tuple[Decision, ...]" = ()
    """What follows from it, as entries of their own directly after it; they have no result."""
    bound: Bound = Bound.NONE

    def draft(self, sender: str, request_sha256: bytes | None = None) -> Draft:
        """The event for the book."""
        return Draft(
            kind=self.kind,
            sender=sender,
            facts=self.facts,
            facts_parties=self.facts_parties,
            lines=self.lines,
            request_sha256=request_sha256,
            corrects=self.corrects,
            business=self.business,
            directory=self.directory,
        )
