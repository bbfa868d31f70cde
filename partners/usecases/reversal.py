"""The use case of reversal: take back an activity, whole or in part."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from partners.activities import ActivityKey
from partners.changes import Change
from partners.context import Context, Decision
from partners.counting import rules_used
from partners.facts import key_facts
from partners.following import Due, Returned, Trail, follow
from partners.funding import told, used_under_agreements
from partners.member_changes import ActivityReversed
from partners.postings import FEE, PRINCIPAL, PricedLeg, RecordedLeg, recorded_legs
from partners.programme_changes import HeldReduced, MergeChanged, VoucherChanged, counter_number
from partners.programmes.definition import ReversalPolicy
from partners.programmes.progress import ACTIVE, EARNED, RULE_PREFIX, Progress
from partners.programmes.tiers import TierSource, TierTerm
from partners.refusals import Reason, Refused, invalid
from partners.standing import Outcome, fallen_back, points_alive, progress_changes
from partners.state import (
    AccountKey,
    Counted,
    Membership,
    MembershipState,
    Needs,
    RecordedActivity,
    VoucherState,
)
from settlement.ledger.accounts import Account
from settlement.ledger.amounts import checked, prorate
from settlement.ledger.entries import Line, price_text

MAX_DENOMINATOR = 1_000_000_000
"""Of the part of an activity that is reversed in all: parts of parts of parts."""


@dataclass(frozen=True, slots=True)
class Reverse:
    """Take back an activity: the part of it that is named, or all that remains."""

    activity: ActivityKey
    reason: str
    part: Fraction | None = None

    def add_needs(self, needs: Needs) -> None:
        """The activity, its lines, and what its members hold."""
        needs.activities.add(self.activity)
        needs.lines_of.add(self.activity)


@dataclass(frozen=True, slots=True)
class Reversed:
    """What was taken back, by leg, as far as the sender is a party to it."""

    reversed_number: int
    legs: tuple[PricedLeg, ...]
    reversed: Fraction
    """The part of the activity that is reversed by now."""
    terms: tuple[tuple[TierTerm, int], ...] = ()
    """New tiers with the numbers of their entries, for the programme's own partner alone."""
    followed: tuple[Returned, ...] = ()
    """What returned of conversions between programmes of which one is the sender's own."""


def reverse(command: Reverse, context: Context) -> Decision:
    """By whoever reported it, or its supplier. Legs, prices and fees in proportion, in one entry.

    1. The activity is there, and the part does not exceed what remains.
    2. Points that were converted since return, as far as they are still there.
    3. Points come back in proportion, as far as the programme's policy lets them; what is owed
       for them follows them.
    4. What it counted for tiers and limits goes with it; a tier that it had reached falls.
    """
    activity = _activity(command, context)
    after = _reversed_by_then(command, activity)
    lines = context.state.lines.get(activity.number, ())
    recorded = _as_held_now(lines, context)
    trail = _followed(recorded_legs(lines), recorded, activity, after, context)
    recovered = _recovered(recorded, activity, after, trail, context)
    before = activity.recovered or (0,) * len(recorded)
    made = tuple(_uncounted(activity, recorded, after, context))
    outcome = _standing(activity, made, context)
    legs = tuple(_taken_back(recorded, before, recovered, context))
    return Decision(
        kind="REVERSAL",
        facts={
            "activity": key_facts(command.activity),
            "reason": command.reason,
            "reversed": price_text(after),
        },
        result=Reversed(
            activity.number,
            tuple(told(leg, context) for leg in legs if _is_told(leg, activity, context)),
            after,
            _told_terms(outcome, context),
            tuple(r for r in trail.returned() if _is_told_of(r, context)),
        ),
        facts_parties=frozenset({activity.reporter, command.activity.supplier}),
        lines=context.book.reversal(recorded, before, recovered),
        changes=(
            ActivityReversed(
                replace(
                    activity,
                    reversed_number=context.number,
                    reversed=after,
                    recovered=tuple(recovered),
                )
            ),
            *used_under_agreements(legs, context, sign=-1),
            *progress_changes(made, activity.number),
            *rules_used(made),
            *_held(activity, legs, context),
            *_vouchers(activity, after, context),
            *_merges(_lost(recorded_legs(lines), before, recovered, trail), context),
        ),
        corrects=activity.number,
        consequences=(*(outcome.consequences if outcome else ()), *trail.entries()),
    )


def _activity(command: Reverse, context: Context) -> RecordedActivity:
    activity = context.state.activities.get(command.activity)
    parties = {activity.reporter, command.activity.supplier} if activity else set()
    if activity is None or context.participant not in parties:
        raise Refused(
            Reason.UNKNOWN_ACTIVITY,
            "there is no such activity of yours in the ledger",
            key_facts(command.activity),
        )
    if activity.reversed == 1:
        raise Refused(
            Reason.ALREADY_REVERSED,
            f"the activity was reversed by entry {activity.reversed_number}",
            {"reversed_number": str(activity.reversed_number)},
        )
    return activity


