"""A membership's standing in its programme, and the entries that a change of it leaves."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from partners.context import Context, Decision
from partners.member_changes import MembershipEvaluated, MembershipUpdated
from partners.programme_changes import (
    InvitationAdded,
    ProgressMade,
    TermAdded,
    VoucherAdded,
    counter_number,
)
from partners.programmes.catalogue import EarnedVoucher
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.periods import DAY, Days, add_span, local_day
from partners.programmes.progress import Progress, counter_exponent
from partners.programmes.tiers import (
    Standing,
    TierSource,
    TierTerm,
    Verdict,
    evaluate,
    taken_back,
    tier_on,
)
from partners.refusals import Reason, Refused
from partners.state import (
    Counted,
    Election,
    Invitation,
    Membership,
    Voucher,
    VoucherState,
)
from settlement.ledger.entries import timestamp
from settlement.ledger.values import value

NOTED_AFTER = timedelta(days=31)
"""How far behind the note may be of up to when a tier was seen to: it saves looking again at
the time since, and costs a row."""


@value
class Outcome:
    """What became of a standing: the membership with its new tier, and the entries that say so."""

    membership: Membership
    terms: tuple[tuple[TierTerm, int], ...] = ()
    """New tiers, with the numbers of their entries."""
    consequences: tuple[Decision, ...] = ()
    vouchers: tuple[int, ...] = ()
    invitation: int | None = None


def progress_of(membership: Membership, context: Context) -> Progress:
    """What was counted of a membership and of those that it stands for."""
    state = context.state
    own = state.progress.get(membership.account, Progress())
    sides = state.sides(membership.account)
    if len(sides) == 1:
        return own
    together = Progress()
    for account in sides:
        for counter, days in state.progress.get(account, Progress()).values.items():
            for (day, number), amount in days.items():
                together.add(counter, day, number, amount)
    return together


def standing_of(
    membership: Membership, context: Context, made: Iterable[Counted] = (), number: int = 0
) -> Standing:
    """A membership's standing, with what the accrual of that number adds or loses."""
    sides = (membership, *context.state.merged_into(membership))
    accounts = {side.account for side in sides}
    progress = progress_of(membership, context)
    added = [
        (item.contribution, counter_number(item.contribution, number))
        for item in made
        if item.account in accounts
    ]
    return Standing(
        held=membership.term,
        progress=progress.plus(added) if added else progress,
        joined_on=min(side.joined_on for side in sides),
        earlier=_earlier(membership, context),
        evaluated_on=membership.evaluated_on or date.min,
    )


def _earlier(
    membership: Membership, context: Context, added: Sequence[TierTerm] = ()
) -> tuple[TierTerm, ...]:
    """The terms before the one that it has, since its member joined (last)."""
    terms = [*context.state.terms.get(membership.account, ()), *added]
    joined = [index for index, term in enumerate(terms) if term.source is TierSource.JOINED]
    terms = [t for t in terms[joined[-1] if joined else 0 :] if t.since >= membership.joined_on]
    return tuple(terms[:-1] if terms and terms[-1] == membership.term else terms)


def tier_at(standing: "Outcome", context: Context, instant: datetime) -> str:
    """The tier that held on the day of an instant, in the programme's time zone.

    Of the recorded terms, and those that the request in hand adds to them.
    """
    membership = standing.membership
    zone = context.definition(membership.programme).time_zone
    terms = context.state.terms.get(membership.account) or []
    if standing.terms:
        terms = [*terms, *(term for term, _ in standing.terms)]
    return tier_on(terms or [membership.term], local_day(instant, zone)).tier


def election_at(membership: Membership, context: Context, instant: datetime) -> Election:
    """What the member had chosen at an instant; the first choice for what was before it."""
    elections = context.state.elections.get(membership.account)
    if not elections:
        return Election(membership.choice, membership.chosen_programme, instant)
    begun = [election for election in elections if election.elected_at <= instant]
    return begun[-1] if begun else elections[0]


def reviewed(membership: Membership, context: Context) -> Outcome:
    """What the passing of time has done to a tier."""
    definition = context.definition(membership.programme)
    if not definition.has_reachable_tiers and membership.term.until is None:
        return Outcome(membership)
    today = context.today(membership.programme)
    verdict = evaluate(definition, standing_of(membership, context), today)
    return entered(membership, verdict, context)


