"""Use cases of memberships: enrol, change, leave."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from partners.changes import Change
from partners.context import Context, Decision
from partners.directory import Permission
from partners.member_changes import MembershipAdded, MembershipUpdated
from partners.postings import FORFEITED
from partners.programme_changes import (
    Elected,
    HeldReduced,
    InvitationUsed,
    ProgressMade,
    TermAdded,
)
from partners.programmes.forms import MoneyAmount
from partners.programmes.model import JoiningWay, ProgrammeDefinition
from partners.programmes.money import in_words
from partners.programmes.progress import RULE_PREFIX, Contribution, Kept, Progress
from partners.programmes.tiers import TierSource, TierTerm
from partners.refusals import Reason, Refused
from partners.state import (
    Counted,
    Election,
    Invitation,
    Membership,
    MembershipKey,
    MembershipState,
    Needs,
)
from settlement.ledger.entries import Line


@dataclass(frozen=True, slots=True)
class Enrol:
    """Make a membership; empty tier and choice are the programme's first."""

    membership: MembershipKey
    tier: str
    choice: str
    same_member_as: MembershipKey | None
    invitation: int | None = None
    paid: MoneyAmount | None = None

    def add_needs(self, needs: Needs) -> None:
        """Both memberships, and invitations."""
        needs.memberships.add(self.membership)
        needs.invitations.add(self.membership)
        if self.same_member_as is not None:
            needs.memberships.add(self.same_member_as)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The coalition's number of the member."""

    member_id: int


def enrol(command: Enrol, context: Context) -> Decision:
    """Refuses unless the sender is the programme's partner or its agreement says ENROL.

    1. The programme takes members, and the sender may enrol them.
    2. The number is new, or of somebody who left, and begins anew.
    3. The way of joining is one of the programme's.
    """
    programme_id, _ = command.membership
    programme = context.programme(programme_id)
    _require_may_enrol(programme_id, context)
    context.require_open(programme_id, context.now)
    member_id = _member_id(command, context)
    before = context.state.memberships.get(command.membership)
    if before is not None and before.state is not MembershipState.CLOSED:
        raise _exists(command.membership)
    definition = context.definition(programme_id)
    invitation = _way_of_joining(command, definition, context)
    membership = _new_membership(command, member_id, definition, invitation, context)
    if before is not None:
        membership = replace(membership, member_id=before.member_id)
    row: Change = (
        MembershipAdded(membership, context.number)
        if before is None
        else MembershipUpdated(membership)
    )
    return Decision(
        kind="ENROLMENT",
        facts=membership_facts(membership),
        result=Enrolled(membership.member_id),
        facts_parties=frozenset({programme.partner}),
        changes=(
            row,
            *standing_changes(membership, context.number, context),
            *(() if invitation is None else (InvitationUsed(invitation),)),
        ),
    )


def _exists(key: MembershipKey) -> Refused:
    return Refused(
        Reason.MEMBERSHIP_EXISTS,
        f"member number {key[1]} of {key[0]} is enrolled already",
        {"programme": key[0], "member_number": key[1]},
    )


def _new_membership(
    command: Enrol,
    member_id: int,
    definition: ProgrammeDefinition,
    invitation: Invitation | None,
    context: Context,
) -> Membership:
    """With the tier that the sender names, or the invitation, or else the entry tier."""
    today = context.today(command.membership[0])
    invited = invitation.tier if invitation else definition.entry_tier
    tier = known_tier(definition, command.tier or invited)
    choice = known_choice(definition, command.choice or definition.default_choice)
    source = TierSource.JOINED if tier == definition.entry_tier else TierSource.DECIDED
    return Membership(
        member_id=member_id,
        programme=command.membership[0],
        member_number=command.membership[1],
        term=TierTerm(tier, today, None, TierSource.INVITED if invitation else source),
        choice=choice,
        state=MembershipState.ACTIVE,
        joined_on=today,
        chosen_programme=definition.choice(choice).named(None),
        number=context.number,
    )