def _reversed_by_then(command: Reverse, activity: RecordedActivity) -> Fraction:
    """The part of the activity that is reversed after this."""
    if command.part is None:
        return Fraction(1)
    if command.part <= 0:
        raise invalid("part", f"is {command.part}, and a part is more than nothing")
    after = activity.reversed + command.part
    if after > 1:
        remains = 1 - activity.reversed
        raise Refused(
            Reason.EXCEEDS_REMAINDER,
            f"{command.part} would be reversed, and {remains} of the activity remains",
            {"remains": str(remains)},
        )
    if after.denominator > MAX_DENOMINATOR:
        raise invalid("part", f"makes {after} of the activity, which is too fine to be kept")
    return after


def _as_held_now(lines: Sequence[Line], context: Context) -> tuple[RecordedLeg, ...]:
    """The legs, with the accounts that hold their points since members were merged."""
    return tuple(
        replace(leg, points=replace(leg.points, credit=context.held_now(leg.points.credit)))
        for leg in recorded_legs(lines)
    )


def _followed(
    original: Sequence[RecordedLeg],
    held_now: Sequence[RecordedLeg],
    activity: RecordedActivity,
    after: Fraction,
    context: Context,
) -> Trail:
    """What returns of conversions for points that are due and no longer there."""
    due: list[Due] = []
    for leg, now in zip(original, held_now, strict=True):
        credited, holder = _account(leg.points.credit), _account(now.points.credit)
        if credited is not None and holder is not None:
            due.append(Due(credited, holder, _due(leg, activity, after)))
    return follow(due, activity.number, context)


def _account(holder: Account) -> AccountKey | None:
    if holder.member_id is None or holder.programme is None:
        return None
    return holder.member_id, holder.programme


def _due(leg: RecordedLeg, activity: RecordedActivity, after: Fraction) -> int:
    return _part(leg.points.amount, after) - _part(leg.points.amount, activity.reversed)


def _recovered(
    legs: Sequence[RecordedLeg],
    activity: RecordedActivity,
    after: Fraction,
    trail: Trail,
    context: Context,
) -> list[int]:
    """Points that have come back by then, by leg: the part of them that is reversed.

    Where the funder bears what was spent, this step brings only as much as is still there, with
    what returned of conversions; so it does where the programme's points are gone: nobody owes
    what was taken away.
    """
    before = activity.recovered or (0,) * len(legs)
    left: dict[AccountKey, int] = {}
    recovered: list[int] = []
    for leg, already in zip(legs, before, strict=True):
        due = _due(leg, activity, after)
        account = _account(leg.points.credit)
        policy = context.definition(leg.programme).reversal
        alive = points_alive(leg.programme, context)
        if account is None or (policy is ReversalPolicy.NEGATIVE_BALANCE and alive):
            recovered.append(already + due)
            continue
        # Points of this very activity that are held back can be taken back as well.
        posted = max(context.state.posted(account) + trail.net_of(account), 0)
        there = left.setdefault(account, posted)
        points = min(due, there)
        left[account] = there - points
        recovered.append(already + points)
    return recovered


def _part(amount: int, part: Fraction) -> int:
    return prorate(amount, part.numerator, part.denominator)


def _taken_back(
    recorded: Iterable[RecordedLeg],
    before: Iterable[int],
    after: Iterable[int],
    context: Context,
) -> Iterator[PricedLeg]:
    """Legs as the receipt tells them: what came back, and what no longer is owed."""
    for leg, already, then in zip(recorded, before, after, strict=True):
        if then == already:
            continue
        line = leg.points
        back = context.book.reversal([leg], [already], [then])
        owed = {kind: sum(b.amount for b in back if b.kind == kind) for kind in (PRINCIPAL, FEE)}
        yield PricedLeg(
            membership=_holder(leg, context),
            reason=line.kind,
            points_minor=checked(then - already),
            rule=line.rule or "",
            funder=line.funder or "",
            price=None if line.price is None else Fraction(line.price),
            owed_minor=owed[PRINCIPAL],
            fee_minor=owed[FEE],
            terms=line.terms or 0,
        )


def _holder(leg: RecordedLeg, context: Context) -> Membership:
    """Whose points they were; of a partner that keeps its members' balances that is not known."""
    member_id = leg.points.credit.member_id or 0
    known = context.state.accounts.get((member_id, leg.programme))
    if known is not None:
        return known
    today = context.today(leg.programme)
    term = TierTerm("", today, None, TierSource.JOINED)
    return Membership(member_id, leg.programme, "", term, "", MembershipState.ACTIVE, today)


