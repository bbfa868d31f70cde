"""What an activity earns for whom, and who pays for it: rules and agreements put together."""

from collections.abc import Iterable, Iterator, Sequence

from partners.activities import Activity, StatedLeg
from partners.context import Context
from partners.directory import ProgrammeVersion
from partners.programmes.earning import (
    CurrencyNotEarning,
    EarnedLeg,
    Earner,
    Given,
    UnknownPointsCurrency,
    earn,
    passed_over,
)
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.periods import Days, local_day
from partners.programmes.progress import (
    RULE_PREFIX,
    Progress,
)
from partners.refusals import Reason, Refused
from partners.standing import Outcome, election_at, points_alive, progress_of, tier_at
from partners.state import Membership, MembershipState
from settlement.ledger.amounts import AmountOverflow
from settlement.ledger.values import value

STATED = "stated"
"""Rule of a leg that the partner stated itself."""

NOTHING = Given()
"""What rules gave before that are not limited, as far as it matters."""


@value
class Credit:
    """A leg with the membership that it goes to."""

    membership: Membership
    leg: EarnedLeg


@value
class Earned:
    """What an activity earns: legs with their memberships, and programmes passed over."""

    credits: tuple[Credit, ...]
    skipped: tuple[str, ...]
    passed_over: tuple[tuple[str, str], ...] = ()
    """Rules that give nothing, with why; only where it is asked."""


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
    receivers: dict[str, Membership | None] = {}
    for leg in legs:
        if leg.programme not in receivers:
            context.require_points(leg.programme)
            receiver = _receiver(leg.programme, standing.membership, activity, context)
            receivers[leg.programme] = receiver
    credits_ = [
        Credit(receiver, leg) for leg in legs if (receiver := receivers[leg.programme]) is not None
    ]
    skipped = sorted([name for name, receiver in receivers.items() if receiver is None])
    why_not: tuple[tuple[str, str], ...] = ()
    if context.explains and not stated:
        definition = version.definition
        earner = _earner(activity, standing, definition, context)
        exponents = context.directory.exponents
        why_not = passed_over(definition, activity, earner, exponents=exponents)
    return Earned(tuple(credits_), tuple(skipped), why_not)


def _receiver(
    programme: str, membership: Membership, activity: Activity, context: Context
) -> Membership | None:
    """Whose the points of a programme are; None where nobody takes them any more.

    That the membership itself may earn was seen to before.
    """
    if programme == membership.programme:
        return membership
    linked = context.state.linked(membership, programme)
    begun = activity.started_at
    takes = context.is_open(programme, begun) and points_alive(programme, context)
    active = linked is not None and linked.state is MembershipState.ACTIVE
    return linked if takes and active else None


def _require_not_exclusive(legs: Iterable[EarnedLeg], definition: ProgrammeDefinition) -> None:
    if not definition.exclusive:
        return
    elsewhere = sorted({leg.programme for leg in legs} - {definition.programme})
    if elsewhere:
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
        return earn(
            definition,
            activity,
            earner,
            exponents=context.directory.exponents,
            explain=context.explains,
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
    choice = election.choice
    registrations = context.state.registrations.get(membership.account, {})
    return Earner(
        tier=tier if tier in definition.ranks else definition.entry_tier,
        choice=choice if choice in definition.choices_by_id else definition.default_choice,
        chosen_programme=election.chosen_programme,
        registered=frozenset([rule for rule, at in registrations.items() if at <= started_at]),
        given=_given(activity, membership, definition, context),
    )


def _given(
    activity: Activity, membership: Membership, definition: ProgrammeDefinition, context: Context
) -> Given:
    """What limited rules gave before."""
    limited = definition.limited_rules
    if not limited:
        return NOTHING
    progress = progress_of(membership, context)
    day = local_day(activity.started_at, definition.time_zone)
    return Given(
        to_member_on_day=_totals(progress, limited, Days(day, day)),
        to_member=_totals(progress, limited, Days(day.min, day.max)),
        to_all={
            rule: context.state.rule_usage.get((definition.programme, rule), 0) for rule in limited
        },
    )


def _totals(progress: Progress, rules: Iterable[str], days: Days) -> dict[str, int]:
    return {rule: progress.total(RULE_PREFIX + rule, days) for rule in rules}
