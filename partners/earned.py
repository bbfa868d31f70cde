"""What an activity earns for whom, and who pays for it: rules and agreements put together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from partners.activities import Activity, StatedLeg
from partners.agreements.pricing import LegPrice, price_leg
from partners.context import Context
from partners.directory import Agreement, Permission, ProgrammeVersion
from partners.member_changes import AgreementUsed
from partners.postings import PricedLeg
from partners.programme_changes import PointsHeld, RuleUsed
from partners.programmes.earning import (
    CurrencyNotEarning,
    EarnedLeg,
    Earner,
    Given,
    UnknownPointsCurrency,
    earn,
)
from partners.programmes.lapsing import ExpiryBy
from partners.programmes.model import Custody, ProgrammeDefinition
from partners.programmes.periods import Days, local_day
from partners.programmes.progress import (
    ACTIVE,
    EARNED,
    RULE_PREFIX,
    Contribution,
    Progress,
    contributions,
    rule_counter,
)
from partners.refusals import Reason, Refused
from partners.standing import Outcome, election_at, progress_of, tier_at
from partners.state import Counted, Held, Membership, MembershipState
from settlement.ledger.amounts import AmountOverflow

STATED = "stated"
"""Rule of a leg that the partner stated itself."""


@dataclass(frozen=True, slots=True)
class Credit:
    """A leg with the membership that it goes to."""

    membership: Membership
    leg: EarnedLeg


@dataclass(frozen=True, slots=True)
class Earned:
    """What an activity earns: legs with their memberships, and programmes passed over."""

    credits: tuple[Credit, ...]
    skipped: tuple[str, ...]


def earned(
    activity: Activity,
    stated: Sequence[StatedLeg],
    standing: Outcome,
    version: ProgrammeVersion,
    context: Context,
) -> Earned:
    """Legs by the programme's rules, or those that were stated instead.

    `standing` is the membership's after what time had done to it. Points of a programme in
    which the member has no active membership, or that earns no more, are passed over.
    """
    legs = (
        tuple(_as_stated(stated))
        if stated
        else _by_rule(activity, standing, version.definition, context)
    )
    _require_not_exclusive(legs, version.definition)
    credits_: list[Credit] = []
    skipped: set[str] = set()
    for leg in legs:
        context.require_points(leg.programme)
        receiver = context.state.linked(standing.membership, leg.programme)
        is_open = context.is_open(leg.programme, activity.started_at)
        if receiver is None or receiver.state is not MembershipState.ACTIVE or not is_open:
            skipped.add(leg.programme)
        else:
            credits_.append(Credit(receiver, leg))
    return Earned(tuple(credits_), tuple(sorted(skipped)))


def _require_not_exclusive(legs: Iterable[EarnedLeg], definition: ProgrammeDefinition) -> None:
    elsewhere = sorted({leg.programme for leg in legs} - {definition.programme})
    if definition.exclusive and elsewhere:
        raise Refused(
            Reason.EXCLUSIVE,
            f"what earns in {definition.programme} earns points of no other programme; leave out "
            f"{', '.join(elsewhere)}",
            {"programme": definition.programme},
        )


def _as_stated(stated: Iterable[StatedLeg]) -> Iterator[EarnedLeg]:
    for leg in stated:
        yield EarnedLeg(leg.programme, leg.reason, leg.points_minor, STATED)


def _by_rule(
    activity: Activity, standing: Outcome, definition: ProgrammeDefinition, context: Context
) -> tuple[EarnedLeg, ...]:
    try:
        earner = _earner(activity, standing, definition, context)
        return earn(definition, activity, earner, exponents=context.directory.exponents)
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
            {"currency": error.currency, "programme": definition.programme},
        ) from error
    except AmountOverflow as error:
        raise Refused(Reason.OVERFLOW, str(error)) from error


def _earner(
    activity: Activity, standing: Outcome, definition: ProgrammeDefinition, context: Context
) -> Earner:
    """The member as of the activity's start.

    Tier and choice that the version of that day did not have yet count as its first.
    """
    started_at, membership = activity.started_at, standing.membership
    tier = tier_at(standing, context, started_at)
    election = election_at(membership, context, started_at)
    choices = {choice.id for choice in definition.choices}
    registrations = context.state.registrations.get(membership.account, {})
    return Earner(
        tier=tier if tier in definition.ranks else definition.entry_tier,
        choice=election.choice if election.choice in choices else definition.default_choice,
        chosen_programme=election.chosen_programme,
        registered=frozenset(rule for rule, at in registrations.items() if at <= started_at),
        given=_given(activity, membership, definition, context),
    )


def _given(
    activity: Activity, membership: Membership, definition: ProgrammeDefinition, context: Context
) -> Given:
    """What limited rules gave before."""
    limited = [rule for rule in definition.earn if rule.is_limited]
    if not limited:
        return Given()
    progress = progress_of(membership, context)
    day = local_day(activity.started_at, definition.time_zone)
    return Given(
        to_member_on_day=_totals(progress, {r.rule: Days(day, day) for r in limited}),
        to_member=_totals(progress, {r.rule: Days(day.min, day.max) for r in limited}),
        to_all={
            r.rule: context.state.rule_usage.get((definition.programme, r.rule), 0) for r in limited
        },
    )


def _totals(progress: Progress, days_by_rule: dict[str, Days]) -> dict[str, int]:
    return {rule: progress.total(RULE_PREFIX + rule, days) for rule, days in days_by_rule.items()}


def priced(
    credits_: Iterable[Credit], version: ProgrammeVersion, context: Context
) -> Iterator[PricedLeg]:
    """Legs with funder and price. Whoever reports funds what no rule lets another fund."""
    used: dict[int, int] = {}
    author = context.programme(version.definition.programme).partner
    for credit in credits_:
        leg = credit.leg
        funder = leg.funder or context.participant
        agreement = _agreement(leg, funder, author, context)
        if agreement is not None:
            _require_cap(agreement, leg, context, used)
        issuer = context.programme(leg.programme).partner
        paid = agreement if funder != issuer else None
        owed = _price(leg, paid)
        yield PricedLeg(
            membership=credit.membership,
            reason=leg.reason,
            points_minor=leg.points_minor,
            rule=leg.rule,
            funder=funder,
            price=paid.terms.price if paid else None,
            owed_minor=owed.owed_minor,
            fee_minor=owed.fee_minor,
            terms=version.number if agreement is None else agreement.number,
            available_at=leg.available_at,
            because=leg.because,
            version=0 if leg.rule == STATED else version.number,
        )


def told(leg: PricedLeg, context: Context) -> PricedLeg:
    """A leg as the sender may see it: what two others agreed on is not its business."""
    if context.participant in {leg.funder, context.programme(leg.membership.programme).partner}:
        return leg
    return replace(leg, price=None, owed_minor=0, fee_minor=0, terms=0)


def _price(leg: EarnedLeg, agreement: Agreement | None) -> LegPrice:
    if agreement is None:
        return LegPrice(0, 0)
    try:
        return price_leg(leg.points_minor, agreement.terms.price, agreement.terms.operator_fee)
    except AmountOverflow as error:
        raise Refused(Reason.OVERFLOW, str(error)) from error


def _agreement(leg: EarnedLeg, funder: str, author: str, context: Context) -> Agreement | None:
    """The agreement under which a leg is given, with its cap; None for the issuer's own.

    Giving another's points takes leave of their issuer, and paying for them the funder's. That
    the issuer bears what `author`, whose rule it is, has given away takes the issuer's; and that
    a third pays for what `author` thought of takes that third's, by an agreement of those two.
    """
    me, issuer = context.participant, context.programme(leg.programme).partner
    giving = Permission.STATE_POINTS if leg.rule == STATED else Permission.DOUBLE_DIP
    found = None
    if issuer != me:
        found = _permitting(leg.programme, me, giving, context)
    if funder == me or funder == issuer == author:
        return found
    buyer = author if funder == issuer else funder
    if funder != issuer and author not in {issuer, funder}:
        _require_third(author, funder, context)
    return _permitting(leg.programme, buyer, Permission.FUND_PROMOTIONS, context)


def _require_third(author: str, funder: str, context: Context) -> None:
    """Refuse a funder that has not signed, for any points of `author`, to fund promotions."""
    programmes = [p for p in context.directory.programmes.values() if p.partner == author]
    funds = Permission.FUND_PROMOTIONS
    permits = context.directory.permits
    if not any(permits(p.programme_id, funder, funds, context.now) for p in programmes):
        raise Refused(
            Reason.NO_AGREEMENT,
            f"no agreement in force between {author} and {funder} lets rules of {author} name "
            f"{funder} as funder",
            {"funder": funder, "permission": funds},
        )


def _permitting(programme: str, buyer: str, permission: Permission, context: Context) -> Agreement:
    agreement = context.directory.agreement_in_force(programme, buyer, context.now)
    if agreement is None or permission not in agreement.terms.permissions:
        does = "pay for" if permission is Permission.FUND_PROMOTIONS else "give"
        raise Refused(
            Reason.NO_AGREEMENT,
            f"no agreement in force lets {buyer} {does} points of {programme}",
            {"programme": programme, "permission": permission},
        )
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


def used_under_agreements(
    legs: Iterable[PricedLeg], context: Context, sign: int = 1
) -> Iterator[AgreementUsed]:
    """What legs add to their agreements' usage or, with sign -1, give back to it."""
    for leg in legs:
        if leg.terms in context.directory.agreements:
            yield AgreementUsed(leg.terms, sign * leg.points_minor)


