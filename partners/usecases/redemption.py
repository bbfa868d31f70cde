"""Use cases of spending the shared currency: authorise, capture, void, refund, let a hold expire.

A hold that was granted is honoured: see `partners.holding`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partners.changes import Change
from partners.context import Bound, Context, Decision, require_active
from partners.directory import Agreement, Permission, Programme
from partners.exchange_changes import AuthorizationUsed
from partners.hold_changes import HoldAdded, HoldChanged
from partners.holding import (
    agreed,
    as_captured,
    captured,
    ended,
    forfeited,
    granted,
    hold_decision,
    is_operators,
    known_hold,
    over,
    points_of,
    reimbursement_minor,
    released,
    require_open,
    unknown_hold,
)
from partners.programme_changes import moved_with_merges
from partners.refusals import Reason, Refused, invalid
from partners.safeguarding import require_not_blocked, require_sane_amount
from partners.standing import require_points_alive
from partners.state import (
    LEFT,
    DebitAuthorization,
    Hold,
    HoldState,
    Membership,
    MembershipKey,
    Needs,
)
from settlement.ledger.amounts import floor_times
from settlement.ledger.entries import timestamp
from settlement.ledger.tables import CLEARING_CEILING

HOLD_LIFETIME = timedelta(days=7)
"""Where the sender names none: as long as card schemes let a merchant's authorisation stand."""

LONGEST_HOLD_LIFETIME = timedelta(days=31)
"""A stay or an order that is delivered within a month; points are not locked up for longer."""


@dataclass(frozen=True, slots=True)
class Authorize:
    """Hold points of a member for a merchant; with `capture` they are spent at once."""

    membership: MembershipKey
    merchant: str
    amount_minor: int
    reference: str
    expires_at: datetime | None = None
    authorization: int | None = None
    capture: bool = False

    def add_needs(self, needs: Needs) -> None:
        """The membership, what it holds, and the authorisation."""
        needs.memberships.add(self.membership)
        needs.balances.add(self.membership)
        if self.authorization is not None:
            needs.authorizations.add(self.authorization)


def authorize(command: Authorize, context: Context) -> Decision:
    """By the operator, or by the merchant under a single-use authorisation of the operator's.

    1. The sender may hold points of that membership for that merchant, and until then.
    2. The membership may spend.
    3. An agreement in force says what the merchant is owed.
    4. The member can spend as much: what is held already counts as spent.
    """
    programme = context.programme(command.membership[0])
    _require_may_authorize(command, context)
    expires_at = _expiry(command, context)
    _require_shared(programme, context)
    _require_merchant(command, context)
    membership, given = _spender(command, context)
    _require_may_spend(membership, context)
    require_sane_amount(programme.programme_id, command.amount_minor, context)
    agreement = _agreement(command, context)
    _require_covered(membership, command, context)
    hold = Hold(
        number=context.number,
        account=membership.account,
        merchant=command.merchant,
        amount_minor=command.amount_minor,
        agreement=agreement.number,
        requester=context.participant,
        expires_at=expires_at,
        reference=command.reference,
    )
    _require_owable(hold, agreement)
    used = () if given is None else (AuthorizationUsed(given),)
    if command.capture:
        after = as_captured(hold, hold.amount_minor, context)
        decision = captured(after, (HoldAdded(after), *used), context)
    else:
        changes = (*granted(hold, context), *used)
        decision = hold_decision("HOLD", hold, context, changes=changes)
    return replace(decision, bound=Bound.SPENDING)


def _require_may_authorize(command: Authorize, context: Context) -> None:
    """The operator for any merchant, a merchant under an authorisation for itself."""
    if context.owns(command.membership[0]):
        if command.authorization is not None:
            raise invalid("authorization", "is for merchants; the points are of your own members")
        return
    if command.authorization is None:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            "points are held by the operator, or by the merchant under an authorisation of the "
            "operator's: name its number",
            {"programme": command.membership[0]},
        )
    if command.merchant != context.participant:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            f"{context.participant} holds points for itself alone, not for {command.merchant}",
            {"merchant": command.merchant},
        )


