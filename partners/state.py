"""What the use cases see of members while a batch is decided.

Loaded by a fixed number of queries for a whole batch, then kept up to date in memory, so that
a later item of a batch sees what the earlier ones did.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from partners.activities import ActivityKey
from settlement.ledger.accounts import Account
from settlement.ledger.book import Counters
from settlement.ledger.entries import Line

MembershipKey = tuple[str, str]
AccountKey = tuple[int, str]


class MembershipState(StrEnum):
    """Only ACTIVE earns and gives."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in one programme."""

    member_id: int
    programme: str
    member_number: str
    tier: str
    choice: str
    state: MembershipState

    @property
    def account(self) -> AccountKey:
        """Names the member's account in the programme's currency."""
        return self.member_id, self.programme


@dataclass(frozen=True, slots=True)
class LinkCode:
    """Leave to link `other` (by programme and number) to the membership that obtained it."""

    number: int
    member_id: int
    programme: str
    other_programme: str
    other_number: str
    expires_at: datetime
    tries: int
    used: bool


@dataclass(frozen=True, slots=True)
class RecordedActivity:
    """An activity that is in the ledger, with the entry that reversed it."""

    key: ActivityKey
    number: int
    reporter: str
    reversed_number: int | None


class QuoteState(StrEnum):
    """A quote is used at most once; expiry is a matter of time, not of state."""

    OPEN = "OPEN"
    USED = "USED"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True, slots=True)
class Quote:
    """A binding offer. Amounts are minor units; rates are numbers, 0 for the shared currency."""

    number: int
    requester: str
    source: AccountKey
    target: AccountKey
    source_minor: int
    shared_minor: int
    fee_minor: int
    spread_minor: int
    value_minor: int
    rounding_minor: int
    target_minor: int
    source_rate: int
    target_rate: int
    authorization: int | None
    expires_at: datetime
    state: QuoteState

    @property
    def slot(self) -> tuple[int, str, str]:
        """Membership and pair, of which one quote may be open."""
        return (*self.source, self.target[1])


@dataclass(frozen=True, slots=True)
class DebitAuthorization:
    """Leave to convert an exact amount once, given by the source programme's partner."""

    number: int
    grantee: str
    source: AccountKey
    target: AccountKey
    amount_minor: int
    expires_at: datetime
    used: bool


@dataclass
class Needs:
    """What has to be loaded before a batch can be decided."""

    memberships: set[MembershipKey] = field(default_factory=set)
    activities: set[ActivityKey] = field(default_factory=set)
    quotes: set[int] = field(default_factory=set)
    authorizations: set[int] = field(default_factory=set)
    link_codes: set[MembershipKey] = field(default_factory=set)
    open_quotes: set[MembershipKey] = field(default_factory=set)
    balances: set[MembershipKey] = field(default_factory=set)
    lines_of: set[ActivityKey] = field(default_factory=set)


@dataclass
class State:
    """Members, links, balances, activities and quotes that a batch touches."""

    memberships: dict[MembershipKey, Membership] = field(default_factory=dict)
    accounts: dict[AccountKey, Membership] = field(default_factory=dict)
    links: dict[AccountKey, set[AccountKey]] = field(default_factory=dict)
    balances: dict[AccountKey, Counters] = field(default_factory=dict)
    activities: dict[ActivityKey, RecordedActivity] = field(default_factory=dict)
    lines: dict[int, tuple[Line, ...]] = field(default_factory=dict)
    quotes: dict[int, Quote] = field(default_factory=dict)
    open_quotes: dict[tuple[int, str, str], int] = field(default_factory=dict)
    authorizations: dict[int, DebitAuthorization] = field(default_factory=dict)
    link_codes: dict[int, LinkCode] = field(default_factory=dict)
    usage: dict[int, int] = field(default_factory=dict)

    def add_membership(self, membership: Membership) -> None:
        """Put a membership where both of its keys find it."""
        self.memberships[membership.programme, membership.member_number] = membership
        self.accounts[membership.account] = membership

    def add_quote(self, quote: Quote) -> None:
        """Put a quote where its number and, while it is open, its slot find it."""
        self.quotes[quote.number] = quote
        if quote.state is QuoteState.OPEN:
            self.open_quotes[quote.slot] = quote.number

    def available(self, account: AccountKey) -> int:
        """Posted balance less what is held, in minor units."""
        counters = self.balances.get(account, Counters())
        return counters.balance - counters.debits_pending

    def linked(self, membership: Membership, programme: str) -> Membership | None:
        """The same member's membership in a programme, or the one linked to this one.

        Where several are linked, the one enrolled first.
        """
        own = self.accounts.get((membership.member_id, programme))
        if own is not None:
            return own
        linked = sorted(a for a in self.links.get(membership.account, ()) if a[1] == programme)
        return self.accounts.get(linked[0]) if linked else None

    def linked_to(self, membership: Membership) -> tuple[Membership, ...]:
        """All memberships that are linked to this one, in the order of their accounts."""
        near = sorted(self.links.get(membership.account, ()))
        return tuple(self.accounts[account] for account in near)

    def are_linked(self, one: Membership, other: Membership) -> bool:
        """Whether two memberships are the same member's or linked."""
        return one.member_id == other.member_id or other.account in self.links.get(
            one.account, set()
        )

    def post(self, lines: Iterable[Line]) -> None:
        """Show what lines do to members' balances."""
        for line in lines:
            self._move(line.debit, Counters(debits=line.amount))
            self._move(line.credit, Counters(credits=line.amount))

    def _move(self, account: Account, moved: Counters) -> None:
        if account.member_id is None or account.programme is None:
            return
        key = account.member_id, account.programme
        before = self.balances.get(key, Counters())
        self.balances[key] = Counters(
            before.debits + moved.debits,
            before.credits + moved.credits,
            before.debits_pending,
            before.credits_pending,
        )
