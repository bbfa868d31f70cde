"""Changes of what programmes know of members: tiers, choices, progress, vouchers, merges."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar, Self

from sqlalchemy import Table

from partners import tables
from partners.activities import ActivityKey
from partners.changes import Accumulation, Change, DirectoryChange, Insertion, Modification
from partners.programmes.progress import Contribution, Kept, Progress
from partners.programmes.tiers import TierTerm
from partners.state import (
    AccountKey,
    Counted,
    Election,
    Held,
    Invitation,
    Merge,
    State,
    Voucher,
)
from settlement.ledger.amounts import checked
from settlement.ledger.bulk import Statement, Writing, parsed


@dataclass(frozen=True, slots=True)
class TermAdded(Insertion):
    """A membership has another tier from a day on."""

    table: ClassVar[Table] = tables.tier_term

    account: AccountKey
    number: int
    term: TierTerm

    def apply(self, state: State) -> None:
        """Add it to the history, where that is loaded."""
        state.terms.setdefault(self.account, []).append(self.term)

    def row(self) -> tuple[object, ...]:
        """The row."""
        t = self.term
        return *self.account, self.number, t.tier, t.since, t.until, t.source


@dataclass(frozen=True, slots=True)
class Elected(Insertion):
    """A membership chose what to earn."""

    table: ClassVar[Table] = tables.election

    account: AccountKey
    number: int
    election: Election

    def apply(self, state: State) -> None:
        """Add it to the history."""
        state.elections.setdefault(self.account, []).append(self.election)

    def row(self) -> tuple[object, ...]:
        """The row."""
        e = self.election
        return *self.account, self.number, e.choice, e.chosen_programme, e.elected_at


def counter_number(contribution: Contribution, number: int) -> int:
    """The number under which a contribution of an entry is kept."""
    return 0 if contribution.kept is Kept.SUM else number


@dataclass(frozen=True, slots=True)
class ProgressMade(Accumulation):
    """An activity counts for a membership, or (negative) no longer does."""

    table: ClassVar[Table] = tables.progress

    counted: Counted
    number: int

    @property
    def place(self) -> tuple[object, ...]:
        """The key of the row."""
        c = self.counted.contribution
        return *self.counted.account, c.counter, c.day, counter_number(c, self.number)

    def require_fits(self, state: State) -> None:
        """The sum of a counter on a day is 64 bits, like an amount."""
        c = self.counted.contribution
        values = state.progress.get(self.counted.account, Progress()).values.get(c.counter, {})
        checked(values.get((c.day, counter_number(c, self.number)), 0) + c.amount)

    def apply(self, state: State) -> None:
        """Add it."""
        c = self.counted.contribution
        progress = state.progress.setdefault(self.counted.account, Progress())
        progress.add(c.counter, c.day, counter_number(c, self.number), c.amount)

    def row(self) -> tuple[tuple[object, ...], int]:
        """The place, and what is added there."""
        return self.place, self.counted.contribution.amount


@dataclass(frozen=True, slots=True)
class RegisteredFor(Insertion):
    """A member registered for a promotion."""

    table: ClassVar[Table] = tables.registration

    account: AccountKey
    rule: str
    number: int
    at: datetime

    def apply(self, state: State) -> None:
        """Add it."""
        state.registrations.setdefault(self.account, {})[self.rule] = self.at

    def row(self) -> tuple[object, ...]:
        """The row."""
        return *self.account, self.rule, self.number, self.at


@dataclass(frozen=True, slots=True)
class RuleUsed(Accumulation):
    """A rule with a budget gave points (positive), or they came back (negative)."""

    table: ClassVar[Table] = tables.rule_usage

    programme: str
    rule: str
    points: int

    def apply(self, state: State) -> None:
        """Add to what is used."""
        key = self.programme, self.rule
        state.rule_usage[key] = state.rule_usage.get(key, 0) + self.points

    def row(self) -> tuple[tuple[object, ...], int]:
        """Its key, and what is added."""
        return (self.programme, self.rule), self.points


@dataclass(frozen=True, slots=True)
class AwardUsed(Accumulation):
    """An award was taken from its stock (1), or put back (-1)."""

    table: ClassVar[Table] = tables.award_usage

    programme: str
    award: str
    count: int

    def apply(self, state: State) -> None:
        """Add to what is used."""
        key = self.programme, self.award
        state.award_usage[key] = state.award_usage.get(key, 0) + self.count

    def row(self) -> tuple[tuple[object, ...], int]:
        """Its key, and what is added."""
        return (self.programme, self.award), self.count


@dataclass(frozen=True, slots=True)
class PointsHeld(Insertion):
    """Points of an entry cannot be spent before an instant."""

    table: ClassVar[Table] = tables.held_points

    account: AccountKey
    number: int
    held: Held

    def apply(self, state: State) -> None:
        """Add it."""
        state.held.setdefault(self.account, {})[self.number] = self.held

    def row(self) -> tuple[object, ...]:
        """The row."""
        return *self.account, self.number, self.held.amount, self.held.available_at


@dataclass(frozen=True, slots=True)
class HeldReduced(Modification):
    """Fewer points of an entry are held: the others were taken back."""

    table: ClassVar[Table] = tables.held_points
    key: ClassVar[tuple[str, ...]] = ("member_id", "programme", "number")
    columns: ClassVar[tuple[str, ...]] = ("amount",)

    account: AccountKey
    number: int
    held: Held

    def apply(self, state: State) -> None:
        """Replace it."""
        state.held.setdefault(self.account, {})[self.number] = self.held

    def row(self) -> tuple[object, ...]:
        """Key and new amount."""
        return *self.account, self.number, self.held.amount


@dataclass(frozen=True, slots=True)
class InvitationAdded(Insertion):
    """Somebody was invited."""

    table: ClassVar[Table] = tables.invitation

    invitation: Invitation

    def apply(self, state: State) -> None:
        """Add it."""
        state.invitations[self.invitation.number] = self.invitation

    def row(self) -> tuple[object, ...]:
        """The row."""
        i = self.invitation
        return i.number, i.programme, i.member_number, i.tier, i.expires_on, i.used


@dataclass(frozen=True, slots=True)
class InvitationUsed(Modification):
    """An invitation was accepted."""

    table: ClassVar[Table] = tables.invitation
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("used",)

    invitation: Invitation

    def apply(self, state: State) -> None:
        """Replace it."""
        state.invitations[self.invitation.number] = replace(self.invitation, used=True)

    def row(self) -> tuple[object, ...]:
        """Key and new value."""
        return self.invitation.number, True


@dataclass(frozen=True, slots=True)
class VoucherAdded(Insertion):
    """A member has a voucher."""

    table: ClassVar[Table] = tables.voucher

    voucher: Voucher

    def apply(self, state: State) -> None:
        """Add it."""
        state.put_voucher(self.voucher)

    def row(self) -> tuple[object, ...]:
        """The row."""
        v = self.voucher
        return (
            v.number,
            v.member_id,
            v.programme,
            v.award,
            v.tier,
            v.points_minor,
            v.bought_minor,
            [f"{money.currency} {money.minor}" for money in v.money],
            v.state,
            v.usable_until,
            v.cancellable_until,
            v.earned_by,
            v.multiple,
        )


@dataclass(frozen=True, slots=True)
class VoucherChanged(Modification):
    """A voucher was used or taken back."""

    table: ClassVar[Table] = tables.voucher
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("state",)

    voucher: Voucher

    def apply(self, state: State) -> None:
        """Replace it."""
        state.put_voucher(self.voucher)

    def row(self) -> tuple[object, ...]:
        """Key and new state."""
        return self.voucher.number, self.voucher.state


@dataclass(frozen=True, slots=True)
class MergeAdded(Insertion):
    """Two memberships became one."""

    table: ClassVar[Table] = tables.member_merge

    merge: Merge

    def apply(self, state: State) -> None:
        """Add it."""
        state.merges[self.merge.number] = self.merge

    def row(self) -> tuple[object, ...]:
        """The row."""
        m = self.merge
        return (
            m.number,
            m.programme,
            m.kept_member_id,
            m.merged_member_id,
            m.moved_minor,
            m.undone_number,
        )


@dataclass(frozen=True, slots=True)
class MergeChanged(Modification):
    """Points that had moved by a merge were taken back: they would not move back with it."""

    table: ClassVar[Table] = tables.member_merge
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("moved",)

    merge: Merge

    def apply(self, state: State) -> None:
        """Replace it."""
        state.merges[self.merge.number] = self.merge

    def row(self) -> tuple[object, ...]:
        """Key and new value."""
        return self.merge.number, self.merge.moved_minor


def moved_with_merges(account: AccountKey, amount: int, state: State) -> Iterator[Change]:
    """Points that come back to whom a member was merged into are that member's, if parted."""
    merges = {
        (merge.merged_member_id, merge.programme): merge
        for merge in state.merges.values()
        if merge.undone_number is None
    }
    while (merge := merges.get(account)) is not None:
        yield MergeChanged(replace(merge, moved_minor=merge.moved_minor + amount))
        account = merge.kept_member_id, account[1]


