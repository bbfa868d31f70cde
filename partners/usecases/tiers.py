"""Use cases of tiers: invite, grant, register for a promotion."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from partners.changes import Change
from partners.context import Context, Decision, require_active
from partners.member_changes import MembershipUpdated
from partners.programme_changes import (
    InvitationAdded,
    InvitationUsed,
    RegisteredFor,
    TermAdded,
)
from partners.programmes.forms import MoneyAmount
from partners.programmes.levels import Match
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.periods import DAY, add_span
from partners.programmes.tiers import TierSource, TierTerm, granted
from partners.refusals import Reason, Refused, invalid
from partners.state import Invitation, Membership, MembershipKey, MembershipState, Needs
from partners.usecases.members import (
    Updated,
    known_tier,
    membership_facts,
    open_invitation,
    wrong_price,
)


@dataclass(frozen=True, slots=True)
class Invite:
    """Invite somebody to a programme (empty tier), or a member to a tier."""

    membership: MembershipKey
    tier: str
    expires_on: date | None

    def add_needs(self, needs: Needs) -> None:
        """The membership, if there is one."""
        needs.memberships.add(self.membership)


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation's number."""

    invitation: int


def invite(command: Invite, context: Context) -> Decision:
    """By the programme's partner. Who is a member is invited to a higher tier only."""
    programme_id, member_number = command.membership
    context.require_own(programme_id)
    definition = context.definition(programme_id)
    tier = known_tier(definition, command.tier or definition.entry_tier)
    member = context.state.memberships.get(command.membership)
    is_member = member is not None and member.state is not MembershipState.CLOSED
    if member is not None and is_member:
        require_active(member)
        if definition.ranks[tier] <= definition.ranks.get(member.tier, 0):
            raise Refused(
                Reason.MEMBERSHIP_EXISTS,
                f"{member_number} is a member already, and has tier {member.tier}",
                {"programme": programme_id, "member_number": member_number},
            )
    if command.expires_on is not None and command.expires_on < context.today(programme_id):
        raise invalid("expires_on", "is past")
    invitation = Invitation(
        context.number, programme_id, member_number, tier, command.expires_on, used=False
    )
    return Decision(
        kind="INVITATION",
        facts={
            "programme": programme_id,
            "tier": tier,
            "expires_on": command.expires_on and command.expires_on.isoformat(),
            "because": None,
        },
        result=Invited(context.number),
        changes=(InvitationAdded(invitation),),
        business=False,
    )


class TierWay(StrEnum):
    """How a tier is come by that activity alone does not bring."""

    PURCHASE = "PURCHASE"
    INVITATION = "INVITATION"
    MATCH = "MATCH"
    CARRIED_OVER = "CARRIED_OVER"


_SOURCES = {
    TierWay.PURCHASE: TierSource.PURCHASED,
    TierWay.INVITATION: TierSource.INVITED,
    TierWay.MATCH: TierSource.MATCHED,
    TierWay.CARRIED_OVER: TierSource.CARRIED_OVER,
}


@dataclass(frozen=True, slots=True)
class GrantTier:
    """Give a tier that was bought, accepted, matched or carried over."""

    membership: MembershipKey
    tier: str
    way: TierWay
    paid: MoneyAmount | None
    invitation: int | None
    matched: tuple[str, str] | None
    """The other programme and the tier held there."""
    until: date | None

    def add_needs(self, needs: Needs) -> None:
        """The membership with its links and invitations."""
        needs.memberships.add(self.membership)
        needs.standings.add(self.membership)


def grant_tier(command: GrantTier, context: Context) -> Decision:
    """By the programme's partner, as far as the programme's definition lets it."""
    context.require_own(command.membership[0])
    before = context.known_membership(command.membership)
    require_active(before)
    definition = context.definition(before.programme)
    known_tier(definition, command.tier)
    term, leaves = _granted(command, before, definition, context)
    if command.way is not TierWay.CARRIED_OVER:
        _require_not_worse(term, before, definition, context)
    after = replace(before, term=term)
    return Decision(
        kind="TIER",
        facts={
            **membership_facts(after),
            "since": term.since.isoformat(),
            "until": term.until and term.until.isoformat(),
            "source": str(term.source),
            "paid": command.paid and [command.paid.currency, str(command.paid.minor)],
            "matched": command.matched and list(command.matched),
        },
        result=Updated(after, context.state.linked_to(after)),
        changes=(
            TermAdded(after.account, context.number, term),
            MembershipUpdated(after),
            *leaves,
        ),
    )


