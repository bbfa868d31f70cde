"""What the use cases see of members while a batch is decided.

Loaded by a fixed number of queries for a whole batch, then kept up to date in memory, so that
a later item of a batch sees what the earlier ones did.
"""

from collections import defaultdict
from collections.abc import Sequence
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
from settlement.ledger.breaks import Break, BreakId
from settlement.ledger.dues import AbortProposal, Due, DueKey, PostedSettlement
from settlement.ledger.entries import Line
from settlement.ledger.exposure import owed_by
from settlement.ledger.partner_records import MatchResult, PartnerRecord
from settlement.ledger.values import value

MembershipKey = tuple[str, str]
AccountKey = tuple[int, str]

NOTHING = Counters()


class MembershipState(StrEnum):
    """Only ACTIVE earns and gives. MERGED: another membership of the person stands for it.

    ERASED: who it was is not known any more.
    """

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    CLOSED = "CLOSED"
    MERGED = "MERGED"
    CARRIED_OVER = "CARRIED_OVER"
    ERASED = "ERASED"


LEFT = frozenset({MembershipState.CLOSED, MembershipState.ERASED})
"""Whoever has left gets nothing any more."""


@value
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
    account: AccountKey = field(init=False, repr=False, compare=False)
    """Names the member's account in the programme's currency."""

    def __post_init__(self) -> None:
        """Name the account, which is asked for all the time."""
        self.account = self.member_id, self.programme  # type: ignore[misc]  # once and for all

    @property
    def tier(self) -> str:
        """The tier that it has now."""
        return self.term.tier

    @property
    def key(self) -> MembershipKey:
        """Names it as the partner does."""
        return self.programme, self.member_number


@value
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


@value
class Counted:
    """What an activity added to a counter of a membership."""

    account: AccountKey
    contribution: Contribution


@value
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

    @property
    def uses_hold(self) -> bool:
        """Whether its hold in the source partner's system is used up by it."""
        taken_back = (ConversionState.REFUSED, ConversionState.TIMED_OUT)
        return bool(self.source_hold) and self.state not in taken_back


class BreakKind(StrEnum):
    """How a partner's report of a delivery disagrees with the ledger."""

    LATE_CONFIRMATION = "LATE_CONFIRMATION"
    CONFIRMED_AFTER_REFUSAL = "CONFIRMED_AFTER_REFUSAL"
    REFUSED_AFTER_CONFIRMATION = "REFUSED_AFTER_CONFIRMATION"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    CONFIRMED_TWICE = "CONFIRMED_TWICE"


@dataclass(frozen=True, slots=True)
class DeliveryBreak:
    """A disagreement about a conversion; amounts in minor units of the target.

    `owner` bears it until it is resolved. `reference` is the partner's own, or its reason.
    """

    number: int
    kind: BreakKind
    conversion: int
    owner: str
    ledger_minor: int
    reported_minor: int
    reference: str
    recorded_at: datetime


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


