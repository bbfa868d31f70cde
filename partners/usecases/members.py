"""Use cases of members: enrol, change, link, unlink."""

import base64
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partners.context import Context, Decision
from partners.directory import Permission, Programme
from partners.member_changes import (
    LinkChanged,
    LinkCodeAdded,
    LinkCodeTried,
    MembershipAdded,
    MembershipUpdated,
)
from partners.refusals import Reason, Refused
from partners.state import LinkCode, Membership, MembershipKey, MembershipState, Needs

LINK_CODE_LIFETIME = timedelta(minutes=10)
LINK_CODE_TRIES = 5
LINK_CODE_CHARACTERS = 10
"""50 bits: with five tries in ten minutes a guess succeeds once in 2^47."""


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
    same = context.visible_membership(command.same_member_as)
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


@dataclass(frozen=True, slots=True)
class CreateLinkCode:
    """Let `other` be linked to `membership` by whoever brings the code."""

    membership: MembershipKey
    other: MembershipKey

    def add_needs(self, needs: Needs) -> None:
        """The sender's membership; the other one is nothing that it may ask after."""
        needs.memberships.add(self.membership)


@dataclass(frozen=True, slots=True)
class LinkCodeCreated:
    """The code, for the member to carry."""

    code: str
    expires_at: datetime


def create_link_code(command: CreateLinkCode, context: Context) -> Decision:
    """Gives the same answer whether or not the other membership exists."""
    context.require_own(command.membership[0])
    context.programme(command.other[0])
    membership = context.known_membership(command.membership)
    if context.owns(command.other[0]) and command.other[0] == command.membership[0]:
        raise Refused(
            Reason.LINK_EXISTS,
            "a link is between memberships of two programmes",
            {"programme": command.other[0]},
        )
    code = LinkCode(
        number=context.number,
        member_id=membership.member_id,
        programme=membership.programme,
        other_programme=command.other[0],
        other_number=command.other[1],
        expires_at=context.now + LINK_CODE_LIFETIME,
        tries=0,
        used=False,
    )
    return Decision(
        kind="LINK_CODE",
        facts={"member": str(membership.member_id), "programme": membership.programme},
        result=LinkCodeCreated(_spell(code, context), code.expires_at),
        changes=(LinkCodeAdded(code),),
    )


def _spell(code: LinkCode, context: Context) -> str:
    """The code of a number: derived, so that nothing secret is kept for it."""
    secret = context.directory.coalition.salt_key
    digest = hmac.digest(secret, b"link code" + code.number.to_bytes(8), "sha256")
    return base64.b32encode(digest).decode("ascii")[:LINK_CODE_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Link:
    """Use a code that the other programme's partner obtained."""

    membership: MembershipKey
    other_programme: str
    code: str

    def add_needs(self, needs: Needs) -> None:
        """The sender's membership and the codes that name it."""
        needs.link_codes.add(self.membership)


@dataclass(frozen=True, slots=True)
class Linked:
    """The two memberships."""

    membership: MembershipKey
    other: MembershipKey


def link(command: Link, context: Context) -> Decision:
    """A wrong code uses up a try of every code that is open for these two programmes."""
    membership = context.own_membership(command.membership)
    candidates = _open_codes(command, context)
    right = [c for c in candidates if hmac.compare_digest(_spell(c, context), command.code)]
    if not right:
        raise Refused(
            Reason.BAD_LINK_CODE,
            "the code is wrong, used, expired or was tried too often; ask for a new one",
            {"tries_left": str(_tries_left(candidates))},
            changes=tuple(LinkCodeTried(replace(c, tries=c.tries + 1)) for c in candidates),
        )
    other = context.state.accounts[right[0].member_id, right[0].programme]
    used = LinkCodeTried(replace(right[0], tries=right[0].tries + 1, used=True))
    if context.state.are_linked(membership, other):
        raise Refused(Reason.LINK_EXISTS, "they are linked already", changes=(used,))
    return _link_decision("LINK", membership, other, context, (used,))


def _open_codes(command: Link, context: Context) -> list[LinkCode]:
    return [
        code
        for code in context.state.link_codes.values()
        if (code.other_programme, code.other_number) == command.membership
        and code.programme == command.other_programme
        and not code.used
        and code.tries < LINK_CODE_TRIES
        and context.now <= code.expires_at
    ]


def _tries_left(candidates: list[LinkCode]) -> int:
    return max((LINK_CODE_TRIES - code.tries - 1 for code in candidates), default=0)


def _link_decision(
    kind: str,
    one: Membership,
    other: Membership,
    context: Context,
    changes: tuple[LinkCodeTried, ...] = (),
) -> Decision:
    change = LinkChanged(one, other, context.number if kind == "LINK" else None)
    return Decision(
        kind=kind,
        facts={
            "members": [str(one.member_id), str(other.member_id)],
            "programmes": [one.programme, other.programme],
        },
        result=Linked(
            (one.programme, one.member_number),
            (other.programme, other.member_number),
        ),
        facts_parties=frozenset({context.programme(other.programme).partner}),
        changes=(*changes, change),
    )


@dataclass(frozen=True, slots=True)
class Unlink:
    """End a link, from either side."""

    membership: MembershipKey
    other: MembershipKey

    def add_needs(self, needs: Needs) -> None:
        """Both memberships."""
        needs.memberships |= {self.membership, self.other}


def unlink(command: Unlink, context: Context) -> Decision:
    """Whether the other membership exists is not told to one that is not linked to it."""
    membership = context.own_membership(command.membership)
    other = context.state.memberships.get(command.other)
    linked = context.state.links.get(membership.account, set())
    if other is None or other.account not in linked:
        raise Refused(
            Reason.NOT_LINKED,
            "these memberships are not linked",
            {"programme": command.other[0], "member_number": command.other[1]},
        )
    return _link_decision("UNLINK", membership, other, context)
