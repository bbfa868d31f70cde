"""Use cases of memberships: enrol, change."""

from dataclasses import dataclass, replace

from partners.context import Context, Decision
from partners.directory import Permission, Programme
from partners.member_changes import (
    MembershipAdded,
    MembershipUpdated,
)
from partners.refusals import Reason, Refused
from partners.state import Membership, MembershipKey, MembershipState, Needs


@dataclass(frozen=True, slots=True)
class Enrol:
    """Make a membership; empty tier and choice are the programme's first."""

    membership: MembershipKey
    tier: str
    choice: str
    same_member_as: MembershipKey | None

    def add_needs(self, needs: Needs) -> None:
        """Both memberships."""
        needs.memberships.add(self.membership)
        if self.same_member_as is not None:
            needs.memberships.add(self.same_member_as)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The coalition's number of the member."""

    member_id: int


def enrol(command: Enrol, context: Context) -> Decision:
    """Refuses unless the sender is the programme's partner or its agreement says ENROL."""
    programme_id, member_number = command.membership
    programme = context.programme(programme_id)
    _require_may_enrol(programme_id, context)
    member_id = _member_id(command, context)
    if command.membership in context.state.memberships:
        raise Refused(
            Reason.MEMBERSHIP_EXISTS,
            f"member number {member_number} of {programme_id} is enrolled already",
            {"programme": programme_id, "member_number": member_number},
        )
    membership = Membership(
        member_id=member_id,
        programme=programme_id,
        member_number=member_number,
        tier=_tier(programme, command.tier or programme.latest.definition.entry_tier),
        choice=_choice(programme, command.choice or programme.latest.definition.default_choice),
        state=MembershipState.ACTIVE,
    )
    return Decision(
        kind="ENROLMENT",
        facts=_facts(membership),
        result=Enrolled(membership.member_id),
        facts_parties=frozenset({programme.partner}),
        changes=(MembershipAdded(membership, context.number),),
    )


def _require_may_enrol(programme_id: str, context: Context) -> None:
    if context.owns(programme_id):
        return
    if not context.directory.permits(
        programme_id, context.participant, Permission.ENROL, context.now
    ):
        raise Refused(
            Reason.NO_AGREEMENT,
            f"no agreement in force lets {context.participant} enrol members of {programme_id}",
            {"programme": programme_id, "permission": Permission.ENROL},
        )


def _member_id(command: Enrol, context: Context) -> int:
    """A new member has the number of the entry that enrols them."""
    if command.same_member_as is None:
        return context.number
    same = context.own_membership(command.same_member_as)
    account = same.member_id, command.membership[0]
    if account in context.state.accounts:
        raise Refused(
            Reason.MEMBERSHIP_EXISTS,
            f"that member is in {command.membership[0]} already, under another number",
            {"programme": command.membership[0]},
        )
    return same.member_id


def _tier(programme: Programme, name: str) -> str:
    tiers = [tier.name for tier in programme.latest.definition.tiers]
    if name not in tiers:
        raise Refused(
            Reason.UNKNOWN_TIER,
            f"{programme.programme_id} has no tier {name}; it has {', '.join(tiers)}",
            {"tier": name, "allowed": ",".join(tiers)},
        )
    return name


def _choice(programme: Programme, choice: str) -> str:
    choices = [declared.id for declared in programme.latest.definition.choices]
    if choice not in choices:
        raise Refused(
            Reason.UNKNOWN_TIER,
            f"{programme.programme_id} has no choice {choice}; it has {', '.join(choices)}",
            {"choice": choice, "allowed": ",".join(choices)},
        )
    return choice


def _facts(membership: Membership) -> dict[str, object]:
    """What the log says of a membership: nothing that names a person."""
    return {
        "member": str(membership.member_id),
        "programme": membership.programme,
        "tier": membership.tier,
        "choice": membership.choice,
        "state": str(membership.state),
    }


@dataclass(frozen=True, slots=True)
class UpdateMembership:
    """Change what is not empty."""

    membership: MembershipKey
    tier: str
    choice: str
    state: MembershipState | None

    def add_needs(self, needs: Needs) -> None:
        """The membership."""
        needs.memberships.add(self.membership)


@dataclass(frozen=True, slots=True)
class Updated:
    """A membership as it is now, with those linked to it."""

    membership: Membership
    linked: tuple[Membership, ...]


def update_membership(command: UpdateMembership, context: Context) -> Decision:
    """By the programme's partner. A closed membership stays closed."""
    programme = context.require_own(command.membership[0])
    before = context.known_membership(command.membership)
    if before.state is MembershipState.CLOSED:
        raise Refused(
            Reason.MEMBERSHIP_NOT_ACTIVE,
            f"membership {before.member_number} of {before.programme} is closed for good",
            {"programme": before.programme, "state": before.state},
        )
    after = replace(
        before,
        tier=_tier(programme, command.tier or before.tier),
        choice=_choice(programme, command.choice or before.choice),
        state=command.state or before.state,
    )
    return Decision(
        kind="MEMBERSHIP",
        facts=_facts(after),
        result=Updated(after, context.state.linked_to(after)),
        changes=(MembershipUpdated(after),),
    )