def counted(
    activity: Activity,
    membership: Membership,
    definition: ProgrammeDefinition,
    legs: Sequence[PricedLeg],
    context: Context,
) -> tuple[Counted, ...]:
    """What an activity adds to counters: for tiers and limits of its programme, and for expiry."""
    day = local_day(activity.started_at, definition.time_zone)
    own = [leg for leg in legs if leg.membership.programme == definition.programme]
    made = contributions(definition, activity, day, [(leg.reason, leg.points_minor) for leg in own])
    limits = _limits(definition, legs, day)
    return (
        *(Counted(membership.account, contribution) for contribution in (*made, *limits)),
        *_kept_alive(activity, membership, legs, context),
    )


def _limits(
    definition: ProgrammeDefinition, legs: Iterable[PricedLeg], day: date
) -> Iterator[Contribution]:
    """What limited rules gave; the tier's bonus on it does not count."""
    limited = {rule.rule: rule for rule in definition.earn if rule.is_limited}
    for leg in legs:
        rule = limited.get(leg.rule)
        if rule is not None and leg.reason == rule.reason:
            yield Contribution(rule_counter(rule), day, leg.points_minor)


def rules_used(made: Iterable[Counted]) -> Iterator[RuleUsed]:
    """What limited rules gave to all members, or lost."""
    for item in made:
        counter = item.contribution.counter
        if counter.startswith(RULE_PREFIX):
            rule = counter.removeprefix(RULE_PREFIX)
            yield RuleUsed(item.account[1], rule, item.contribution.amount)


