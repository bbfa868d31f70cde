"""What partners may read. Each query begins with whether its asker may see the answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from partners.context import Context
from partners.directory import Agreement, Directory, Key, Programme, Rate, Role
from partners.refusals import Reason, Refused
from partners.requests import Remembered, remembered
from partners.state import Membership, MembershipKey, Needs, State
from partners.state_store import load
from settlement.ledger.book import Counters, read_head
from settlement.ledger.reading import MemberMovement, member_counters, member_movements


@dataclass(frozen=True, slots=True)
class Asker:
    """Who reads, and what they may be told."""

    sender: str
    directory: Directory
    now: datetime

    @property
    def is_administrator(self) -> bool:
        """Whether the sender sees what is everybody's."""
        return bool(
            self.directory.principals[self.sender].roles
            & {Role.ADMINISTRATOR, Role.SETTLEMENT_OPERATOR},
        )

    @property
    def participant(self) -> str:
        """The participant for which the sender acts."""
        return self.directory.acts_for(self.sender)

    def context(self, state: State) -> Context:
        """The same sight that use cases have."""
        return Context(0, self.now, 0, self.sender, self.directory, state)


def look_up(
    connection: Connection, asker: Asker, key: MembershipKey
) -> tuple[Membership, tuple[Membership, ...]]:
    """A visible membership, with those linked to it where it is of the asker's programme."""
    state = load(connection, Needs(memberships={key}))
    membership = asker.context(state).visible_membership(key)
    if not asker.context(state).owns(membership.programme):
        return membership, ()
    return membership, state.linked_to(membership)


def _own(connection: Connection, asker: Asker, key: MembershipKey) -> Membership:
    state = load(connection, Needs(memberships={key}))
    return asker.context(state).own_membership(key)


@dataclass(frozen=True, slots=True)
class MemberBalance:
    """Counters of a membership's account, as of the ledger's size."""

    currency: str
    counters: Counters
    as_of_number: int


def balance(connection: Connection, asker: Asker, key: MembershipKey) -> MemberBalance:
    """What a membership of the asker's programme holds."""
    membership = _own(connection, asker, key)
    head = read_head(connection)
    return MemberBalance(
        currency=asker.directory.programmes[membership.programme].currency,
        counters=member_counters(connection, *membership.account),
        as_of_number=head.size,
    )


def history(
    connection: Connection,
    asker: Asker,
    key: MembershipKey,
    *,
    after: int,
    entries: int,
) -> list[MemberMovement]:
    """What moved on a membership of the asker's programme, of so many entries."""
    membership = _own(connection, asker, key)
    return list(
        member_movements(connection, *membership.account, after=after, entries=entries),
    )


def answer_given(connection: Connection, asker: Asker, request_id: str) -> Remembered:
    """What was answered to a request of the asker's; NOT_FOUND where none was decided."""
    found = remembered(connection, [(asker.sender, request_id)])
    if not found:
        raise Refused(
            Reason.NOT_FOUND,
            f"no request {request_id} of {asker.sender} was decided; send it (again)",
            {"request_id": request_id},
        )
    return found[asker.sender, request_id]


def rates(asker: Asker, programme: str, as_of: datetime | None) -> list[Rate]:
    """The whole history with open proposals, or what was in force at an instant."""
    book = asker.directory
    wanted = [programme] if programme else sorted(book.programmes)
    for name in wanted:
        asker.context(State()).programme(name)
    if as_of is None:
        return [r for r in book.rates.values() if r.terms.programme in wanted]
    in_force = (book.rate_in_force(name, as_of) for name in wanted)
    return [rate for rate in in_force if rate is not None]


def agreements(connection: Connection, asker: Asker) -> list[tuple[Agreement, int]]:
    """The asker's agreements with what is used of them; an administrator's are all."""
    rows = connection.execute(text("select agreement, used from agreement_usage"))
    used = {row.agreement: int(row.used) for row in rows}
    return [
        (agreement, used.get(agreement.number, 0))
        for agreement in asker.directory.agreements.values()
        if asker.is_administrator or asker.participant in {agreement.issuer, agreement.terms.buyer}
    ]


def programmes_of(directory: Directory, partner: str) -> list[Programme]:
    """The programmes of a participant, by id."""
    return [p for _, p in sorted(directory.programmes.items()) if p.partner == partner]


def keys(asker: Asker, gateway: str) -> Sequence[Key]:
    """Keys of the asker and of the gateway; an administrator's are all."""
    shown: Iterable[Key] = asker.directory.keys.values()
    return [k for k in shown if asker.is_administrator or k.owner in {asker.sender, gateway}]


def require_may_inspect(asker: Asker, keyid: str) -> None:
    """Refuse a key that is neither the asker's nor to be seen by an administrator."""
    key = asker.directory.keys.get(keyid)
    if key is None or not (asker.is_administrator or key.owner == asker.sender):
        raise Refused(Reason.NOT_FOUND, "there is no such key of yours", {"keyid": keyid})
