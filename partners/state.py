"""What the use cases see of members while a batch is decided.

Loaded by a fixed number of queries for a whole batch, then kept up to date in memory, so that
a later item of a batch sees what the earlier ones did.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from partners.activities import ActivityKey
from partners.exchange.arithmetic import ConversionAmounts
from partners.programmes.forms import MoneyAmount
from partners.programmes.progress import Contribution, Progress
from partners.programmes.tiers import TierTerm
from settlement.ledger.accounts import Account
from settlement.ledger.book import Counters
from settlement.ledger.entries import Line

MembershipKey = tuple[str, str]
AccountKey = tuple[int, str]


class MembershipState(StrEnum):
    """Only ACTIVE earns and gives. MERGED: another membership of the person stands for it."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    CLOSED = "CLOSED"
    MERGED = "MERGED"
    CARRIED_OVER = "CARRIED_OVER"


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in one programme. Days are the programme's own."""

    member_id: int
    programme: str
    member_number: str
    term: TierTerm
    choice: str
    state: MembershipState
    joined_on: date
    chosen_programme: str | None = None
    """Of the choice's programmes the one that the member named."""
    red_listed: bool = False
    merged_into: int | None = None
    """The member that stands for this one."""
    evaluated_on: date | None = None
    """The day up to which the tier was seen to."""
    number: int = 0
    """Of the entry that enrolled the member, or enrolled it again."""

    @property
    def tier(self) -> str:
        """The tier that it has now."""
        return self.term.tier

    @property
    def key(self) -> MembershipKey:
        """Names it as the partner does."""
        return self.programme, self.member_number

    @property
    def account(self) -> AccountKey:
        """Names the member's account in the programme's currency."""
        return self.member_id, self.programme


@dataclass(frozen=True, slots=True)
class Election:
    """What a member chose to earn, for activities that start from an instant on."""

    choice: str
    chosen_programme: str | None
    elected_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """Leave to join a programme, or to have a tier of it."""

    number: int
    programme: str
    member_number: str
    tier: str
    expires_on: date | None
    used: bool


class VoucherState(StrEnum):
    """A voucher is used or taken back once; expiry is a matter of time, not of state."""

    ISSUED = "ISSUED"
    USED = "USED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Voucher:
    """An award that a member has.

    `earned_by` is the accrual that brought it without points, `multiple` which of the counter's
    multiples it is for: each brings one voucher, however often the counter passes it.
    """

    number: int
    member_id: int
    programme: str
    award: str
    tier: str
    points_minor: int
    bought_minor: int
    money: tuple[MoneyAmount, ...]
    state: VoucherState
    usable_until: date | None
    cancellable_until: date | None
    earned_by: int | None
    multiple: int | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """Two memberships of a programme that became one; points in minor units."""

    number: int
    programme: str
    kept_member_id: int
    merged_member_id: int
    moved_minor: int
    undone_number: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """Points of one entry that cannot be spent before an instant, in minor units."""

    amount: int
    available_at: datetime


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
class Counted:
    """What an activity added to a counter of a membership."""

    account: AccountKey
    contribution: Contribution


@dataclass(frozen=True, slots=True)
class RecordedActivity:
    """An activity that is in the ledger, and how far it was reversed.

    `reversed_number` is of the entry that reversed it last, `reversed` the part of it that is
    taken back in all, `recovered` the points that came back by it, leg by leg.
    """

    key: ActivityKey
    number: int
    reporter: str
    counted: tuple[Counted, ...] = ()
    reversed_number: int | None = None
    reversed: Fraction = Fraction(0)
    recovered: tuple[int, ...] = ()


class QuoteState(StrEnum):
    """A quote is used at most once; expiry is a matter of time, not of state."""

    OPEN = "OPEN"
    USED = "USED"
    SUPERSEDED = "SUPERSEDED"
    VOIDED = "VOIDED"


@dataclass(frozen=True, slots=True)
class Quote:
    """A binding offer. Rates are versions of the book, 0 for the shared currency without one.

    `target_rate` is the version of the pair's terms where those gave it.
    """

    number: int
    requester: str
    source: AccountKey
    target: AccountKey
    amounts: ConversionAmounts
    source_rate: int
    target_rate: int
    authorization: int | None
    expires_at: datetime
    offer: str
    shortfall_funder: str
    state: QuoteState

    @property
    def slot(self) -> tuple[int, str, str]:
        """Membership and pair, of which one quote may be open."""
        return (*self.source, self.target[1])

    @property
    def pair(self) -> tuple[str, str]:
        """The programmes that give and take."""
        return self.source[1], self.target[1]

    @property
    def source_minor(self) -> int:
        """What the member gives."""
        return self.amounts.source_minor

    @property
    def target_minor(self) -> int:
        """What the member gets."""
        return self.amounts.target_minor