def _kept_alive(
    activity: Activity, membership: Membership, legs: Iterable[PricedLeg], context: Context
) -> Iterator[Counted]:
    """What keeps points alive, of every programme in which the activity counts or earns."""
    points: dict[Membership, int] = {membership: 0}
    for leg in legs:
        points[leg.membership] = points.get(leg.membership, 0) + leg.points_minor
    for receiver, points_minor in points.items():
        definition = context.definition(receiver.programme)
        expiry = definition.expiry
        if expiry is None:
            continue
        if expiry.by is ExpiryBy.INACTIVITY:
            if expiry.activities is None or activity.key.kind in expiry.activities:
                day = local_day(activity.started_at, definition.time_zone)
                yield Counted(receiver.account, Contribution(ACTIVE, day, 1))
        elif points_minor:
            yield earned_today(receiver, points_minor, context)


def earned_today(membership: Membership, points_minor: int, context: Context) -> Counted:
    """Points that begin to age today."""
    today = context.today(membership.programme)
    return Counted(membership.account, Contribution(EARNED, today, points_minor))


def ages(membership: Membership, context: Context) -> bool:
    """Whether points of a membership expire by their age."""
    expiry = context.definition(membership.programme).expiry
    return expiry is not None and expiry.by is ExpiryBy.AGE


def held(legs: Iterable[PricedLeg], context: Context) -> Iterator[PointsHeld]:
    """Points that cannot be spent yet, summed up by membership."""
    waiting: dict[Membership, list[PricedLeg]] = {}
    for leg in legs:
        kept_here = context.definition(leg.membership.programme).custody is Custody.GATEWAY
        if kept_here and leg.available_at is not None and leg.available_at > context.now:
            waiting.setdefault(leg.membership, []).append(leg)
    for membership, of_member in waiting.items():
        amount = sum(leg.points_minor for leg in of_member)
        until = max(leg.available_at for leg in of_member if leg.available_at is not None)
        yield PointsHeld(membership.account, context.number, Held(amount, until))