def _expiry(command: Authorize, context: Context) -> datetime:
    expires_at = command.expires_at or context.now + HOLD_LIFETIME
    if not context.now < expires_at <= context.now + LONGEST_HOLD_LIFETIME:
        raise invalid("expires_at", f"is not within the next {LONGEST_HOLD_LIFETIME.days} days")
    return expires_at


def _require_shared(programme: Programme, context: Context) -> None:
    if programme.currency != context.directory.coalition.currency:
        raise invalid("membership.programme", "is not the shared currency's; only that is spent")


def _require_merchant(command: Authorize, context: Context) -> None:
    if context.directory.participant(command.merchant) is None:
        raise Refused(
            Reason.UNKNOWN_PARTICIPANT,
            f"there is no participant {command.merchant}",
            {"merchant": command.merchant},
        )
    if ("", command.merchant) in context.directory.blocks:
        raise Refused(
            Reason.BLOCKED,
            f"nothing is spent at {command.merchant}: it is on the block list",
            {"merchant": command.merchant},
        )


def _spender(command: Authorize, context: Context) -> tuple[Membership, DebitAuthorization | None]:
    """Whose points are held, and the authorisation that is used up by it.

    A merchant is not told whether there is such a membership, but by its authorisation.
    """
    if command.authorization is None:
        return context.known_membership(command.membership), None
    given = context.state.authorizations.get(command.authorization)
    membership = context.state.memberships.get(command.membership)
    if (
        given is None
        or membership is None
        or given.grantee != context.participant
        or (given.source, given.target) != (membership.account, None)
        or given.amount_minor < command.amount_minor
        or given.used
        or context.now > given.expires_at
    ):
        raise Refused(
            Reason.BAD_AUTHORIZATION,
            "there is no such authorisation, or it is used, expired, for less or for something "
            f"else; ask {context.operator} for one",
        )
    return membership, given


def _require_may_spend(membership: Membership, context: Context) -> None:
    """What a membership has to be for its points to be held: the one place that says so."""
    require_points_alive(membership.programme, context)
    require_active(membership)
    require_not_blocked(membership, context)


def _agreement(command: Authorize, context: Context) -> Agreement:
    """The one that says what the merchant is owed, or NO_AGREEMENT."""
    programme, merchant = command.membership[0], command.merchant
    agreement = context.directory.agreement_in_force(programme, merchant, context.now)
    if agreement is None or Permission.REDEEM not in agreement.terms.permissions:
        raise Refused(
            Reason.NO_AGREEMENT,
            f"no agreement in force lets points of {programme} be spent at {merchant}",
            {"programme": programme, "permission": Permission.REDEEM},
        )
    return agreement


def _require_owable(hold: Hold, agreement: Agreement) -> None:
    """Refuse what could never be captured, because as much cannot be owed in a window."""
    if floor_times(hold.amount_minor, agreement.terms.reimbursement_price) > CLEARING_CEILING:
        raise Refused(
            Reason.OVERFLOW,
            f"{hold.merchant} would be owed more than one participant can owe another",
            {"agreement": str(agreement.number)},
        )


def _require_covered(membership: Membership, command: Authorize, context: Context) -> None:
    """The member can spend it; how much there is, a merchant is not told."""
    available = context.state.available(membership.account, context.now)
    if available >= command.amount_minor:
        return
    known = {"available": str(available)} if context.owns(membership.programme) else {}
    raise Refused(
        Reason.INSUFFICIENT_BALANCE,
        f"the member cannot spend {context.points(membership.programme, command.amount_minor)} "
        f"of {membership.programme}",
        {"asked": str(command.amount_minor), **known},
    )


@dataclass(frozen=True, slots=True)
class Capture:
    """Take what is held, whole or in part; nothing of it gives all of it back."""

    hold: int
    amount_minor: int

    def add_needs(self, needs: Needs) -> None:
        """The hold, with its membership and balance."""
        needs.holds.add(self.hold)