def _is_told(leg: PricedLeg, activity: RecordedActivity, context: Context) -> bool:
    """Whether a leg is the sender's business: a supplier is not told what others gave."""
    parties = {leg.funder, context.book.issuer(leg.membership.programme), activity.reporter}
    return context.participant in parties


def _is_told_of(returned: Returned, context: Context) -> bool:
    """Whether a conversion is the sender's business: whoever issues neither side is not told."""
    return context.owns(returned.source[1]) or context.owns(returned.target[1])


def _uncounted(
    activity: RecordedActivity, legs: Sequence[RecordedLeg], after: Fraction, context: Context
) -> Iterator[Counted]:
    """What the activity counted, in the part that is reversed now, with its sign turned.

    What keeps points alive goes with the whole; points that age go as their legs do, each rounded
    by itself. Never more than is left: a member who left and joined again began anew.
    """
    for item in activity.counted:
        c = item.contribution
        forgotten = activity.number < context.state.accounts[item.account].number
        if forgotten and not c.counter.startswith(RULE_PREFIX):
            continue
        due = _part(c.amount, after) - _part(c.amount, activity.reversed)
        if c.counter == ACTIVE:
            due = c.amount if after == 1 else 0
        elif c.counter == EARNED:
            due = sum(
                _due(leg, activity, after) for leg in legs if leg.programme == item.account[1]
            )
        progress = context.state.progress.get(item.account, Progress())
        left = progress.values.get(c.counter, {}).get((c.day, counter_number(c, activity.number)))
        back = min(due, left or 0)
        if back:
            yield Counted(item.account, replace(c, amount=-back))


def _standing(
    activity: RecordedActivity, made: Sequence[Counted], context: Context
) -> Outcome | None:
    """What the reversal does to the tier of the membership for which the activity counted."""
    accounts = {item.account for item in activity.counted}
    earning = [a for a in sorted(accounts) if a in context.state.terms]
    for account in earning:
        membership = context.state.standing_for(context.state.accounts[account])
        outcome = fallen_back(membership, made, activity.number, context)
        if outcome.consequences:
            return outcome
    return None


def _told_terms(outcome: Outcome | None, context: Context) -> tuple[tuple[TierTerm, int], ...]:
    if outcome is None or not context.owns(outcome.membership.programme):
        return ()
    return outcome.terms


def _held(
    activity: RecordedActivity, legs: Iterable[PricedLeg], context: Context
) -> Iterator[Change]:
    """Points that came back are no longer held."""
    back: dict[tuple[int, str], int] = {}
    for leg in legs:
        account = leg.membership.account
        back[account] = back.get(account, 0) + leg.points_minor
    for account, points in back.items():
        for side in context.state.sides(account):
            held = context.state.held.get(side, {}).get(activity.number)
            if held is not None:
                left = replace(held, amount=max(0, held.amount - points))
                yield HeldReduced(side, activity.number, left)


def _lost(
    legs: Iterable[RecordedLeg], before: Iterable[int], after: Iterable[int], trail: Trail
) -> Iterator[tuple[AccountKey, int]]:
    """What accounts lost, as they were credited: points that came back, and those of conversions.

    What returned of a conversion's source is a gain.
    """
    for leg, already, then in zip(legs, before, after, strict=True):
        account = _account(leg.points.credit)
        if account is not None:
            yield account, then - already
    for returned in trail.returned():
        yield returned.target, returned.target_minor
        yield returned.source, -returned.source_minor


def _merges(losses: Iterable[tuple[AccountKey, int]], context: Context) -> Iterator[Change]:
    """What members who were merged since lose moves back no more, should they be parted."""
    lost: dict[int, int] = {}
    merges = {
        (m.merged_member_id, m.programme): m
        for m in context.state.merges.values()
        if m.undone_number is None
    }
    for account, points in losses:
        holder = account
        while holder in merges:
            merge = merges[holder]
            lost[merge.number] = lost.get(merge.number, 0) + points
            holder = merge.kept_member_id, merge.programme
    for number, points in lost.items():
        if not points:
            continue
        merge = context.state.merges[number]
        yield MergeChanged(replace(merge, moved_minor=merge.moved_minor - points))


def _vouchers(activity: RecordedActivity, after: Fraction, context: Context) -> Iterator[Change]:
    """Vouchers that the activity brought, where all of it is taken back and they are unused."""
    if after != 1:
        return
    for voucher in list(context.state.vouchers.values()):
        if voucher.earned_by == activity.number and voucher.state is VoucherState.ISSUED:
            yield VoucherChanged(replace(voucher, state=VoucherState.CANCELLED))