def seen_to(membership: Membership, context: Context) -> list[MembershipEvaluated]:
    """A note of how far time was seen to, where it is a month behind: no night came to it."""
    if not context.definition(membership.programme).has_reachable_tiers:
        return []
    today = context.today(membership.programme)
    seen = max(membership.evaluated_on or date.min, membership.term.since)
    if today - seen <= NOTED_AFTER:
        return []
    return [MembershipEvaluated(membership.account, today)]


def counted_for(
    membership: Membership,
    before: Outcome,
    made: Sequence[Counted],
    instant: datetime,
    context: Context,
) -> Outcome:
    """What an activity does to the tier of the membership that it counts for.

    `before` is what time had done to it; its entries come first.
    """
    if not made:
        return before
    definition = context.definition(membership.programme)
    standing = standing_of(membership, context, made, context.number)
    then = _definition_then(membership.programme, instant, context)
    if then is not None:
        before = _judged(then[0], standing, before, instant, then[1], context)
    today = context.today(membership.programme)
    after = _judged(definition, standing, before, instant, today, context)
    return _with_vouchers(definition, after, standing, made, context)


def _definition_then(
    programme_id: str, instant: datetime, context: Context
) -> tuple[ProgrammeDefinition, date] | None:
    """The version of an instant and the last day of it, where another one is in force now.

    Tiers that it does not share with the one in force are not given any more.
    """
    versions = context.programme(programme_id).versions
    now = context.definition(programme_id)
    for version, following in pairwise(versions):
        if version.valid_from <= instant < following.valid_from <= context.now:
            shared = version.definition.ranks == now.ranks
            last = local_day(following.valid_from - timedelta.resolution, now.time_zone)
            return (version.definition, last) if shared else None
    return None


def _judged(
    definition: ProgrammeDefinition,
    standing: Standing,
    before: Outcome,
    instant: datetime,
    today: date,
    context: Context,
) -> Outcome:
    """What an activity does to a tier by one version of the programme, as of a day."""
    day = min(today, local_day(instant, definition.time_zone))
    standing = replace(
        standing,
        held=before.membership.term,
        earlier=_earlier(before.membership, context, [term for term, _ in before.terms]),
    )
    return entered(before.membership, evaluate(definition, standing, today, day), context, before)


def fallen_back(
    membership: Membership, made: Sequence[Counted], number: int, context: Context
) -> Outcome:
    """What a reversal of an accrual does to the tier of a membership that it had counted for."""
    definition = context.definition(membership.programme)
    standing = standing_of(membership, context, made, number)
    term = taken_back(definition, standing, context.today(membership.programme))
    return entered(membership, Verdict(() if term is None else (term,)), context)


def entered(
    membership: Membership, verdict: Verdict, context: Context, before: Outcome | None = None
) -> Outcome:
    """The entries of a verdict, after those of an earlier outcome of the same request."""
    so_far = before or Outcome(membership)
    terms, consequences = [*so_far.terms], [*so_far.consequences]
    for term in verdict.terms:
        membership = replace(membership, term=term)
        number = context.number + 1 + len(consequences)
        terms.append((term, number))
        consequences.append(term_entry(membership, number, context))
    invitation = None
    if so_far.invitation is None:
        invitation = _invitation(membership, verdict, context)
    number = context.number + 1 + len(consequences)
    if invitation is not None:
        consequences.append(invitation_entry(replace(invitation, number=number), context))
    return replace(
        so_far,
        membership=membership,
        terms=tuple(terms),
        consequences=tuple(consequences),
        invitation=number if invitation is not None else so_far.invitation,
    )


def term_entry(membership: Membership, number: int, context: Context) -> Decision:
    """The event of a new tier, which its programme's partner is shown."""
    term = membership.term
    return Decision(
        kind="TIER",
        facts={
            "member": str(membership.member_id),
            "programme": membership.programme,
            "tier": term.tier,
            "since": term.since.isoformat(),
            "until": None if term.until is None else term.until.isoformat(),
            "source": str(term.source),
            "because": because(context),
        },
        result=None,
        facts_parties=frozenset({context.programme(membership.programme).partner}),
        changes=(TermAdded(membership.account, number, term), MembershipUpdated(membership)),
        business=False,
    )