def capture(command: Capture, context: Context) -> Decision:
    """By the merchant, or by the operator where it made the hold. Once; the rest is released."""
    hold = known_hold(command.hold, context)
    if context.participant != hold.merchant and not is_operators(hold.requester, context):
        raise unknown_hold(command.hold)
    require_open(hold, context)
    if command.amount_minor > hold.amount_minor:
        raise Refused(
            Reason.EXCEEDS_HOLD,
            f"{points_of(hold, command.amount_minor, context)} would be captured, and "
            f"{points_of(hold, hold.amount_minor, context)} are held",
            {"hold": str(hold.number), "held": str(hold.amount_minor)},
        )
    after = as_captured(hold, command.amount_minor, context)
    return captured(after, released(after, context), context)


@dataclass(frozen=True, slots=True)
class Void:
    """Give up what is held."""

    hold: int

    def add_needs(self, needs: Needs) -> None:
        """The hold, with its membership and balance."""
        needs.holds.add(self.hold)


def void(command: Void, context: Context) -> Decision:
    """By the merchant or the operator."""
    hold = known_hold(command.hold, context)
    if context.participant not in {hold.merchant, context.operator}:
        raise unknown_hold(command.hold)
    require_open(hold, context)
    return ended("VOID", replace(hold, state=HoldState.VOIDED), context)


def expire(number: int, context: Context) -> Decision:
    """Book that a hold is past its expiry: what is pending for it is no longer.

    Raises Refused where it was captured, voided or booked before, and ValueError where its time
    has not come.
    """
    hold = known_hold(number, context)
    if hold.state is not HoldState.OPEN:
        raise over(hold, hold.state)
    if context.now <= hold.expires_at:
        message = f"hold {number} is good until {timestamp(hold.expires_at)}"
        raise ValueError(message)
    return ended("HOLD_EXPIRED", replace(hold, state=HoldState.EXPIRED), context)


@dataclass(frozen=True, slots=True)
class Refund:
    """Give back a part of what was captured."""

    hold: int
    amount_minor: int

    def add_needs(self, needs: Needs) -> None:
        """The hold, with its membership and balance."""
        needs.holds.add(self.hold)


def refund(command: Refund, context: Context) -> Decision:
    """By the merchant, or by the operator where it captured; any number of times, also later.

    The points go to the membership, or to the one that it was merged into, whatever its state.
    The merchant owes the operator what it no longer is owed: after every refund it has the
    reimbursement of what it kept, rounded down, so that the parts of a capture sum to the whole
    and the operator keeps the fraction.
    """
    hold = known_hold(command.hold, context)
    by_operator = is_operators(hold.captured_by or hold.requester, context)
    if context.participant != hold.merchant and not by_operator:
        raise unknown_hold(command.hold)
    _require_refundable(hold, command.amount_minor, context)
    after = replace(hold, refunded_minor=hold.refunded_minor + command.amount_minor)
    owed = reimbursement_minor(hold, context) - reimbursement_minor(after, context)
    price = agreed(hold, context).terms.reimbursement_price
    holder = context.state.standing_for(context.state.accounts[hold.account])
    lines = (
        *context.book.refunded(hold, holder.account, command.amount_minor, owed, price),
        *forfeited(holder.account, command.amount_minor, context),
    )
    return hold_decision(
        "REFUND",
        after,
        context,
        lines=lines,
        changes=(HoldChanged(after), *_moved_with_merges(hold, holder, command, context)),
        corrects=hold.capture_number,
    )


def _moved_with_merges(
    hold: Hold, holder: Membership, command: Refund, context: Context
) -> Iterator[Change]:
    """What comes back is the member's who spent it, should the two be parted, if it stays."""
    if holder.state not in LEFT:
        yield from moved_with_merges(hold.account, command.amount_minor, context.state)


def _require_refundable(hold: Hold, amount_minor: int, context: Context) -> None:
    state = hold.state_at(context.now)
    if state in {HoldState.VOIDED, HoldState.EXPIRED}:
        raise over(hold, state)
    if amount_minor > hold.kept_minor:
        raise Refused(
            Reason.EXCEEDS_REMAINDER,
            f"{points_of(hold, amount_minor, context)} would be given back, and "
            f"{points_of(hold, hold.kept_minor, context)} of what was captured remain",
            {"hold": str(hold.number), "remains": str(hold.kept_minor)},
        )
