"""The use case of accrual: report an activity."""

from dataclasses import replace

from partners.activities import (
    Activity,
    ActivityKey,
    Implausible,
    StatedLeg,
    require_plausible,
    require_plausible_points,
)
from partners.context import Bound, Context, Decision, require_active
from partners.counting import counted, held, rules_used
from partners.directory import Permission, ProgrammeVersion
from partners.earned import Earned, earned
from partners.facts import key_facts
from partners.funding import priced, told, used_under_agreements
from partners.member_changes import ActivityRecorded
from partners.postings import PricedLeg
from partners.programme_changes import ActivityRefused
from partners.programmes.money import UnknownMoney
from partners.programmes.tiers import TierTerm
from partners.refusals import Reason, Refused
from partners.standing import (
    Outcome,
    counted_for,
    progress_changes,
    require_points_alive,
    reviewed,
    seen_to,
)
from partners.state import Membership, MembershipKey, MembershipState, Needs, RecordedActivity
from settlement.ledger.entries import timestamp
from settlement.ledger.values import value


@value
class Accrue:
    """Report one activity of a member."""

    membership: MembershipKey
    activity: Activity
    stated: tuple[StatedLeg, ...]

    def add_needs(self, needs: Needs) -> None:
        """The membership with its links, the activity and the revision before it."""
        key = self.activity.key
        needs.memberships.add(self.membership)
        needs.standings.add(self.membership)
        needs.activities.add(key)
        if key.revision > 1:
            needs.activities.add(replace(key, revision=key.revision - 1))


@value
class Accrued:
    """What an activity earned, and what it did to the member's standing.

    Terms, vouchers and invitation are for the programme's own partner alone.
    """

    legs: tuple[PricedLeg, ...]
    skipped: tuple[str, ...]
    """Programmes whose points were passed over, for want of an active membership."""
    terms: tuple[tuple[TierTerm, int], ...] = ()
    """New tiers, with the numbers of their entries."""
    vouchers: tuple[int, ...] = ()
    invitation: int | None = None
    passed_over: tuple[tuple[str, str], ...] = ()
    """Rules that give nothing, with why; only in simulations."""


def accrue(command: Accrue, context: Context) -> Decision:
    """Decide one activity.

    1. Supplier and programmes exist, and the sender may report this for that membership.
    2. It counts once: not seen before, and plausible.
    3. The programme in force when it began says what it earns, by the tier of that day and the
       choice of that instant; stated legs come as they are.
    4. Every leg of another partner's points is priced by the agreement in force now.
    5. It counts for tiers, limits and expiry; a tier that changes is an entry of its own.
    6. One entry: points, then what is owed for them.
    """
    supplier = _supplier(command.activity.key, context)
    version = _version(command, context)
    for leg in command.stated:
        context.programme(leg.programme)
    membership = _creditable(command, context)
    _require_may_report(supplier, context)
    context.require_open(membership.programme, command.activity.started_at)
    require_points_alive(membership.programme, context)
    if membership.state is not MembershipState.CARRIED_OVER:
        require_active(membership)
    _require_new(command.activity.key, context)
    _require_plausible(command, version, context)
    before = reviewed(membership, context)
    result = earned(command.activity, command.stated, before, version, context)
    legs = tuple(priced(result.credits, version, context))
    definition = version.definition
    made = counted(command.activity, membership, definition, legs, context)
    after = counted_for(membership, before, made, command.activity.started_at, context)
    recorded = RecordedActivity(command.activity.key, context.number, context.participant, made)
    return Decision(
        kind="ACCRUAL",
        facts=_facts(command, membership, version, result.skipped, context),
        result=_accrued(legs, result, after, context),
        facts_parties=frozenset({command.activity.key.supplier}),
        lines=context.book.accrual(legs),
        changes=(
            ActivityRecorded(recorded),
            *used_under_agreements(legs, context),
            *progress_changes(made, context.number),
            *rules_used(made),
            *held(legs, context),
            *seen_to(membership, context),
        ),
        consequences=after.consequences,
        bound=Bound.EARNING,
    )


def refused(command: Accrue, context: Context, refusal: Refused) -> ActivityRefused:
    """A refusal is noted with its activity, for whoever misses it later."""
    return ActivityRefused(
        key=command.activity.key,
        sender=context.sender,
        request_id=context.request_id,
        reason=str(refusal.reason),
        message=refusal.message,
        decided_at=context.now,
    )


def _accrued(
    priced_legs: tuple[PricedLeg, ...], result: Earned, after: Outcome, context: Context
) -> Accrued:
    legs = tuple([told(leg, context) for leg in priced_legs])
    if not context.owns(after.membership.programme):
        return Accrued(legs, result.skipped)
    return Accrued(
        legs, result.skipped, after.terms, after.vouchers, after.invitation, result.passed_over
    )