def _invitation(membership: Membership, verdict: Verdict, context: Context) -> Invitation | None:
    """A new invitation, unless one to that tier is open already."""
    if verdict.invitation is None:
        return None
    known = context.state.invitations.values()
    mine = [i for i in known if (i.programme, i.member_number) == membership.key]
    today = context.today(membership.programme)
    in_time = [i for i in mine if i.expires_on is None or i.expires_on >= today]
    if any(i.tier == verdict.invitation and not i.used for i in in_time):
        return None
    return Invitation(
        0, membership.programme, membership.member_number, verdict.invitation, None, used=False
    )


def invitation_entry(invitation: Invitation, context: Context) -> Decision:
    """The event of an invitation, which its programme's partner is shown."""
    return Decision(
        kind="INVITATION",
        facts={
            "programme": invitation.programme,
            "tier": invitation.tier,
            "expires_on": invitation.expires_on and invitation.expires_on.isoformat(),
            "because": because(context),
        },
        result=None,
        facts_parties=frozenset({context.programme(invitation.programme).partner}),
        changes=(InvitationAdded(invitation),),
        business=False,
    )


def _with_vouchers(
    definition: ProgrammeDefinition,
    outcome: Outcome,
    standing: Standing,
    made: Sequence[Counted],
    context: Context,
) -> Outcome:
    """Vouchers for the multiples that counters passed by this activity, each once."""
    membership = outcome.membership
    sides = context.state.sides(membership.account)
    earned = {one for side in sides for one in context.state.multiples[side]}
    consequences, numbers = [*outcome.consequences], []
    for voucher in definition.vouchers:
        if voucher.tiers is not None and membership.tier not in voucher.tiers:
            continue
        for multiple in _passed(definition, voucher, standing.progress, made, membership):
            if (voucher.voucher, multiple) not in earned:
                number = context.number + 1 + len(consequences)
                numbers.append(number)
                entry = _voucher_entry(voucher, multiple, membership, number, context)
                consequences.append(entry)
    return replace(outcome, consequences=tuple(consequences), vouchers=tuple(numbers))


def _passed(
    definition: ProgrammeDefinition,
    voucher: EarnedVoucher,
    progress: Progress,
    made: Sequence[Counted],
    membership: Membership,
) -> range:
    """Multiples of the counter, from 1, that lie between its value before and after."""
    every = voucher.every * 10 ** counter_exponent(definition, voucher.counter)
    after = progress.total(voucher.counter, Days(date.min, date.max))
    added = sum(
        item.contribution.amount
        for item in made
        if item.account == membership.account and item.contribution.counter == voucher.counter
    )
    return range(int((after - added) // every) + 1, int(after // every) + 1)


def _voucher_entry(
    voucher: EarnedVoucher, multiple: int, membership: Membership, number: int, context: Context
) -> Decision:
    holds, today = voucher.voucher_holds, context.today(membership.programme)
    added = Voucher(
        number=number,
        member_id=membership.member_id,
        programme=membership.programme,
        award=voucher.voucher,
        tier=membership.tier,
        points_minor=0,
        bought_minor=0,
        money=(),
        state=VoucherState.ISSUED,
        usable_until=None if holds is None else add_span(today, holds) - DAY,
        cancellable_until=None,
        earned_by=context.number,
        multiple=multiple,
    )
    return Decision(
        kind="VOUCHER",
        facts={
            "member": str(membership.member_id),
            "programme": membership.programme,
            "voucher": voucher.voucher,
            "multiple": str(multiple),
            "because": because(context),
        },
        result=None,
        facts_parties=frozenset({context.programme(membership.programme).partner}),
        changes=(VoucherAdded(added),),
        business=False,
    )


def points_alive(programme_id: str, context: Context) -> bool:
    """Whether points of a programme are not gone yet because it was wound down."""
    closing = context.programme(programme_id).closing
    return closing is None or context.now < closing.points_until


def require_points_alive(programme_id: str, context: Context) -> None:
    """Refuse to give or spend points of a programme whose points are gone, reviewed or not."""
    closing = context.programme(programme_id).closing
    if closing is not None and not points_alive(programme_id, context):
        raise Refused(
            Reason.PROGRAMME_CLOSED,
            f"points of {programme_id} were good until {timestamp(closing.points_until)}",
            {"programme": programme_id},
        )


def because(context: Context) -> str | None:
    """Number of the entry from which something follows; None where time alone brought it."""
    return str(context.number) if context.request_id else None


def progress_changes(made: Iterable[Counted], number: int) -> list[ProgressMade]:
    """The changes that count contributions of an entry."""
    return [ProgressMade(item, number) for item in made]
