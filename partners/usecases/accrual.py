"""The use case of accrual: report an activity."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from partners.activities import (
    Activity,
    ActivityKey,
    Implausible,
    StatedLeg,
    require_plausible,
    require_plausible_points,
)
from partners.agreements.pricing import LegPrice, price_leg
from partners.context import Context, Decision, require_active
from partners.directory import Agreement, Permission, ProgrammeVersion
from partners.facts import key_facts
from partners.member_changes import ActivityRecorded, AgreementUsed
from partners.postings import PricedLeg
from partners.programmes.earning import (
    CurrencyNotEarning,
    EarnedLeg,
    UnknownPointsCurrency,
    earn,
)
from partners.programmes.money import UnknownMoney
from partners.refusals import Reason, Refused
from partners.state import Membership, MembershipKey, MembershipState, Needs, RecordedActivity
from settlement.ledger.amounts import AmountOverflow
from settlement.ledger.entries import timestamp

STATED = "stated"
"""Rule of a leg that the partner stated itself."""


@dataclass(frozen=True, slots=True)
class Accrue:
    """Report one activity of a member."""

    membership: MembershipKey
    activity: Activity
    stated: tuple[StatedLeg, ...]

    def add_needs(self, needs: Needs) -> None:
        """The membership with its links, the activity and the revision before it."""
        key = self.activity.key
        needs.memberships.add(self.membership)
        needs.activities.add(key)
        if key.revision > 1:
            needs.activities.add(replace(key, revision=key.revision - 1))


@dataclass(frozen=True, slots=True)
class Accrued:
    """What an activity earned."""

    legs: tuple[PricedLeg, ...]
    skipped: tuple[str, ...]
    """Programmes whose points were passed over, for want of an active membership."""


def accrue(command: Accrue, context: Context) -> Decision:
    """Decide one activity.

    1. Supplier and programmes exist, and the sender may report this for that membership.
    2. It counts once: not seen before, and plausible.
    3. The programme in force when it began says what it earns; stated legs come as they are.
    4. Every leg of another partner's points is priced by the agreement in force now.
    5. One entry: points, then what is owed for them.
    """
    supplier = _supplier(command.activity.key, context)
    version = _version(command, context)
    for leg in command.stated:
        context.programme(leg.programme)
    membership = _creditable(command, context)
    _require_may_report(supplier, context)
    require_active(membership)
    _require_new(command.activity.key, context)
    _require_plausible(command, context)
    earned, skipped = _earned(command, membership, version, context)
    legs = tuple(_priced(earned, version, context))
    return Decision(
        kind="ACCRUAL",
        facts=_facts(command, membership, version, skipped, context),
        result=Accrued(legs, tuple(skipped)),
        facts_parties=frozenset({command.activity.key.supplier}),
        lines=context.book.accrual(legs),
        changes=(
            ActivityRecorded(
                RecordedActivity(command.activity.key, context.number, context.participant, None),
            ),
            *used_under_agreements(legs),
        ),
    )


def _creditable(command: Accrue, context: Context) -> Membership:
    """The sender's own or a linked membership, or one that an agreement lets it credit."""
    programme_id, _ = command.membership
    for permission in (Permission.DOUBLE_DIP, Permission.STATE_POINTS):
        if context.directory.permits(programme_id, context.participant, permission, context.now):
            return context.known_membership(command.membership)
    return context.visible_membership(command.membership)


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
    programmes = context.directory.programmes.values()
    theirs = [p.programme_id for p in programmes if p.partner == supplier]
    permits = context.directory.permits
    if supplier != me and not any(permits(p, me, leave, context.now) for p in theirs):
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
    if before is None or before.reversed_number is None:
        raise Refused(
            Reason.REVISION_OUT_OF_ORDER,
            f"revision {key.revision - 1} has to be reported and reversed first",
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


def _require_plausible(command: Accrue, context: Context) -> None:
    try:
        require_plausible(command.activity, context.now)
        require_plausible_points(command.stated, context.directory.exponents)
    except Implausible as error:
        raise Refused(
            Reason.IMPLAUSIBLE,
            str(error),
            {"field": error.field, "found": error.found, "allowed": error.allowed},
        ) from error
    except UnknownMoney as error:
        raise Refused(Reason.UNKNOWN_CURRENCY, str(error)) from error


@dataclass(frozen=True, slots=True)
class _Credit:
    """A leg with the membership that it goes to."""

    membership: Membership
    leg: EarnedLeg


def _earned(
    command: Accrue,
    membership: Membership,
    version: ProgrammeVersion,
    context: Context,
) -> tuple[list[_Credit], list[str]]:
    """Legs with their memberships, and the programmes passed over for want of one."""
    credits_: list[_Credit] = []
    skipped: set[str] = set()
    for leg in (*_by_rule(command, membership, version, context), *_as_stated(command.stated)):
        receiver = context.state.linked(membership, leg.programme)
        if receiver is None or receiver.state is not MembershipState.ACTIVE:
            skipped.add(leg.programme)
        else:
            credits_.append(_Credit(receiver, leg))
    return credits_, sorted(skipped)


def _by_rule(
    command: Accrue,
    membership: Membership,
    version: ProgrammeVersion,
    context: Context,
) -> tuple[EarnedLeg, ...]:
    """Tier and choice that the version of that day did not have yet count as its first."""
    if command.stated:
        return ()
    definition = version.definition
    tiers = {tier.name for tier in definition.tiers}
    choices = {choice.id for choice in definition.choices}
    try:
        return earn(
            definition,
            command.activity,
            tier=membership.tier if membership.tier in tiers else definition.entry_tier,
            choice=membership.choice if membership.choice in choices else definition.default_choice,
            exponents=context.directory.exponents,
        )
    except UnknownPointsCurrency as error:
        raise Refused(
            Reason.UNKNOWN_PROGRAMME,
            str(error),
            {"programme": error.programme},
        ) from error
    except CurrencyNotEarning as error:
        raise Refused(
            Reason.UNKNOWN_CURRENCY,
            str(error),
            {"currency": error.currency, "programme": membership.programme},
        ) from error
    except AmountOverflow as error:
        raise Refused(Reason.OVERFLOW, str(error)) from error


def _as_stated(stated: Iterable[StatedLeg]) -> Iterator[EarnedLeg]:
    for leg in stated:
        yield EarnedLeg(leg.programme, leg.reason, leg.points_minor, STATED)


def _priced(
    earned: Iterable[_Credit],
    version: ProgrammeVersion,
    context: Context,
) -> Iterator[PricedLeg]:
    """Legs with funder and price. The sender funds what its report earns."""
    used: dict[int, int] = {}
    for credit in earned:
        leg = credit.leg
        agreement = None if context.owns(leg.programme) else _agreement(leg, context, used)
        price = agreement.terms.price if agreement else None
        owed = _price(leg, agreement)
        yield PricedLeg(
            membership=credit.membership,
            reason=leg.reason,
            points_minor=leg.points_minor,
            rule=leg.rule,
            funder=context.participant,
            price=price,
            owed_minor=owed.owed_minor,
            fee_minor=owed.fee_minor,
            terms=_terms(agreement, version),
        )


def _terms(agreement: Agreement | None, version: ProgrammeVersion) -> int:
    return version.number if agreement is None else agreement.number


def _price(leg: EarnedLeg, agreement: Agreement | None) -> LegPrice:
    if agreement is None:
        return LegPrice(0, 0)
    try:
        return price_leg(leg.points_minor, agreement.terms.price, agreement.terms.operator_fee)
    except AmountOverflow as error:
        raise Refused(Reason.OVERFLOW, str(error)) from error


def _agreement(leg: EarnedLeg, context: Context, used: dict[int, int]) -> Agreement:
    """The agreement under which the sender may give another partner's points."""
    permission = Permission.STATE_POINTS if leg.rule == STATED else Permission.DOUBLE_DIP
    agreement = context.directory.agreement_in_force(
        leg.programme, context.participant, context.now
    )
    if agreement is None or permission not in agreement.terms.permissions:
        raise Refused(
            Reason.NO_AGREEMENT,
            f"no agreement in force lets {context.participant} give points of {leg.programme}",
            {"programme": leg.programme, "permission": permission},
        )
    _require_cap(agreement, leg, context, used)
    return agreement


def _require_cap(
    agreement: Agreement, leg: EarnedLeg, context: Context, used: dict[int, int]
) -> None:
    """Earlier legs of the same activity count as well, before they are booked."""
    number = agreement.number
    used[number] = used.get(number, 0) + leg.points_minor
    after = context.state.usage.get(number, 0) + used[number]
    if after > agreement.terms.cap_minor:
        raise Refused(
            Reason.CAP_EXCEEDED,
            f"agreement {number} allows {agreement.terms.cap_minor} points in all; this would "
            f"make it {after}",
            {"agreement": str(number), "cap": str(agreement.terms.cap_minor)},
        )


def used_under_agreements(legs: Iterable[PricedLeg], sign: int = 1) -> Iterator[AgreementUsed]:
    """What legs add to their agreements' usage or, with sign -1, give back to it."""
    for leg in legs:
        if leg.price is not None:
            yield AgreementUsed(leg.terms, sign * leg.points_minor)


def _facts(
    command: Accrue,
    membership: Membership,
    version: ProgrammeVersion,
    skipped: list[str],
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
        "stated": stated if reporter_alone else None,
        "member": str(membership.member_id) if reporter_alone else None,
        "programme": membership.programme,
        "programme_version": str(version.number),
        "tier": membership.tier if own_member else None,
        "choice": membership.choice if own_member else None,
        "skipped": skipped if reporter_alone else None,
    }
