"""What every step of a hold shares: which it is, what it owes, what is free by it, what is told.

A hold that was granted is honoured: whatever becomes of the membership, of the agreement or of
the programme since, the merchant may capture it until it expires, at the price of the agreement
under which it was made. What comes back to a membership that was closed meanwhile is forfeited in
the same entry, as the rest was when it was closed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from partners.changes import Change
from partners.context import Context, Decision
from partners.directory import Agreement
from partners.hold_changes import HoldAdded, HoldChanged, PendingMoved
from partners.limiting import hold_promised, hold_settled
from partners.postings import FORFEITED
from partners.refusals import Reason, Refused
from partners.state import LEFT, AccountKey, Hold, HoldState, Membership
from settlement.ledger.amounts import floor_times
from settlement.ledger.entries import Line, timestamp


@dataclass(frozen=True, slots=True)
class HoldOf:
    """A hold with its membership; what the operator owes for it, in shared minor units."""

    hold: Hold
    membership: Membership
    reimbursement_minor: int


def reimbursement_minor(hold: Hold, context: Context) -> int:
    """What the operator owes the merchant for what it kept, rounded down, in shared minor units."""
    return floor_times(hold.kept_minor, agreed(hold, context).terms.reimbursement_price)


def agreed(hold: Hold, context: Context) -> Agreement:
    """The agreement under which a hold was made, whatever became of it since."""
    return context.directory.agreements[hold.agreement]


def known_hold(number: int, context: Context) -> Hold:
    """A hold, or UNKNOWN_HOLD; whether the sender may use it is the caller's to say."""
    hold = context.state.holds.get(number)
    if hold is None:
        raise unknown_hold(number)
    return hold


def is_operators(doer: str, context: Context) -> bool:
    """Whether the sender is the operator, and the operator did it."""
    return context.participant == context.operator == doer


def unknown_hold(number: int) -> Refused:
    """The refusal for a hold that is not there, or is another's: one like the other."""
    return Refused(
        Reason.UNKNOWN_HOLD,
        f"there is no hold {number} that you may use",
        {"hold": str(number)},
    )


def require_open(hold: Hold, context: Context) -> None:
    """Refuse a hold that was captured or voided, or is past its expiry."""
    state = hold.state_at(context.now)
    if state is not HoldState.OPEN:
        raise over(hold, state)


_OVER = {
    HoldState.CAPTURED: (Reason.HOLD_CAPTURED, "was captured, which happens once; refund it"),
    HoldState.VOIDED: (Reason.HOLD_VOIDED, "was voided; ask for a new one"),
    HoldState.EXPIRED: (Reason.HOLD_EXPIRED, "is past its expiry; ask for a new one"),
}


def over(hold: Hold, state: HoldState) -> Refused:
    """The refusal for a hold in which nothing is held any longer."""
    reason, words = _OVER[state]
    known = {"hold": str(hold.number), "expires_at": timestamp(hold.expires_at)}
    return Refused(reason, f"hold {hold.number} {words}", known)


def points_of(hold: Hold, minor: int, context: Context) -> str:
    """An amount of a hold for a message, in major units."""
    return context.points(hold.account[1], minor)


def hold_decision(
    kind: str,
    hold: Hold,
    context: Context,
    *,
    changes: tuple[Change, ...],
    lines: Iterable[Line] = (),
    corrects: int | None = None,
) -> Decision:
    """An event of a hold, of which the merchant and the operator are told as it stands after."""
    membership = context.state.accounts[hold.account]
    return Decision(
        kind=kind,
        facts=_facts(hold),
        result=HoldOf(hold, membership, reimbursement_minor(hold, context)),
        facts_parties=frozenset({hold.merchant, context.operator}),
        lines=tuple(lines),
        changes=changes,
        corrects=corrects,
    )


def _facts(hold: Hold) -> dict[str, object]:
    return {
        "hold": str(hold.number),
        "member": str(hold.account[0]),
        "programme": hold.account[1],
        "merchant": hold.merchant,
        "amount": str(hold.amount_minor),
        "captured": str(hold.captured_minor),
        "refunded": str(hold.refunded_minor),
        "state": str(hold.state),
        "agreement": str(hold.agreement),
        "expires_at": timestamp(hold.expires_at),
        "reference": hold.reference,
    }


def as_captured(hold: Hold, amount_minor: int, context: Context) -> Hold:
    """A hold of which the sender captures so much now."""
    return replace(
        hold,
        state=HoldState.CAPTURED,
        captured_minor=amount_minor,
        capture_number=context.number,
        captured_by=context.participant,
    )


def captured(after: Hold, changes: tuple[Change, ...], context: Context) -> Decision:
    """What is captured goes to the issuer, and the operator owes the merchant its price.

    Of a hold that was pending the rest is the member's again.
    """
    taken, price = after.captured_minor, agreed(after, context).terms.reimbursement_price
    owed = reimbursement_minor(after, context)
    lines = list(context.book.spent(after, after.account, taken, owed, price))
    if after.capture_number != after.number:
        lines += forfeited(after.account, after.amount_minor - taken, context)
    return hold_decision("CAPTURE", after, context, lines=lines, changes=changes)


def ended(kind: str, after: Hold, context: Context) -> Decision:
    """A hold that ends with nothing taken."""
    lines = forfeited(after.account, after.amount_minor, context)
    return hold_decision(kind, after, context, lines=lines, changes=released(after, context))


def granted(hold: Hold, context: Context) -> tuple[Change, ...]:
    """The changes by which points are pending for a hold, and promised to the merchant."""
    promised = hold_promised(hold.amount_minor, hold.agreement, context)
    return HoldAdded(hold), PendingMoved(hold.account, hold.amount_minor), promised


def released(after: Hold, context: Context) -> tuple[Change, ...]:
    """The changes by which nothing is pending or promised for a hold any longer."""
    settled = hold_settled(after.amount_minor, after.agreement, context)
    return HoldChanged(after), PendingMoved(after.account, -after.amount_minor), settled


def forfeited(account: AccountKey, freed_minor: int, context: Context) -> Iterator[Line]:
    """What is free by this on a membership that was closed; there is a debt to be met first."""
    if context.state.accounts[account].state in LEFT:
        left = max(0, context.state.posted(account) + freed_minor)
        yield from context.book.returned(FORFEITED, account, left)
