"""What partners may read. Each query begins with whether its asker may see the answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import Connection, text

from partners.context import Context
from partners.directory import (
    Agreement,
    Directory,
    Key,
    Programme,
    ProgrammeVersion,
    Role,
)
from partners.exchange.book import Stop, Version
from partners.exchange.proposals import ProposalState
from partners.exchange.terms import Limits, Terms
from partners.programmes.catalogue import Award
from partners.programmes.forms import MoneyAmount
from partners.programmes.model import Custody
from partners.programmes.progress import counter_exponent, value_of_counter
from partners.programmes.reaching import Judge
from partners.programmes.tiers import TierSource, TierTerm
from partners.querying import run
from partners.refusals import Reason, Refused
from partners.requests import Remembered, remembered
from partners.signatures import holds_limits, needs_of
from partners.standing import standing_of
from partners.standing_store import voucher_of
from partners.state import (
    AccountKey,
    Membership,
    MembershipKey,
    MembershipState,
    Needs,
    State,
    Voucher,
)
from partners.state_store import load
from partners.usecases.awards import left_of, points_minor, prices_for, unavailable
from partners.usecases.rates import Proposed
from settlement.ledger.book import Counters, read_head
from settlement.ledger.reading import MemberMovement, member_movements

LISTED_VOUCHERS = 500
"""A year of a voucher a day and more; a member has a handful."""


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
    def sees_all(self) -> bool:
        """Whether the sender sees all that is of the rate book."""
        roles = self.directory.principals[self.sender].roles
        return self.is_administrator or Role.RATE_ADMINISTRATOR in roles

    @property
    def participant(self) -> str:
        """The participant for which the sender acts."""
        return self.directory.acts_for(self.sender)

    def context(self, state: State) -> Context:
        """The same sight that use cases have."""
        return Context(0, self.now, 0, self.sender, "", self.directory, state, self.now)


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

    currency: str | None
    counters: Counters
    held_minor: int
    as_of_number: int


def balance(connection: Connection, asker: Asker, key: MembershipKey) -> MemberBalance:
    """What a membership of the asker's programme holds."""
    state = load(connection, Needs(memberships={key}, balances={key}))
    membership = asker.context(state).own_membership(key)
    head = read_head(connection)
    counters = state.balances.get(membership.account, Counters())
    return MemberBalance(
        currency=asker.directory.programmes[membership.programme].currency,
        counters=counters,
        held_minor=counters.balance - state.available(membership.account, asker.now),
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
    found = run(connection, remembered([(asker.sender, request_id)]))
    if not found:
        raise Refused(
            Reason.NOT_FOUND,
            f"no request {request_id} of {asker.sender} was decided; send it (again)",
            {"request_id": request_id},
        )
    return found[asker.sender, request_id]


def rates(asker: Asker, programme: str, as_of: datetime | None) -> list[Version[Terms]]:
    """The whole history of the book, or what was in force at an instant.

    Limits are shown to their participant and to administrators.
    """
    if programme:
        asker.context(State()).programme(programme)
    book = asker.directory.book
    found = list(book.versions) if as_of is None else book.all_in_force(as_of)
    return [
        version
        for version in found
        if _concerns(version.terms, programme) and _may_see(asker, version.terms)
    ]


def _concerns(terms: Terms, programme: str) -> bool:
    return not programme or programme in terms.subject


def _may_see(asker: Asker, terms: Terms) -> bool:
    if not isinstance(terms, Limits):
        return True
    return asker.sees_all or terms.participant == asker.participant


def stops(asker: Asker, programme: str, as_of: datetime | None) -> list[tuple[Stop, int | None]]:
    """Stopped pairs, each with the version that lifted the stop: in the history, all of them."""
    book, at = asker.directory.book, as_of or asker.now
    found = [
        (stop, book.lifted(stop, at))
        for stop in book.stops
        if stop.stopped_at <= at and (not programme or programme in {stop.source, stop.target})
    ]
    return [(stop, lifted) for stop, lifted in found if as_of is None or lifted is None]


def proposals(asker: Asker, *, only_open: bool) -> list[Proposed]:
    """Every proposal for those who decide about them; for a partner those that need its consent."""
    context = asker.context(State())
    found = [
        Proposed(proposal, needs_of(proposal, context), asker.directory.book.of_proposal(number))
        for number, proposal in sorted(asker.directory.proposals.items())
        if not only_open or proposal.state is ProposalState.PROPOSED
    ]
    return [p for p in found if asker.sees_all or _asks(p, asker.participant)]


def _asks(proposed: Proposed, participant: str) -> bool:
    return participant in proposed.needs.consents and not holds_limits(proposed.proposal)


def agreements(connection: Connection, asker: Asker) -> list[tuple[Agreement, int]]:
    """The asker's agreements with what is used of them; an administrator's are all."""
    rows = connection.execute(text("select agreement, used from agreement_usage"))
    used = {row.agreement: int(row.used) for row in rows}
    return [
        (agreement, used.get(agreement.number, 0))
        for agreement in asker.directory.agreements.values()
        if asker.is_administrator or asker.participant in {agreement.issuer, agreement.terms.buyer}
    ]


def told_blocked(asker: Asker, participant: str) -> bool:
    """Whether a participant is on the block list, as far as that is the asker's to know."""
    blocked = ("", participant) in asker.directory.blocks
    return blocked and (asker.is_administrator or asker.participant == participant)


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


def version_of(asker: Asker, programme_id: str, number: int) -> tuple[Programme, ProgrammeVersion]:
    """A version of a programme, or with 0 its latest; everybody may read it."""
    programme = asker.context(State()).programme(programme_id)
    if not number:
        return programme, programme.latest
    found = next((v for v in programme.versions if v.number == number), None)
    if found is None:
        raise Refused(
            Reason.UNKNOWN_PROGRAMME,
            f"{programme_id} has no version {number}",
            {"programme": programme_id, "version": str(number)},
        )
    return programme, found


def term_number(connection: Connection, account: AccountKey) -> int:
    """Number of the entry by which a membership has its tier; 0 where there is none."""
    return max((number for _, number in _terms(connection, account)), default=0)


def _terms(connection: Connection, account: AccountKey) -> list[tuple[TierTerm, int]]:
    rows = connection.execute(
        text(
            "select * from tier_term where member_id = :member_id and programme = :programme "
            "order by number"
        ),
        {"member_id": account[0], "programme": account[1]},
    )
    return [
        (TierTerm(row.tier, row.since, row.until, TierSource(row.source)), row.number)
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class CounterValue:
    """What is counted in the period of today, in major units, with the decimals it is kept in."""

    counter: str
    value: Fraction
    exponent: int


@dataclass(frozen=True, slots=True)
class TierHistory:
    """Tiers of a membership with the numbers of their entries, counters, open invitations."""

    terms: list[tuple[TierTerm, int]]
    counters: list[CounterValue]
    invitations: list[int]


def tier_history(connection: Connection, asker: Asker, key: MembershipKey) -> TierHistory:
    """Every tier that a membership of the asker's programme had, and what is counted for it."""
    state = load(connection, Needs(standings={key}))
    context = asker.context(state)
    membership = context.own_membership(key)
    today = context.today(membership.programme)
    return TierHistory(
        terms=_terms(connection, membership.account),
        counters=list(_counters(membership, context)),
        invitations=sorted(
            invitation.number
            for invitation in state.invitations.values()
            if (invitation.programme, invitation.member_number) == key
            and not invitation.used
            and (invitation.expires_on is None or invitation.expires_on >= today)
        ),
    )


def _counters(membership: Membership, context: Context) -> Iterable[CounterValue]:
    definition = context.definition(membership.programme)
    standing = standing_of(membership, context)
    judge = Judge(definition, standing.progress, standing.joined_on)
    days = judge.period(context.today(membership.programme))
    if days is None:  # a newcomer is rated from the month after joining on
        return
    for name in dict.fromkeys(counter.counter for counter in definition.counters):
        value = value_of_counter(definition, name, standing.progress, days, standing.joined_on)
        yield CounterValue(name, value, counter_exponent(definition, name))


@dataclass(frozen=True, slots=True)
class OfferedAward:
    """An award as a member may have it now: points in minor units and money, and what is left."""

    award: Award
    prices: list[tuple[int, MoneyAmount | None]]
    left: int | None


def offered_awards(connection: Connection, asker: Asker, key: MembershipKey) -> list[OfferedAward]:
    """The catalogue as a membership of the asker's programme sees it."""
    state = load(connection, Needs(memberships={key}))
    context = asker.context(state)
    member = context.own_membership(key)
    definition = context.definition(member.programme)
    closing = context.programme(member.programme).closing
    over = closing is not None and closing.points_until <= context.now
    kept_here = definition.custody is Custody.GATEWAY
    if over or not kept_here or member.state is not MembershipState.ACTIVE:
        return []
    return [
        OfferedAward(
            award,
            [(points_minor(price.points, definition), price.money) for price in prices],
            left_of(award, member, context),
        )
        for award in definition.awards
        if unavailable(award, member, context) is None and (prices := prices_for(award, member))
    ]


def vouchers(
    connection: Connection, asker: Asker, key: MembershipKey
) -> tuple[Membership, list[Voucher]]:
    """A membership of the asker's programme, with its newest vouchers by number.

    Those of memberships that were merged into it are its own.
    """
    state = load(connection, Needs(memberships={key}))
    membership = asker.context(state).own_membership(key)
    sides = (membership, *state.merged_into(membership))
    rows = connection.execute(
        text(
            "select * from voucher where member_id = any(:members) and programme = :programme "
            "order by number desc limit :limit"
        ),
        {
            "members": [side.member_id for side in sides],
            "programme": membership.programme,
            "limit": LISTED_VOUCHERS,
        },
    ).all()
    return membership, [voucher_of(row) for row in reversed(rows)]