class HoldState(StrEnum):
    """A hold is captured or voided once; EXPIRED once that is booked, past its expiry by time."""

    OPEN = "OPEN"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Hold:
    """Shared currency of a member that is held for spending, and what became of it.

    Amounts are in shared minor units. `agreement` is the one whose reimbursement price holds,
    `requester` the participant that made it, `captured_by` the one that captured it.
    """

    number: int
    account: AccountKey
    merchant: str
    amount_minor: int
    agreement: int
    requester: str
    expires_at: datetime
    reference: str
    state: HoldState = HoldState.OPEN
    captured_minor: int = 0
    refunded_minor: int = 0
    capture_number: int | None = None
    captured_by: str = ""

    @property
    def kept_minor(self) -> int:
        """What was captured and not given back."""
        return self.captured_minor - self.refunded_minor

    def state_at(self, now: datetime) -> HoldState:
        """How far it is: past its expiry it is over, booked yet or not."""
        is_over = self.state is HoldState.OPEN and now > self.expires_at
        return HoldState.EXPIRED if is_over else self.state


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
    """Conversions with their quotes, lines, members and breaks."""
    source_holds: set[str] = field(default_factory=set)
    """References of holds in partners' systems, of which it is asked whether they are used."""
    holds: set[int] = field(default_factory=set)
    balances: set[MembershipKey] = field(default_factory=set)
    lines_of: set[ActivityKey] = field(default_factory=set)
    standings: set[MembershipKey] = field(default_factory=set)
    """Memberships whose tiers, elections, progress, registrations and invitations are asked for."""
    invitations: set[MembershipKey] = field(default_factory=set)
    vouchers: set[int] = field(default_factory=set)
    merges: set[int] = field(default_factory=set)
    pending_of: set[MembershipKey] = field(default_factory=set)
    """Memberships whose conversions are asked for that wait for the target's partner."""
    carry_over: dict[tuple[str, str], int] = field(default_factory=dict)
    """Old and new programmes, with how many members are to be carried over."""
    settlements: set[int] = field(default_factory=set)
    """Posted settlements with their payments, lines, and proposals to abort them."""
    records: set[int] = field(default_factory=set)
    """Partners' records of windows."""
    results: set[int] = field(default_factory=set)
    """Records of which it is asked what matching found, and which came before."""
    found_breaks: set[BreakId] = field(default_factory=set)
    shown_entries: set[int] = field(default_factory=set)
    """Entries of which it is asked who was shown them."""


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
    persons: dict[AccountKey, set[AccountKey]] = field(default_factory=dict)
    """All memberships that are one person's, by those that a quote is asked for."""
    authorizations: dict[int, DebitAuthorization] = field(default_factory=dict)
    conversions: dict[int, Conversion] = field(default_factory=dict)
    source_holds: dict[tuple[str, str], int] = field(default_factory=dict)
    """Conversions that use a hold in a partner's system, by source programme and reference."""
    breaks: defaultdict[int, list[DeliveryBreak]] = field(default_factory=lambda: defaultdict(list))
    """Disagreements by the conversion that they are about."""
    pending: set[AccountKey] = field(default_factory=set)
    """Of the memberships of which it is asked, those with a conversion that is pending."""
    conversion_usage: dict[UsageKey, int] = field(default_factory=dict)
    """What members converted by pair and offer in a period; of those that are loaded."""
    holds: dict[int, Hold] = field(default_factory=dict)
    open_holds: defaultdict[AccountKey, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Numbers of the holds that are not booked as over; those of every balance that is loaded."""
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
    owed: dict[str, int] = field(default_factory=dict)
    """What participants with limits owe on balance, in shared minor units, promises included."""
    converted: defaultdict[AccountKey, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Numbers of conversions by their source; of watched accounts those of the last day."""
    linked_at: dict[tuple[AccountKey, AccountKey], datetime] = field(default_factory=dict)
    """Since when memberships are linked, of those whose links have to be old enough."""
    young: dict[AccountKey, dict[int, int]] = field(default_factory=dict)
    """Points of watched accounts by the number of the accrual that they came by not long ago."""
    earned_at: dict[int, datetime] = field(default_factory=dict)
    """When these accruals were accepted."""
    settlements: dict[int, PostedSettlement] = field(default_factory=dict)
    dues: dict[DueKey, Due] = field(default_factory=dict)
    """Payments of the settlements that are loaded, all of each."""
    aborts: dict[int, AbortProposal] = field(default_factory=dict)
    """Proposals to abort these settlements, by their entry's number."""
    records: dict[int, PartnerRecord] = field(default_factory=dict)
    records_of_window: dict[tuple[str, int], list[PartnerRecord]] = field(default_factory=dict)
    """Concluded records that none has superseded, by participant and window."""
    results: dict[int, MatchResult] = field(default_factory=dict)
    found_breaks: dict[BreakId, Break] = field(default_factory=dict)
    shown_to: dict[int, frozenset[str]] = field(default_factory=dict)

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

    def put_hold(self, hold: Hold) -> None:
        """Put a hold where its number and, while it is open, its account find it."""
        before = self.holds.get(hold.number)
        if before is not None:
            self.open_holds[before.account].discard(hold.number)
        self.holds[hold.number] = hold
        if hold.state is HoldState.OPEN:
            self.open_holds[hold.account].add(hold.number)

    def put_conversion(self, conversion: Conversion) -> None:
        """Put a conversion where its number, its source and the hold that it uses find it."""
        self.conversions[conversion.number] = conversion
        self.converted[conversion.source].add(conversion.number)
        hold = conversion.source[1], conversion.source_hold
        if conversion.uses_hold:
            self.source_holds[hold] = conversion.number
        elif self.source_holds.get(hold) == conversion.number:
            del self.source_holds[hold]

    def available(self, account: AccountKey, now: datetime) -> int:
        """Balance less what is held, in minor units; points that came by a merge too.

        A hold past its expiry holds nothing, though it is pending until that is booked.
        """
        held = self.promised(account, now)
        held += sum(self.waiting(side, now) for side in self.sides(account))
        return self.balances.get(account, Counters()).balance - held

    def promised(self, account: AccountKey, now: datetime) -> int:
        """What is held for spending and not past its expiry, in minor units."""
        found = (self.holds[number] for number in self.open_holds.get(account, ()))
        return sum(h.amount_minor for h in found if h.state_at(now) is HoldState.OPEN)

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
        """Balance less what is pending, in minor units; points that are held back are in it.

        What may be taken from a member for good: of holds past their expiry, once that is booked.
        """
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
        merged = self.merged.get(membership.account)
        if not merged:
            return []
        found = (self.accounts[account] for account in sorted(merged))
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
        linked = [
            account
            for side in (membership, *self.merged_into(membership))
            for account in self.links.get(side.account, ())
            if account[1] == programme
        ]
        found = self.accounts.get(min(linked)) if linked else None
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

    def post(self, lines: Sequence[Line]) -> None:
        """Show what lines do to members' balances, and to what participants with limits owe."""
        for line in lines:
            if line.debit.member_id is not None:
                self._move(line.debit, line.amount, 0)
            if line.credit.member_id is not None:
                self._move(line.credit, 0, line.amount)
        for participant, amount in owed_by(lines).items() if self.owed else ():
            self.owe(participant, amount)

    def owe(self, participant: str, amount: int) -> None:
        """Add to what a participant owes, where that is watched."""
        if participant in self.owed:
            self.owed[participant] += amount

    def _move(self, account: Account, debited: int, credited: int) -> None:
        if account.member_id is None or account.programme is None:
            return
        key = account.member_id, account.programme
        before = self.balances.get(key, NOTHING)
        self.balances[key] = Counters(
            before.debits + debited,
            before.credits + credited,
            before.debits_pending,
            before.credits_pending,
        )