@dataclass(frozen=True, slots=True)
class MergeUndone(Modification):
    """A merge was taken back."""

    table: ClassVar[Table] = tables.member_merge
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("undone_number",)

    merge: Merge
    number: int

    def apply(self, state: State) -> None:
        """Replace it."""
        state.merges[self.merge.number] = replace(self.merge, undone_number=self.number)

    def row(self) -> tuple[object, ...]:
        """Key and new value."""
        return self.merge.number, self.number


@dataclass(frozen=True, slots=True)
class ActivityRefused(Insertion):
    """A report of an activity was refused, for a reason that its member may ask for."""

    table: ClassVar[Table] = tables.refused_activity

    key: ActivityKey
    sender: str
    request_id: str
    reason: str
    message: str
    decided_at: datetime

    def apply(self, state: State) -> None:
        """Nothing: no rule asks for it."""

    def row(self) -> tuple[object, ...]:
        """The row."""
        k = self.key
        return (
            k.supplier,
            k.kind,
            k.reference,
            k.revision,
            self.sender,
            self.request_id,
            self.reason,
            self.message,
            self.decided_at,
        )


@dataclass(frozen=True, slots=True)
class ExpiryNoticed(Insertion):
    """A partner was told that a member's points will expire on a day."""

    table: ClassVar[Table] = tables.expiry_notice

    account: AccountKey
    due_on: date
    amount: int
    number: int

    def apply(self, state: State) -> None:
        """Nothing: a run of reviews is not a batch of requests."""

    def row(self) -> tuple[object, ...]:
        """The row."""
        return *self.account, self.due_on, self.amount, self.number


@dataclass(frozen=True, slots=True)
class TierReviewed(Insertion):
    """The lowest of a tier fell, once for a year that ended."""

    table: ClassVar[Table] = tables.tier_review

    programme: str
    year_began_on: date
    number: int

    def apply(self, state: State) -> None:
        """Nothing, as above."""

    def row(self) -> tuple[object, ...]:
        """The row."""
        return self.programme, self.year_began_on, self.number


@dataclass(frozen=True, slots=True)
class ClosingSet(DirectoryChange):
    """A programme is wound down."""

    programme: str
    earns_until: datetime
    points_until: datetime
    number: int

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """Set it; a later one takes the place of an earlier one."""
        for change in changes:
            yield Statement(
                parsed(
                    "insert into programme_closing (programme, earns_until, points_until, number) "
                    "values (:programme, :earns_until, :points_until, :number) "
                    "on conflict (programme) do update set earns_until = excluded.earns_until, "
                    "points_until = excluded.points_until, number = excluded.number"
                ),
                {
                    "programme": change.programme,
                    "earns_until": change.earns_until,
                    "points_until": change.points_until,
                    "number": change.number,
                },
            )
