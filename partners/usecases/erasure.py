"""The use case of erasure: who a member was is forgotten, what was booked stays."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from partners.context import Context, Decision
from partners.erasure_changes import MembershipErased
from partners.refusals import Reason, Refused
from partners.state import Membership, MembershipKey, MembershipState, Needs
from partners.usecases.links import link_ended

_ERASABLE = frozenset({MembershipState.CLOSED, MembershipState.CARRIED_OVER})
_LIVES = frozenset({MembershipState.ACTIVE, MembershipState.BLOCKED})


@dataclass(frozen=True, slots=True)
class Erase:
    """Erase a membership that is over, and what was merged into it."""

    membership: MembershipKey

    def add_needs(self, needs: Needs) -> None:
        """The membership with its links, what it holds, and what it waits for."""
        needs.memberships.add(self.membership)
        needs.balances.add(self.membership)
        needs.pending_of.add(self.membership)


@dataclass(frozen=True, slots=True)
class Erased:
    """The members that nobody can be told from any more."""

    member_ids: tuple[int, ...]


def erase(command: Erase, context: Context) -> Decision:
    """By the programme's partner, once nothing of the membership is open.

    1. It is over, and no other programme's membership is still to be carried over into it.
    2. It is on no block list: who was blocked does not come back as somebody else by this.
    3. Nothing is held, owed or pending: the entry moves no points.
    4. Its number, and those of what was merged into it, are gone; its links end.
    """
    context.require_own(command.membership[0])
    membership = context.known_membership(command.membership)
    _require_over(membership, context)
    _require_not_blocked(membership, context)
    _require_nothing_open(membership, context)
    sides = (membership, *context.state.merged_into(membership))
    members = tuple(side.member_id for side in sides)
    return Decision(
        kind="ERASURE",
        facts={"members": [str(member) for member in members], "programme": membership.programme},
        result=Erased(members),
        changes=tuple(MembershipErased(side, context.number) for side in sides),
        consequences=tuple(_unlinked(sides, context)),
        business=False,
    )


def _unlinked(sides: tuple[Membership, ...], context: Context) -> Iterator[Decision]:
    """The end of each link, of which the other membership's partner is told."""
    for side in sides:
        for other in context.state.linked_to(side):
            ended = link_ended(side, other, context)
            yield replace(ended, facts_parties=ended.facts_parties | {context.participant})


def _not_erasable(membership: Membership, words: str, **told: str) -> Refused:
    return Refused(
        Reason.NOT_ERASABLE,
        f"membership {membership.member_number} of {membership.programme} {words}",
        {"programme": membership.programme, "state": membership.state, **told},
    )


def _require_over(membership: Membership, context: Context) -> None:
    if membership.state is MembershipState.MERGED:
        raise _not_erasable(membership, "is part of another one; erase that")
    if membership.state not in _ERASABLE:
        raise _not_erasable(
            membership, f"is {membership.state}; close it first, which forfeits its points"
        )
    replaces = context.definition(membership.programme).replaces
    if replaces is None:
        return
    old = context.state.accounts.get((membership.member_id, replaces.programme))
    if old is not None and old.state in _LIVES:
        raise _not_erasable(
            membership,
            f"is still to take what {replaces.programme} carries over; do that first",
            replaced=replaces.programme,
        )


def _require_not_blocked(membership: Membership, context: Context) -> None:
    sides = (membership, *context.state.merged_into(membership))
    blocks = context.directory.blocks
    found = next((blocks[side.key] for side in sides if side.key in blocks), None)
    if found is not None:
        raise Refused(
            Reason.BLOCKED,
            f"membership {membership.member_number} of {membership.programme} is on the block "
            f"list by entry {found.number}; whoever put it there takes it off first",
            {"programme": membership.programme, "block": str(found.number)},
        )


def _require_nothing_open(membership: Membership, context: Context) -> None:
    state = context.state
    if state.open_holds.get(membership.account):
        raise Refused(
            Reason.POINTS_HELD,
            f"points of {membership.member_number} are held for spending; have the holds "
            "captured or voided first",
            {"programme": membership.programme},
        )
    if state.pending & set(state.sides(membership.account)):
        raise _not_erasable(membership, "has a conversion that is not delivered yet")
    left = state.posted(membership.account)
    if left < 0:
        owed = context.points(membership.programme, -left)
        raise _not_erasable(
            membership,
            f"owes {owed} points; to forgive them enrol it again, credit them and close it",
            balance=str(left),
        )
    if left > 0:
        points = context.points(membership.programme, left)
        raise _not_erasable(
            membership,
            f"holds {points} points that came since; carry them over first",
            balance=str(left),
        )
