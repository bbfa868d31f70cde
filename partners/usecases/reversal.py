"""The use case of reversal: take back a whole activity."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from partners.activities import ActivityKey
from partners.context import Context, Decision
from partners.facts import key_facts
from partners.member_changes import ActivityReversed
from partners.postings import PricedLeg, RecordedLeg, recorded_legs
from partners.programmes.definition import ReversalPolicy
from partners.refusals import Reason, Refused
from partners.state import Membership, MembershipState, Needs
from partners.usecases.accrual import used_under_agreements
from settlement.ledger.amounts import checked


@dataclass(frozen=True, slots=True)
class Reverse:
    """Take back a whole activity."""

    activity: ActivityKey
    reason: str

    def add_needs(self, needs: Needs) -> None:
        """The activity, its lines, and what its members hold."""
        needs.activities.add(self.activity)
        needs.lines_of.add(self.activity)


@dataclass(frozen=True, slots=True)
class Reversed:
    """What was taken back, by leg, as far as the sender is a party to it."""

    reversed_number: int
    legs: tuple[PricedLeg, ...]


def reverse(command: Reverse, context: Context) -> Decision:
    """By whoever reported it, or its supplier. Every leg, price and fee in one entry."""
    activity = context.state.activities.get(command.activity)
    parties = {activity.reporter, command.activity.supplier} if activity else set()
    if activity is None or context.participant not in parties:
        raise Refused(
            Reason.UNKNOWN_ACTIVITY,
            "there is no such activity of yours in the ledger",
            key_facts(command.activity),
        )
    if activity.reversed_number is not None:
        raise Refused(
            Reason.ALREADY_REVERSED,
            f"the activity was reversed by entry {activity.reversed_number}",
            {"reversed_number": str(activity.reversed_number)},
        )
    recorded = recorded_legs(context.state.lines.get(activity.number, ()))
    recovered = _recovered(recorded, context)
    lines = context.book.reversal(recorded, recovered)
    legs = tuple(
        _taken_back(leg, points, context)
        for leg, points in zip(recorded, recovered, strict=True)
        if points
    )
    return Decision(
        kind="REVERSAL",
        facts={"activity": key_facts(command.activity), "reason": command.reason},
        result=Reversed(activity.number, tuple(leg for leg in legs if _is_told(leg, context))),
        facts_parties=frozenset({activity.reporter, command.activity.supplier}),
        lines=lines,
        changes=(
            ActivityReversed(replace(activity, reversed_number=context.number)),
            *used_under_agreements(legs, sign=-1),
        ),
        corrects=activity.number,
    )


def _is_told(leg: PricedLeg, context: Context) -> bool:
    """Whether a leg is the sender's business: a supplier is not told what others agreed on."""
    return context.participant in {leg.funder, context.book.issuer(leg.membership.programme)}


def _recovered(legs: Iterable[RecordedLeg], context: Context) -> list[int]:
    """Points that come back, by leg: all of them, unless the funder bears what was spent."""
    left: dict[str, int] = {}
    recovered: list[int] = []
    for leg in legs:
        holder = leg.points.credit
        policy = context.programme(leg.programme).latest.definition.reversal
        if holder.member_id is None or policy is ReversalPolicy.NEGATIVE_BALANCE:
            recovered.append(leg.points.amount)
            continue
        account = holder.member_id, leg.programme
        there = left.setdefault(holder.code, max(context.state.available(account), 0))
        points = min(leg.points.amount, there)
        left[holder.code] = there - points
        recovered.append(points)
    return recovered


def _taken_back(leg: RecordedLeg, points: int, context: Context) -> PricedLeg:
    """A leg as the receipt tells it: what came back, and what no longer is owed."""
    line = leg.points
    back = context.book.reversal([leg], [points])
    owed = {kind: sum(b.amount for b in back if b.kind == kind) for kind in ("PRINCIPAL", "FEE")}
    member_id = line.credit.member_id or 0
    unknown = Membership(member_id, leg.programme, "", "", "", MembershipState.ACTIVE)
    return PricedLeg(
        membership=context.state.accounts.get((member_id, leg.programme), unknown),
        reason=line.kind,
        points_minor=checked(points),
        rule=line.rule or "",
        funder=line.funder or "",
        price=None if line.price is None else Fraction(line.price),
        owed_minor=owed["PRINCIPAL"],
        fee_minor=owed["FEE"],
        terms=line.terms or 0,
    )