def standing_changes(membership: Membership, number: int, context: Context) -> tuple[Change, ...]:
    """What a new membership's tier and choice begin with, by the entry of that number."""
    election = Election(membership.choice, membership.chosen_programme, context.now)
    return (
        TermAdded(membership.account, number, membership.term),
        Elected(membership.account, number, election),
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
    known = context.state.accounts.get(account)
    if known is not None and known.state is MembershipState.ERASED:
        raise Refused(
            Reason.MEMBERSHIP_EXISTS,
            f"that member was in {command.membership[0]} and was erased; enrol them as a new "
            "person, without same_member_as",
            {"programme": command.membership[0]},
        )
    if known is not None:
        raise Refused(
            Reason.MEMBERSHIP_EXISTS,
            f"that member is in {command.membership[0]} already, under another number",
            {"programme": command.membership[0]},
        )
    return same.member_id


def _way_of_joining(
    command: Enrol, definition: ProgrammeDefinition, context: Context
) -> Invitation | None:
    """The invitation by which somebody joins, where it takes one.

    Where people can apply, nothing else is asked of them.
    """
    if command.invitation is not None:
        return open_invitation(command.invitation, command.membership, None, context)
    joining = definition.joining
    if command.paid is not None or JoiningWay.APPLICATION not in joining.ways:
        if JoiningWay.PURCHASE in joining.ways and command.paid == joining.price:
            return None
        if command.paid is None and JoiningWay.PURCHASE not in joining.ways:
            raise not_invited(f"{definition.programme} is by invitation")
        raise wrong_price(f"membership of {definition.programme}", joining.price)
    return None


def open_invitation(
    number: int, key: MembershipKey, tier: str | None, context: Context
) -> Invitation:
    """An invitation of that member number that can be accepted today, or NOT_INVITED."""
    found = context.state.invitations.get(number)
    if (
        found is None
        or (found.programme, found.member_number) != key
        or (tier is not None and found.tier != tier)
        or found.used
        or (found.expires_on is not None and found.expires_on < context.today(key[0]))
    ):
        raise not_invited(f"there is no invitation {number} of {key[1]} that is open")
    return found


def not_invited(words: str) -> Refused:
    """The refusal of somebody who was not invited."""
    return Refused(Reason.NOT_INVITED, f"{words}; the programme's partner invites")


def wrong_price(what: str, price: MoneyAmount | None) -> Refused:
    """The refusal of what was paid."""
    costs = "is not sold" if price is None else f"costs {in_words(price.minor, price.currency)}"
    remedy = "" if price is None else "; state exactly what was paid"
    return Refused(Reason.WRONG_PRICE, f"{what} {costs}{remedy}")


def known_tier(definition: ProgrammeDefinition, name: str) -> str:
    """A tier of the programme, or UNKNOWN_TIER."""
    if name not in definition.ranks:
        allowed = list(definition.ranks)
        raise Refused(
            Reason.UNKNOWN_TIER,
            f"{definition.programme} has no tier {name}; it has {', '.join(allowed)}",
            {"tier": name, "allowed": ",".join(allowed)},
        )
    return name


def known_choice(definition: ProgrammeDefinition, choice: str) -> str:
    """A choice of the programme, or UNKNOWN_TIER."""
    choices = [declared.id for declared in definition.choices]
    if choice not in choices:
        raise Refused(
            Reason.UNKNOWN_TIER,
            f"{definition.programme} has no choice {choice}; it has {', '.join(choices)}",
            {"choice": choice, "allowed": ",".join(choices)},
        )
    return choice


def membership_facts(membership: Membership) -> dict[str, object]:
    """What the log says of a membership: nothing that names a person."""
    return {
        "member": str(membership.member_id),
        "programme": membership.programme,
        "tier": membership.tier,
        "choice": membership.choice,
        "chosen_programme": membership.chosen_programme,
        "state": str(membership.state),
        "red_listed": "yes" if membership.red_listed else "no",
    }


@dataclass(frozen=True, slots=True)
class UpdateMembership:
    """Change what is not empty."""

    membership: MembershipKey
    tier: str
    choice: str
    state: MembershipState | None
    chosen_programme: str = ""
    red_listed: bool | None = None

    def add_needs(self, needs: Needs) -> None:
        """The membership, with what it holds and has done."""
        needs.memberships.add(self.membership)
        needs.standings.add(self.membership)
        needs.balances.add(self.membership)


@dataclass(frozen=True, slots=True)
class Updated:
    """A membership as it is now, with those linked to it."""

    membership: Membership
    linked: tuple[Membership, ...]


_OVER = frozenset({MembershipState.CLOSED, MembershipState.MERGED, MembershipState.CARRIED_OVER})


def update_membership(command: UpdateMembership, context: Context) -> Decision:
    """By the programme's partner. Who is CLOSED has left, and may only enrol anew.

    Leaving forfeits the points, and what was counted.
    """
    context.require_own(command.membership[0])
    before = context.known_membership(command.membership)
    require_not_over(before)
    after = _changed(command, before, context)
    leaves = after.state is MembershipState.CLOSED
    return Decision(
        kind="MEMBERSHIP",
        facts=membership_facts(after),
        result=Updated(after, context.state.linked_to(after)),
        lines=forfeited(after, context) if leaves else (),
        changes=(
            MembershipUpdated(after),
            *_history(before, after, context),
            *(_left_behind(after, context) if leaves else ()),
        ),
    )


def require_not_over(membership: Membership) -> None:
    """Refuse a membership that has ended, or that another one stands for."""
    if membership.state in _OVER:
        raise Refused(
            Reason.MEMBERSHIP_NOT_ACTIVE,
            f"membership {membership.member_number} of {membership.programme} is "
            f"{membership.state} for good",
            {"programme": membership.programme, "state": membership.state},
        )


def _changed(command: UpdateMembership, before: Membership, context: Context) -> Membership:
    definition = context.definition(before.programme)
    term = before.term
    if command.tier:
        tier = known_tier(definition, command.tier)
        term = TierTerm(tier, context.today(before.programme), None, TierSource.DECIDED)
    choice = known_choice(definition, command.choice or before.choice)
    chosen = before.chosen_programme
    if command.choice:
        chosen = definition.choice(choice).named(None)
    if command.chosen_programme:
        allowed = definition.choice(choice).programmes
        if command.chosen_programme not in allowed:
            raise Refused(
                Reason.UNKNOWN_TIER,
                f"{choice} is not of {command.chosen_programme}; it is of "
                f"{', '.join(allowed) or 'no other programme'}",
                {"choice": choice, "allowed": ",".join(allowed)},
            )
        chosen = command.chosen_programme
    return replace(
        before,
        term=term,
        choice=choice,
        chosen_programme=chosen,
        state=command.state or before.state,
        red_listed=before.red_listed if command.red_listed is None else command.red_listed,
    )


def _history(before: Membership, after: Membership, context: Context) -> list[Change]:
    """What of the change is kept with its time."""
    changes: list[Change] = []
    if after.term is not before.term:
        changes.append(TermAdded(after.account, context.number, after.term))
    chosen = after.choice, after.chosen_programme
    if chosen != (before.choice, before.chosen_programme):
        election = Election(*chosen, elected_at=context.now)
        changes.append(Elected(after.account, context.number, election))
    return changes


def forfeited(membership: Membership, context: Context) -> tuple[Line, ...]:
    """What a member who leaves gives up, held points included; a debt stays."""
    if not context.definition(membership.programme).keeps_points:
        return ()
    left = max(0, context.state.posted(membership.account))
    return tuple(context.book.returned(FORFEITED, membership.account, left))


def _left_behind(membership: Membership, context: Context) -> list[Change]:
    """What a member who leaves no longer has: who enrols again begins anew.

    All that was counted is taken back, but for what limited rules gave: their limits stay used.
    """
    sides = (membership, *context.state.merged_into(membership))
    held = [
        HeldReduced(side.account, number, replace(points, amount=0))
        for side in sides
        for number, points in context.state.held.get(side.account, {}).items()
    ]
    return [*held, *(made for side in sides for made in _forgotten(side, context))]


def _forgotten(membership: Membership, context: Context) -> Iterator[ProgressMade]:
    progress = context.state.progress.get(membership.account, Progress())
    for counter, days in progress.values.items():
        if counter.startswith(RULE_PREFIX):
            continue
        for (day, number), amount in days.items():
            if amount:
                lost = _taken_back(counter, day, number, amount)
                yield ProgressMade(Counted(membership.account, lost), number)


def _taken_back(counter: str, day: date, number: int, amount: int) -> Contribution:
    return Contribution(counter, day, -amount, Kept.EACH if number else Kept.SUM)
