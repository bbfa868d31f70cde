"""Changes of holds, and of what is pending on members' accounts because of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Self

from sqlalchemy import Table

from partners import tables
from partners.changes import Change, Insertion, Modification
from partners.state import AccountKey, Hold, State
from settlement.ledger.book import Counters, LedgerInconsistency
from settlement.ledger.bulk import Statement, Writing, parsed, unnest


@dataclass(frozen=True, slots=True)
class HoldAdded(Insertion):
    """Points were held, or captured at once."""

    table: ClassVar[Table] = tables.hold

    hold: Hold

    def apply(self, state: State) -> None:
        """Add it."""
        state.put_hold(self.hold)

    def row(self) -> tuple[object, ...]:
        """The row."""
        h = self.hold
        return (
            h.number,
            *h.account,
            h.merchant,
            h.amount_minor,
            h.captured_minor,
            h.refunded_minor,
            h.capture_number,
            h.agreement,
            h.requester,
            h.captured_by,
            h.state,
            h.expires_at,
            h.reference,
        )


@dataclass(frozen=True, slots=True)
class HoldChanged(Modification):
    """A hold ended, or what was captured came back."""

    table: ClassVar[Table] = tables.hold
    key: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = (
        "captured",
        "refunded",
        "capture_number",
        "captured_by",
        "state",
    )

    hold: Hold

    def apply(self, state: State) -> None:
        """Replace it."""
        state.put_hold(self.hold)

    def row(self) -> tuple[object, ...]:
        """Key and new values."""
        h = self.hold
        return (
            h.number,
            h.captured_minor,
            h.refunded_minor,
            h.capture_number,
            h.captured_by,
            h.state,
        )


_COLUMNS = {"member_id": "bigint", "programme": "text", "amount": "bigint"}

_ADD = parsed(
    "update member_account as total set debits_pending = total.debits_pending + batch.amount "  # noqa: S608 - our names
    f"from {unnest(_COLUMNS)} "
    "where total.member_id = batch.member_id and total.programme = batch.programme"
)


@dataclass(frozen=True, slots=True)
class PendingMoved(Change):
    """So many minor units more, or fewer, are pending on a member's account."""

    account: AccountKey
    amount: int

    def apply(self, state: State) -> None:
        """Add it to what is pending."""
        before = state.balances.get(self.account, Counters())
        pending = before.debits_pending + self.amount
        state.balances[self.account] = replace(before, debits_pending=pending)

    @classmethod
    def writings(cls, changes: Sequence[Self]) -> Iterable[Writing]:
        """Add the sums with one statement.

        Writing it raises LedgerInconsistency for an account that is not there: only what is held
        by a member is promised.
        """
        sums: defaultdict[AccountKey, int] = defaultdict(int)
        for change in changes:
            sums[change.account] += change.amount
        bound = {
            "member_id": [member_id for member_id, _ in sums],
            "programme": [programme for _, programme in sums],
            "amount": list(sums.values()),
        }
        yield Statement(_ADD, bound, partial(_require_all, sorted(sums)))


def _require_all(accounts: Sequence[AccountKey], written: int) -> None:
    if written != len(accounts):
        message = f"points are pending on accounts that do not exist, among: {accounts}"
        raise LedgerInconsistency(message)
