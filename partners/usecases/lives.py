"""Use cases of the lives of members and programmes: merge, take a merge back, carry over."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from partners.changes import Change
from partners.context import Context, Decision, require_active
from partners.counting import begin_to_age
from partners.member_changes import MembershipAdded, MembershipUpdated
from partners.postings import CARRIED_OVER, MERGED
from partners.programme_changes import MergeAdded, MergeUndone
from partners.programmes.model import ProgrammeDefinition, Succession
from partners.programmes.tiers import TierSource, TierTerm
from partners.refusals import Reason, Refused, invalid
from partners.state import LEFT, Membership, MembershipKey, MembershipState, Merge, Needs
from partners.usecases.members import membership_facts, standing_changes
from settlement.ledger.amounts import floor_times
from settlement.ledger.book import Counters
from settlement.ledger.entries import Line


@dataclass(frozen=True, slots=True)
class MergeMembers:
    """Make one membership of two of a programme."""

    kept: MembershipKey
    merged: MembershipKey

    def add_needs(self, needs: Needs) -> None:
        """Both, with what they hold."""
        needs.memberships |= {self.kept, self.merged}
        needs.standings |= {self.kept, self.merged}
        needs.balances |= {self.kept, self.merged}


@dataclass(frozen=True, slots=True)
class MergeMade:
    """A merge, and the points that moved, in minor units."""

    merge: int
    moved_minor: int


def merge(command: MergeMembers, context: Context) -> Decision:
    """By the programme's partner. All points move, a debt too; what was counted counts together.

    What is reported for the merged membership from then on counts for the kept one. While points of
    it are held for spending it is not merged: whose purchase a capture pays for has to stay clear.
    """
    if command.kept[0] != command.merged[0] or command.kept == command.merged:
        raise invalid("merged", "is another membership of the same programme")
    context.require_own(command.kept[0])
    kept, merged = (context.known_membership(key) for key in (command.kept, command.merged))
    require_active(kept)
    require_active(merged)
    _require_nothing_held(merged, context)
    moved = context.state.balances.get(merged.account, Counters()).balance
    made = Merge(
        number=context.number,
        programme=kept.programme,
        kept_member_id=kept.member_id,
        merged_member_id=merged.member_id,
        moved_minor=moved,
        undone_number=None,
    )
    after = replace(merged, state=MembershipState.MERGED, merged_into=kept.member_id)
    return Decision(
        kind="MERGE",
        facts=_merge_facts(made),
        result=MergeMade(context.number, moved),
        lines=tuple(_moved(made, context)),
        changes=(
            MergeAdded(made),
            MembershipUpdated(after),
        ),
    )


def _require_nothing_held(merged: Membership, context: Context) -> None:
    held = context.state.promised(merged.account, context.now)
    if held:
        points = context.points(merged.programme, held)
        raise Refused(
            Reason.POINTS_HELD,
            f"{points} points of {merged.member_number} are held for spending; have the holds "
            "captured or voided first",
            {"held": str(held)},
        )


def _merge_facts(made: Merge) -> dict[str, object]:
    return {
        "merge": str(made.number),
        "programme": made.programme,
        "kept": str(made.kept_member_id),
        "merged": str(made.merged_member_id),
    }


def _moved(made: Merge, context: Context, sign: int = 1) -> Iterator[Line]:
    """The points of a merge, or back; a debt moves the other way."""
    kept = made.kept_member_id, made.programme
    merged = made.merged_member_id, made.programme
    amount = sign * made.moved_minor
    source, target = (merged, kept) if amount > 0 else (kept, merged)
    yield from context.book.moved(MERGED, source, target, abs(amount))


@dataclass(frozen=True, slots=True)
class Unmerge:
    """Take a merge back."""

    merge: int

    def add_needs(self, needs: Needs) -> None:
        """The merge, with both memberships and what they hold."""
        needs.merges.add(self.merge)


def unmerge(command: Unmerge, context: Context) -> Decision:
    """By the programme's partner. The points that moved return, if they are still there."""
    made = context.state.merges.get(command.merge)
    if made is None or made.undone_number is not None or not context.owns(made.programme):
        raise Refused(
            Reason.UNKNOWN_MERGE,
            f"there is no merge {command.merge} of yours that stands",
            {"merge": str(command.merge)},
        )
    kept, merged = (
        context.state.accounts[member_id, made.programme]
        for member_id in (made.kept_member_id, made.merged_member_id)
    )
    if MembershipState.ERASED in {kept.state, merged.state}:
        raise Refused(
            Reason.MEMBERSHIP_NOT_ACTIVE,
            f"the members of merge {command.merge} were erased",
            {"programme": made.programme, "state": MembershipState.ERASED},
        )
    available = context.state.available(kept.account, context.now)
    available += context.state.waiting(merged.account, context.now)
    if made.moved_minor > max(0, available):
        raise Refused(
            Reason.INSUFFICIENT_BALANCE,
            f"{context.points(made.programme, made.moved_minor)} points moved, and "
            f"{context.points(made.programme, available)} of them can go back",
            {"asked": str(made.moved_minor), "available": str(available)},
        )
    after = replace(merged, state=MembershipState.ACTIVE, merged_into=None)
    return Decision(
        kind="UNMERGE",
        facts=_merge_facts(made),
        result=MergeMade(made.number, made.moved_minor),
        lines=tuple(_moved(made, context, sign=-1)),
        changes=(MergeUndone(made, context.number), MembershipUpdated(after)),
        corrects=made.number,
    )