def _require_not_worse(
    term: TierTerm, member: Membership, definition: ProgrammeDefinition, context: Context
) -> None:
    """Nobody buys or accepts a lower tier than they have, or the same one for a shorter time."""
    if _has_ended(member, context):
        return
    held = member.term
    ends = [date.max if until is None else until for until in (held.until, term.until)]
    ranks = [definition.ranks.get(tier, 0) for tier in (held.tier, term.tier)]
    if (ranks[0], ends[0]) >= (ranks[1], ends[1]):
        until = "further notice" if held.until is None else held.until.isoformat()
        raise Refused(
            Reason.MEMBERSHIP_EXISTS,
            f"{member.member_number} has tier {held.tier} until {until} already",
            {"programme": member.programme, "member_number": member.member_number},
        )


def _granted(
    command: GrantTier, member: Membership, definition: ProgrammeDefinition, context: Context
) -> tuple[TierTerm, tuple[Change, ...]]:
    """The term, by the way of coming by it, and what that uses up."""
    today = context.today(member.programme)
    source = _SOURCES[command.way]
    term = granted(definition, command.tier, source, today, member.joined_on)
    if command.way is TierWay.PURCHASE:
        price = definition.tier(command.tier).price
        if price is None or command.paid != price:
            raise wrong_price(f"tier {command.tier}", price)
        return term, ()
    if command.way is TierWay.INVITATION:
        number = command.invitation or 0
        invitation = open_invitation(number, command.membership, command.tier, context)
        return term, (InvitationUsed(invitation),)
    if command.way is TierWay.MATCH:
        match = _matched(command, member, definition, context)
        if match.holds is not None:
            term = replace(term, until=add_span(today, match.holds) - DAY)
        return term, ()
    if command.until is None or command.until < today:
        raise invalid("until", "is missing or past: it is the last day of the old term")
    return replace(term, until=command.until), ()


def _matched(
    command: GrantTier, member: Membership, definition: ProgrammeDefinition, context: Context
) -> Match:
    """The programme's own word that it matches that tier; in the coalition the tier is seen."""
    matches = definition.tier(command.tier).match
    found = next((m for m in matches if (m.programme, m.tier) == command.matched), None)
    if found is None:
        raise _not_matched(f"{definition.programme} does not match that with {command.tier}")
    if found.programme in context.directory.programmes:
        there = context.state.linked(member, found.programme)
        if there is None or there.tier != found.tier or _has_ended(there, context):
            raise _not_matched(f"no membership of {found.programme} with that tier is linked")
        require_active(there)
    return found


def _has_ended(member: Membership, context: Context) -> bool:
    until = member.term.until
    return until is not None and until < context.today(member.programme)


def _not_matched(words: str) -> Refused:
    return Refused(Reason.NOT_MATCHED, words)


@dataclass(frozen=True, slots=True)
class Register:
    """Register a member for a promotion."""

    membership: MembershipKey
    rule: str

    def add_needs(self, needs: Needs) -> None:
        """The membership, with what it is registered for."""
        needs.memberships.add(self.membership)
        needs.standings.add(self.membership)


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration's number."""

    registration: int


def register(command: Register, context: Context) -> Decision:
    """By the programme's partner, for activities that start from now on."""
    context.require_own(command.membership[0])
    member = context.known_membership(command.membership)
    require_active(member)
    versions = context.programme(member.programme).versions
    asking = {rule.rule for v in versions for rule in v.definition.earn if rule.registration}
    if command.rule not in asking:
        raise Refused(
            Reason.UNKNOWN_RULE,
            f"{member.programme} has no promotion {command.rule} that asks for registration",
            {"rule": command.rule, "known": ",".join(sorted(asking))},
        )
    if command.rule in context.state.registrations.get(member.account, {}):
        raise Refused(
            Reason.ALREADY_EXISTS,
            f"{member.member_number} is registered for {command.rule} already",
            {"rule": command.rule},
        )
    change = RegisteredFor(member.account, command.rule, context.number, context.now)
    return Decision(
        kind="REGISTRATION",
        facts={
            "member": str(member.member_id),
            "programme": member.programme,
            "rule": command.rule,
        },
        result=Registered(context.number),
        changes=(change,),
        business=False,
    )
