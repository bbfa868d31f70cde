"""Changes of memberships, links, activities, quotes and authorisations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, Self

from sqlalchemy import Table

from partners import tables
from partners.changes import Accumulation, Change, Insertion, Modification
from partners.counted import write_counted, write_recovered
from partners.state import (
    AccountKey,
    LinkCode,
    Membership,
    RecordedActivity,
    State,
)
from settlement.ledger.bulk import Addition, Statement, Writing, parsed, unnest
from settlement.ledger.values import value


def _standing(m: Membership) -> tuple[object, ...]:
    """What can change of a membership, from its tier on, in the order of the table."""
    return (
        m.term.tier,
        m.term.since,
        m.term.until,
        m.term.source,
        m.choice,
        m.chosen_programme,
        m.state,
        m.joined_on,
        m.red_listed,
        m.merged_into,
    )


@dataclass(frozen=True, slots=True)
class MembershipAdded(Change):
    """A new membership, and the key that finds it."""

    membership: Membership
    number: int

    def apply(self, state: State) -> None:
        """Add it."""
        state.add_membership(self.membership)

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """Insert membership and enrolment."""
        members = [change.membership for change in changes]
        yield Addition(
            tables.enrolment, [(m.programme, m.member_number, m.member_id) for m in members]
        )
        yield Addition(tables.membership, [change.row() for change in changes])

    def row(self) -> tuple[object, ...]:
        """The row of the membership table."""
        m = self.membership
        row = m.member_id, m.programme, m.member_number
        return *row, *_standing(m), m.evaluated_on, self.number


@dataclass(frozen=True, slots=True)
class MembershipUpdated(Modification):
    """A membership changed."""

    table: ClassVar[Table] = tables.membership
    key: ClassVar[tuple[str, ...]] = ("member_id", "programme")
    columns: ClassVar[tuple[str, ...]] = (
        "tier",
        "tier_since",
        "tier_until",
        "tier_source",
        "choice",
        "chosen_programme",
        "state",
        "joined_on",
        "red_listed",
        "merged_into",
        "number",
    )

    membership: Membership

    def apply(self, state: State) -> None:
        """Replace it."""
        state.add_membership(self.membership)

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        m = self.membership
        return *m.account, *_standing(m), m.number


@dataclass(frozen=True, slots=True)
class MembershipEvaluated(Modification):
    """A membership's tier was seen to up to a day, and nothing was to be said of it."""

    table: ClassVar[Table] = tables.membership
    key: ClassVar[tuple[str, ...]] = ("member_id", "programme")
    columns: ClassVar[tuple[str, ...]] = ("evaluated_on",)

    account: AccountKey
    day: date

    def apply(self, state: State) -> None:
        """Replace it."""
        state.add_membership(replace(state.accounts[self.account], evaluated_on=self.day))

    def row(self) -> tuple[object, ...]:
        """Key and the day."""
        return *self.account, self.day


@dataclass(frozen=True, slots=True)
class LinkChanged(Change):
    """Two memberships are linked by the entry of that number, or no longer are (None)."""

    one: Membership
    other: Membership
    number: int | None

    @property
    def sides(self) -> tuple[tuple[AccountKey, AccountKey], ...]:
        """The link from both sides."""
        return (
            (self.one.account, self.other.account),
            (self.other.account, self.one.account),
        )

    def apply(self, state: State) -> None:
        """Link or unlink them, from both sides."""
        for side, far in self.sides:
            near = state.links.setdefault(side, set())
            state.linked_at.pop((side, far), None)
            if self.number is None:
                near.discard(far)
            else:
                near.add(far)

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """Write what the last change of each pair leaves: a row from each side, or none."""
        last = {side: change.number for change in changes for side in change.sides}
        columns = ("member_id", "programme", "other_member_id", "other_programme")
        types = dict(zip(columns, ("bigint", "text", "bigint", "text"), strict=True))
        keys = " and ".join(f"link.{name} = batch.{name}" for name in columns)
        pairs = [(*one, *other) for one, other in last]
        yield Statement(
            parsed(f"delete from link using {unnest(types)} where {keys}"),  # noqa: S608 - our names
            {
                name: list(values)
                for name, values in zip(columns, zip(*pairs, strict=True), strict=True)
            },
        )
        rows = [
            (*pair, number)
            for pair, number in zip(pairs, last.values(), strict=True)
            if number is not None
        ]
        yield Addition(tables.link, rows)


@dataclass(frozen=True, slots=True)
class LinkCodeAdded(Insertion):
    """A code was given out."""

    table: ClassVar[Table] = tables.link_code

    code: LinkCode

    def apply(self, state: State) -> None:
        """Add it."""
        state.link_codes[self.code.number] = self.code

    def row(self) -> tuple[object, ...]:
        """The row."""
        c = self.code
        return (
            c.number,
            c.member_id,
            c.programme,
            c.other_programme,
            c.other_number,
            c.expires_at,
            c.tries,
            c.used,
        )


@dataclass(frozen=True, slots=True)
class LinkCodeTried(Modification):
    """A code was tried, rightly or wrongly."""

    table: ClassVar[Table] = tables.link_code
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("tries", "used")

    code: LinkCode

    def apply(self, state: State) -> None:
        """Replace it."""
        state.link_codes[self.code.number] = self.code

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        return self.code.number, self.code.tries, self.code.used


@value
class ActivityRecorded(Insertion):
    """An activity is in the ledger."""

    table: ClassVar[Table] = tables.activity

    activity: RecordedActivity

    def apply(self, state: State) -> None:
        """Add it."""
        state.activities[self.activity.key] = self.activity

    def row(self) -> tuple[object, ...]:
        """The row."""
        a = self.activity
        k = a.key
        return (
            k.supplier,
            k.kind,
            k.reference,
            k.revision,
            a.number,
            a.reporter,
            write_counted(a.counted),
            a.reversed_number,
            a.reversed.numerator,
            a.reversed.denominator,
            write_recovered(a.recovered),
        )


@dataclass(frozen=True, slots=True)
class ActivityReversed(Modification):
    """An activity was taken back, whole or in part."""

    table: ClassVar[Table] = tables.activity
    key: ClassVar[tuple[str, ...]] = ("supplier", "kind", "reference", "revision")
    columns: ClassVar[tuple[str, ...]] = (
        "reversed_number",
        "reversed_numerator",
        "reversed_denominator",
        "recovered",
    )

    activity: RecordedActivity

    def apply(self, state: State) -> None:
        """Replace it."""
        state.activities[self.activity.key] = self.activity

    def row(self) -> tuple[object, ...]:
        """Key, and how far it is reversed."""
        a = self.activity
        k = a.key
        return (
            k.supplier,
            k.kind,
            k.reference,
            k.revision,
            a.reversed_number,
            a.reversed.numerator,
            a.reversed.denominator,
            write_recovered(a.recovered),
        )


@value
class AgreementUsed(Accumulation):
    """Points were issued (positive) or came back (negative) under an agreement."""

    table: ClassVar[Table] = tables.agreement_usage

    agreement: int
    points: int

    def apply(self, state: State) -> None:
        """Add to what is used."""
        state.usage[self.agreement] = state.usage.get(self.agreement, 0) + self.points

    def row(self) -> tuple[tuple[object, ...], int]:
        """Its key, and what is added."""
        return (self.agreement,), self.points