@dataclass(frozen=True, slots=True)
class CarryOver:
    """Carry the next members of a replaced programme over to the one that replaces it."""

    programme: str
    replaced: str
    limit: int

    def add_needs(self, needs: Needs) -> None:
        """The members, with what they hold."""
        pair = self.replaced, self.programme
        needs.carry_over[pair] = max(self.limit, needs.carry_over.get(pair, 0))


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """How far it is; points in minor units of the old and of the new programme."""

    carried: int
    remaining: int
    old_minor: int
    new_minor: int


@dataclass(frozen=True, slots=True)
class _Step:
    """One member carried over."""

    decision: Decision
    old_minor: int
    new_minor: int


def carry_over(command: CarryOver, context: Context) -> Decision:
    """By the partner of both programmes, from the day that the new one names.

    Each member is an entry of its own: points at the ratio, rounded down, a debt likewise, and
    the tier that the old one corresponds to. A member who is carried over is met again only for
    points that were booked since, so that a run that is cut short goes on where it stopped.
    """
    new = context.require_own(command.programme)
    old = context.require_own(command.replaced)
    definition = context.definition(command.programme)
    succession = _succession(definition, old.programme_id, context)
    steps: list[_Step] = []
    for member in context.state.to_carry_over.get(old.programme_id, []):
        number = context.number + 1 + len(steps)
        steps.append(_carried(member, number, definition, succession, context))
    return Decision(
        kind="CARRY_OVER",
        facts={
            "programme": new.programme_id,
            "replaced": old.programme_id,
            "ratio": str(succession.ratio),
            "members": str(len(steps)),
        },
        result=CarriedOver(
            carried=len(steps),
            remaining=context.state.remaining.get(old.programme_id, 0) - len(steps),
            old_minor=sum(step.old_minor for step in steps),
            new_minor=sum(step.new_minor for step in steps),
        ),
        consequences=tuple(step.decision for step in steps),
        business=False,
    )


def _succession(definition: ProgrammeDefinition, old: str, context: Context) -> Succession:
    replaces = definition.replaces
    if replaces is None or replaces.programme != old or replaces.on > context.now:
        raise Refused(
            Reason.RETROACTIVE,
            f"{definition.programme} does not replace {old} yet: its definition in force names "
            "the programme and the day under [replaces]",
            {"programme": definition.programme, "replaced": old},
        )
    return replaces


