"""What an activity counts for besides its points: tiers, limits, expiry, and what is held back."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from partners.activities import Activity
from partners.context import Context
from partners.postings import PricedLeg
from partners.programme_changes import PointsHeld, ProgressMade, RuleUsed
from partners.programmes.lapsing import ExpiryBy
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.periods import local_day
from partners.programmes.progress import (
    ACTIVE,
    EARNED,
    RULE_PREFIX,
    Contribution,
    Progress,
    contributions,
    rule_counter,
)
from partners.standing import progress_changes
from partners.state import AccountKey, Counted, Held, Membership


def counted(
    activity: Activity,
    membership: Membership,
    definition: ProgrammeDefinition,
    legs: Sequence[PricedLeg],
    context: Context,
) -> tuple[Counted, ...]:
    """What an activity adds to counters: for tiers and limits of its programme, and for expiry."""
    day = local_day(activity.started_at, definition.time_zone)
    programme, account = definition.programme, membership.account
    own = [(x.reason, x.points_minor) for x in legs if x.membership.programme == programme]
    made = contributions(definition, activity, day, own)
    limits = _limits(definition, legs, day)
    return (
        *[Counted(account, contribution) for contribution in (*made, *limits)],
        *_kept_alive(activity, membership, legs, context),
    )


def _limits(
    definition: ProgrammeDefinition, legs: Iterable[PricedLeg], day: date
) -> Iterator[Contribution]:
    """What limited rules gave; the tier's bonus on it does not count."""
    limited = definition.limited_rules
    for leg in legs if limited else ():
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
    points: dict[AccountKey, int] = {membership.account: 0}
    for leg in legs:
        account = leg.membership.account
        points[account] = points.get(account, 0) + leg.points_minor
    for account, points_minor in points.items():
        definition = context.definition(account[1])
        expiry = definition.expiry
        if expiry is None:
            continue
        if expiry.by is ExpiryBy.INACTIVITY:
            if expiry.activities is None or activity.key.kind in expiry.activities:
                day = local_day(activity.started_at, definition.time_zone)
                yield Counted(account, Contribution(ACTIVE, day, 1))
        elif points_minor:
            yield _earned_today(account, points_minor, context)


def _earned_today(account: AccountKey, points_minor: int, context: Context) -> Counted:
    """Points that begin to age today."""
    return Counted(account, Contribution(EARNED, context.today(account[1]), points_minor))


def begin_to_age(
    membership: Membership, points_minor: int, number: int, context: Context
) -> list[ProgressMade]:
    """Points that came otherwise than by an activity are as old as the entry of that number.

    Nothing where there are none, or where the programme's points do not expire by their age.
    """
    expiry = context.definition(membership.programme).expiry
    if points_minor <= 0 or expiry is None or expiry.by is not ExpiryBy.AGE:
        return []
    return progress_changes([_earned_today(membership.account, points_minor, context)], number)


def age_no_more(
    account: AccountKey, points_minor: int, came_at: datetime, context: Context
) -> list[ProgressMade]:
    """Points that had begun to age when they came at an instant are taken back."""
    definition = context.definition(account[1])
    expiry = definition.expiry
    if expiry is None or expiry.by is not ExpiryBy.AGE:
        return []
    day = local_day(came_at, definition.time_zone)
    progress = context.state.progress.get(account, Progress())
    left = progress.values.get(EARNED, {}).get((day, 0), 0)
    back = Contribution(EARNED, day, -min(points_minor, left))
    return progress_changes([Counted(account, back)], context.number) if back.amount else []


def held(legs: Iterable[PricedLeg], context: Context) -> Iterator[PointsHeld]:
    """Points that cannot be spent yet, summed up by membership."""
    waiting: dict[AccountKey, Held] = {}
    for leg in legs:
        until = leg.available_at
        if until is None or until <= context.now:
            continue
        account = leg.membership.account
        if context.definition(account[1]).keeps_points:
            before = waiting.get(account, Held(0, until))
            amount = before.amount + leg.points_minor
            waiting[account] = Held(amount, max(before.available_at, until))
    for account, points in waiting.items():
        yield PointsHeld(account, context.number, points)