_CREDITING = frozenset({Permission.DOUBLE_DIP, Permission.STATE_POINTS})


def _creditable(command: Accrue, context: Context) -> Membership:
    """The sender's own or a linked membership, or one that an agreement lets it credit."""
    programme_id, _ = command.membership
    directory, me = context.directory, context.participant
    agreement = directory.agreement_in_force(programme_id, me, context.now)
    if agreement is not None and not agreement.terms.permissions.isdisjoint(_CREDITING):
        known = context.known_membership(command.membership)
    else:
        known = context.visible_membership(command.membership)
    return context.state.standing_for(known)


def _supplier(key: ActivityKey, context: Context) -> str:
    if context.directory.participant(key.supplier) is None:
        raise Refused(
            Reason.UNKNOWN_PARTICIPANT,
            f"there is no participant {key.supplier} that could have supplied this",
            {"supplier": key.supplier},
        )
    return key.supplier


def _require_may_report(supplier: str, context: Context) -> None:
    """A participant reports its own activities, and those of one whose agreement says so.

    Without that leave a partner could use up others' natural keys before they report. Judged
    before it is told whether the activity was reported: that is the supplier's to know.
    """
    me, leave = context.participant, Permission.REPORT_ACTIVITIES
    if supplier == me:
        return
    programmes = context.directory.programmes.values()
    theirs = [p.programme_id for p in programmes if p.partner == supplier]
    permits = context.directory.permits
    if not any(permits(p, me, leave, context.now) for p in theirs):
        raise Refused(
            Reason.NO_AGREEMENT,
            f"no agreement in force lets {me} report activities of {supplier}",
            {"supplier": supplier, "permission": leave},
        )


def _require_new(key: ActivityKey, context: Context) -> None:
    """An activity counts once, for ever; a revision only after the one before is reversed."""
    first = context.state.activities.get(key)
    if first is not None:
        raise Refused(
            Reason.DUPLICATE_ACTIVITY,
            f"this activity is in the ledger already, as number {first.number}",
            {"first_number": str(first.number)},
        )
    if key.revision == 1:
        return
    before = context.state.activities.get(replace(key, revision=key.revision - 1))
    if before is None or before.reversed != 1:
        raise Refused(
            Reason.REVISION_OUT_OF_ORDER,
            f"revision {key.revision - 1} has to be reported and wholly reversed first",
            {"revision": str(key.revision)},
        )


def _version(command: Accrue, context: Context) -> ProgrammeVersion:
    programme = context.programme(command.membership[0])
    version = programme.version_at(command.activity.started_at)
    if version is None:
        raise Refused(
            Reason.UNKNOWN_PROGRAMME,
            f"{programme.programme_id} was not in force at "
            f"{timestamp(command.activity.started_at)}; its first version begins at "
            f"{timestamp(programme.versions[0].valid_from)}",
            {"programme": programme.programme_id},
        )
    return version


def _require_plausible(command: Accrue, version: ProgrammeVersion, context: Context) -> None:
    try:
        early = not command.stated and version.definition.takes_early(command.activity.key.kind)
        require_plausible(command.activity, context.now, may_end_later=early)
        require_plausible_points(command.stated, context.directory.exponents)
    except Implausible as error:
        raise Refused(
            Reason.IMPLAUSIBLE,
            str(error),
            {"field": error.field, "found": error.found, "allowed": error.allowed},
        ) from error
    except UnknownMoney as error:
        raise Refused(Reason.UNKNOWN_CURRENCY, str(error)) from error


def _facts(
    command: Accrue,
    membership: Membership,
    version: ProgrammeVersion,
    skipped: tuple[str, ...],
    context: Context,
) -> dict[str, object]:
    """What happened, for the reporter and the supplier.

    A supplier whose activity another reports is told of it, and not what the reporter gives
    for it to whom; tier and choice of a member are their own programme's to know.
    """
    activity = command.activity
    ended_at = activity.ended_at
    reporter_alone = activity.key.supplier == context.participant
    own_member = reporter_alone and context.owns(membership.programme)
    stated = [[s.programme, s.reason, str(s.points_minor)] for s in command.stated]
    return {
        "activity": key_facts(activity.key),
        "started_at": timestamp(activity.started_at),
        "ended_at": None if ended_at is None else timestamp(ended_at),
        "spend": [[s.category, s.currency, str(s.minor)] for s in activity.spend],
        "quantities": [[q.unit, str(q.count)] for q in activity.quantities],
        "attributes": [[name, value] for name, value in activity.attributes],
        "stated": stated if reporter_alone else None,
        "member": str(membership.member_id) if reporter_alone else None,
        "programme": membership.programme,
        "programme_version": str(version.number),
        "tier": membership.tier if own_member else None,
        "choice": membership.choice if own_member else None,
        "skipped": list(skipped) if reporter_alone else None,
    }