def _carried(
    member: Membership,
    number: int,
    definition: ProgrammeDefinition,
    succession: Succession,
    context: Context,
) -> _Step:
    keeps = context.definition(member.programme).keeps_points
    old_minor = context.state.posted(member.account) if keeps else 0
    there, begun = _there(member, number, definition, succession, context)
    gone = there.state in LEFT
    new_minor = 0 if gone else _at_ratio(old_minor, succession, definition, context)
    here = replace(member, state=MembershipState.CARRIED_OVER)
    lines = (
        *_moved_points(member, -old_minor, context),
        *_moved_points(there, new_minor, context),
    )
    return _Step(
        Decision(
            kind="CARRIED_OVER",
            facts={
                **membership_facts(there),
                "replaced": member.programme,
                "because": str(context.number),
            },
            result=None,
            facts_parties=frozenset({context.participant}),
            lines=lines,
            changes=(
                MembershipUpdated(here),
                *begun,
                *begin_to_age(there, new_minor, number, context),
            ),
        ),
        old_minor,
        new_minor,
    )


def _moved_points(member: Membership, amount: int, context: Context) -> Iterator[Line]:
    """Points that a member is given (positive) or gives up, a debt with its sign."""
    if amount > 0:
        yield from context.book.given(CARRIED_OVER, member.account, amount)
    else:
        yield from context.book.returned(CARRIED_OVER, member.account, -amount)


def _there(
    member: Membership,
    number: int,
    definition: ProgrammeDefinition,
    succession: Succession,
    context: Context,
) -> tuple[Membership, tuple[Change, ...]]:
    """The member's place in the new programme, and what makes it: of who had left it, again.

    Who was carried over and left since stays away.
    """
    known = context.state.accounts.get((member.member_id, definition.programme))
    late = member.state is MembershipState.CARRIED_OVER
    if known is not None and (late or known.state is not MembershipState.CLOSED):
        return context.state.standing_for(known), ()
    there = replace(_new_membership(member, definition, succession, context), number=number)
    if known is None:
        return there, _added(there, number, context)
    again = replace(there, member_number=known.member_number)
    return again, (MembershipUpdated(again), *standing_changes(again, number, context))


def _at_ratio(
    old_minor: int, succession: Succession, definition: ProgrammeDefinition, context: Context
) -> int:
    """Points of the new programme for those of the old one, rounded down, a debt too."""
    if definition.currency is None:
        return 0
    exponents = context.directory.exponents
    old = exponents.get(succession.programme, 0)
    scale = Fraction(10**definition.currency.exponent, 10**old)
    return floor_times(old_minor, succession.ratio * scale)


def _new_membership(
    member: Membership,
    definition: ProgrammeDefinition,
    succession: Succession,
    context: Context,
) -> Membership:
    """In the new programme, under the same number, or under one that says where it is from."""
    today = context.today(definition.programme)
    tier = succession.tiers.get(member.tier, definition.entry_tier)
    source = TierSource.JOINED if tier == definition.entry_tier else TierSource.CARRIED_OVER
    until = None if source is TierSource.JOINED else member.term.until
    number = member.member_number
    if (definition.programme, number) in context.state.memberships:
        number = f"{member.programme}:{member.member_id}"
    choices = [choice.id for choice in definition.choices]
    choice = member.choice if member.choice in choices else definition.default_choice
    return Membership(
        member_id=member.member_id,
        programme=definition.programme,
        member_number=number,
        term=TierTerm(tier, today, until, source),
        choice=choice,
        state=member.state,
        joined_on=member.joined_on,
        chosen_programme=definition.choice(choice).named(member.chosen_programme),
        red_listed=member.red_listed,
    )


def _added(there: Membership, number: int, context: Context) -> tuple[Change, ...]:
    return (
        MembershipAdded(there, number),
        *standing_changes(there, number, context),
    )