class ConversionState(StrEnum):
    """PENDING waits for the target's partner; the last two were taken back."""

    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    REFUSED = "REFUSED"
    TIMED_OUT = "TIMED_OUT"


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion in the ledger, how far it is, and what of it came back since."""

    number: int
    quote: int
    source: AccountKey
    target: AccountKey
    source_minor: int
    target_minor: int
    source_rate: int
    target_rate: int
    source_hold: str
    accepted_at: datetime
    deadline: datetime | None
    state: ConversionState
    reference: str = ""
    returned_source_minor: int = 0
    returned_target_minor: int = 0


@dataclass(frozen=True, slots=True)
class DebitAuthorization:
    """Leave to debit a member once, given by the source programme's partner.

    To convert an exact amount into `target`, or, without one, to hold up to that amount of shared
    currency for spending at the grantee.
    """

    number: int
    grantee: str
    source: AccountKey
    target: AccountKey | None
    amount_minor: int
    expires_at: datetime
    source_hold: str
    used: bool


UsageKey = tuple[str, str, str, int, str]
"""Source, target, offer, member (0: all) and period of what was converted."""


@dataclass
class Needs:
    """What has to be loaded before a batch can be decided."""

    memberships: set[MembershipKey] = field(default_factory=set)
    activities: set[ActivityKey] = field(default_factory=set)
    quotes: set[int] = field(default_factory=set)
    authorizations: set[int] = field(default_factory=set)
    link_codes: set[MembershipKey] = field(default_factory=set)
    open_quotes: set[MembershipKey] = field(default_factory=set)
    all_open_quotes: bool = False
    """Every quote that is open, of whomever."""
    now: datetime | None = None
    """When it is decided; what was used in a day or a year is of that day and year."""
    conversions: set[int] = field(default_factory=set)
    balances: set[MembershipKey] = field(default_factory=set)
    lines_of: set[ActivityKey] = field(default_factory=set)
    standings: set[MembershipKey] = field(default_factory=set)
    """Memberships whose tiers, elections, progress, registrations and invitations are asked for."""
    invitations: set[MembershipKey] = field(default_factory=set)
    vouchers: set[int] = field(default_factory=set)
    merges: set[int] = field(default_factory=set)
    carry_over: dict[tuple[str, str], int] = field(default_factory=dict)
    """Old and new programmes, with how many members are to be carried over."""


@dataclass
class State:
    """Members, links, balances, activities and quotes that a batch touches."""

    memberships: dict[MembershipKey, Membership] = field(default_factory=dict)
    accounts: dict[AccountKey, Membership] = field(default_factory=dict)
    links: dict[AccountKey, set[AccountKey]] = field(default_factory=dict)
    merged: defaultdict[AccountKey, set[AccountKey]] = field(
        default_factory=lambda: defaultdict(set)
    )
    balances: dict[AccountKey, Counters] = field(default_factory=dict)
    activities: dict[ActivityKey, RecordedActivity] = field(default_factory=dict)
    lines: dict[int, tuple[Line, ...]] = field(default_factory=dict)
    quotes: dict[int, Quote] = field(default_factory=dict)
    open_quotes: dict[tuple[int, str, str], int] = field(default_factory=dict)
    authorizations: dict[int, DebitAuthorization] = field(default_factory=dict)
    conversions: dict[int, Conversion] = field(default_factory=dict)
    conversions_from: defaultdict[AccountKey, set[int]] = field(
        default_factory=lambda: defaultdict(set)
    )
    """Numbers of those that are loaded, by the account that gave."""
    conversion_usage: dict[UsageKey, int] = field(default_factory=dict)
    """What members converted by pair and offer in a period; of those that are loaded."""
    link_codes: dict[int, LinkCode] = field(default_factory=dict)
    usage: dict[int, int] = field(default_factory=dict)
    terms: dict[AccountKey, list[TierTerm]] = field(default_factory=dict)
    elections: dict[AccountKey, list[Election]] = field(default_factory=dict)
    progress: dict[AccountKey, Progress] = field(default_factory=dict)
    registrations: dict[AccountKey, dict[str, datetime]] = field(default_factory=dict)
    rule_usage: dict[tuple[str, str], int] = field(default_factory=dict)
    held: dict[AccountKey, dict[int, Held]] = field(default_factory=dict)
    invitations: dict[int, Invitation] = field(default_factory=dict)
    vouchers: dict[int, Voucher] = field(default_factory=dict)
    multiples: defaultdict[AccountKey, set[tuple[str, int]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    """Earned vouchers that were not taken back, by what they are and for which multiple."""
    award_usage: dict[tuple[str, str], int] = field(default_factory=dict)
    merges: dict[int, Merge] = field(default_factory=dict)
    to_carry_over: dict[str, list[Membership]] = field(default_factory=dict)
    """Members of old programmes that are not carried over yet, the first so many."""
    remaining: dict[str, int] = field(default_factory=dict)
    """How many members of old programmes are not carried over yet, in all."""

    def add_membership(self, membership: Membership) -> None:
        """Put a membership where both of its keys find it."""
        self.memberships[membership.programme, membership.member_number] = membership
        self.accounts[membership.account] = membership
        if membership.merged_into is not None:
            self.merged[membership.merged_into, membership.programme].add(membership.account)

    def add_quote(self, quote: Quote) -> None:
        """Put a quote where its number and, while it is open, its slot find it."""
        self.quotes[quote.number] = quote
        if quote.state is QuoteState.OPEN:
            self.open_quotes[quote.slot] = quote.number

    def put_conversion(self, conversion: Conversion) -> None:
        """Put a conversion where its number and the account that gave find it."""
        self.conversions[conversion.number] = conversion
        self.conversions_from[conversion.source].add(conversion.number)

    def available(self, account: AccountKey, now: datetime) -> int:
        """Posted balance less what is held, in minor units; points that came by a merge too."""
        return self.posted(account) - sum(self.waiting(side, now) for side in self.sides(account))

    def waiting(self, account: AccountKey, now: datetime) -> int:
        """Points that are held back, in minor units."""
        held = self.held.get(account, {}).values()
        return sum(points.amount for points in held if points.available_at > now)

    def sides(self, account: AccountKey) -> list[AccountKey]:
        """An account, and those of the memberships that were merged into its own."""
        membership = self.accounts.get(account)
        merged = () if membership is None else self.merged_into(membership)
        return [account, *(m.account for m in merged)]

    def put_voucher(self, voucher: Voucher) -> None:
        """Put a voucher where its number finds it, and an earned one where its multiple does."""
        self.vouchers[voucher.number] = voucher
        if voucher.multiple is not None:
            earned = self.multiples[voucher.member_id, voucher.programme]
            if voucher.state is VoucherState.CANCELLED:
                earned.discard((voucher.award, voucher.multiple))
            else:
                earned.add((voucher.award, voucher.multiple))

    def posted(self, account: AccountKey) -> int:
        """Posted balance less what is promised elsewhere, in minor units; held points are in it."""
        counters = self.balances.get(account, Counters())
        return counters.balance - counters.debits_pending

    def standing_for(self, membership: Membership) -> Membership:
        """The membership itself, or the one that it was merged into."""
        while membership.merged_into is not None:
            membership = self.accounts[membership.merged_into, membership.programme]
        return membership

    def holders(self, account: AccountKey, number: int) -> dict[AccountKey, int]:
        """Who held the points that an entry gave an account: each with the entry since when.

        The account itself, and one after the other those that it was merged into.
        """
        merges = {
            (merge.merged_member_id, merge.programme): merge
            for merge in self.merges.values()
            if merge.undone_number is None
        }
        found = {account: number}
        while account in merges:
            merge = merges[account]
            account, number = (merge.kept_member_id, merge.programme), max(number, merge.number)
            found[account] = number
        return found

    def merged_into(self, membership: Membership) -> list[Membership]:
        """Memberships that this one stands for, as far as they are loaded."""
        found = (self.accounts[account] for account in sorted(self.merged[membership.account]))
        near = [m for m in found if m.merged_into == membership.member_id]
        return [m for one in near for m in (one, *self.merged_into(one))]

    def linked(self, membership: Membership, programme: str) -> Membership | None:
        """The same member's membership in a programme, or the one linked to this one.

        Links of memberships that were merged into it count. Where several are linked, the one
        enrolled first.
        """
        own = self.accounts.get((membership.member_id, programme))
        if own is not None:
            return self.standing_for(own)
        sides = (membership, *self.merged_into(membership))
        linked = sorted(
            account
            for side in sides
            for account in self.links.get(side.account, ())
            if account[1] == programme
        )
        found = self.accounts.get(linked[0]) if linked else None
        return None if found is None else self.standing_for(found)

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
