"""How much participants may owe: judged for every decision before it is accepted.

What a participant owes on balance counts over all windows that are not paid, with what it has
promised for open holds. It is read once for a batch, under the writer's lock, and kept up to date
as decisions are accepted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from sqlalchemy import Table

from partners import tables
from partners.changes import Accumulation
from partners.context import Bound, Context, Decision
from partners.directory import Directory
from partners.exchange.terms import Limits
from partners.programmes.money import decimal
from partners.querying import ask
from partners.refusals import Reason, Refused
from partners.state import Needs, State
from settlement.ledger.amounts import value_of
from settlement.ledger.exposure import owed_by

WHOLE = 100
"""Per cent of cap and cover: beyond it the reserve is used."""


_OWED = """
select participant, debits - credits as owed from exposure where participant = any(:participants)
union all select participant, amount from promised where participant = any(:participants)
"""


async def load_owed(state: State, directory: Directory, needs: Needs) -> None:
    """What participants with limits in force owe; nothing is asked where there are none."""
    if needs.now is None:
        return
    names = [p.principal_id for p in directory.participants()]
    limited = [name for name in names if directory.book.limits(name, needs.now) is not None]
    if not limited:
        return
    rows = await ask(_OWED, participants=limited)
    state.owed = dict.fromkeys(limited, 0)
    for row in rows:
        state.owe(row.participant, int(row.owed))


@dataclass(frozen=True, slots=True)
class Promised(Accumulation):
    """A participant will owe more (positive) once a hold is captured, or no longer (negative)."""

    table: ClassVar[Table] = tables.promised

    participant: str
    amount_minor: int

    def apply(self, state: State) -> None:
        """Count it as if it were owed."""
        state.owe(self.participant, self.amount_minor)

    def row(self) -> tuple[tuple[object, ...], int]:
        """Its key, and what is added."""
        return (self.participant,), self.amount_minor


def hold_promised(amount_minor: int, agreement: int, context: Context) -> Promised:
    """What the operator promises a merchant with a hold: the agreement's price of all of it."""
    price = context.directory.agreements[agreement].terms.reimbursement_price
    return Promised(context.operator, value_of(amount_minor, price))


def hold_settled(amount_minor: int, agreement: int, context: Context) -> Promised:
    """The end of that promise, when the hold is captured, given up or past its expiry."""
    made = hold_promised(amount_minor, agreement, context)
    return replace(made, amount_minor=-made.amount_minor)


def within_limits(decision: Decision, context: Context) -> Decision:
    """A decision with the alerts that follow from it, where its bound allows it.

    Raises LIMIT_EXCEEDED where a participant's net debit would grow beyond what it may owe.
    Nobody is stopped from coming to owe less.
    """
    if not context.state.owed:
        return decision
    grown = _grown(decision, context.state)
    if not grown:
        return decision
    book, now = context.directory.book, context.now
    limits = {name: found for name in grown if (found := book.limits(name, now)) is not None}
    _require_may_owe(decision.bound, grown, limits, context)
    alerts = tuple(_alerts(grown, limits, context))
    return replace(decision, consequences=(*decision.consequences, *alerts))


def _grown(decision: Decision, state: State) -> dict[str, int]:
    """By how much what each participant with limits owes would grow, where it would."""
    sums: dict[str, int] = {}
    for part in (decision, *decision.consequences):
        for name, amount in owed_by(part.lines).items():
            sums[name] = sums.get(name, 0) + amount
        for change in part.changes:
            if isinstance(change, Promised):
                sums[change.participant] = sums.get(change.participant, 0) + change.amount_minor
    return {name: sums[name] for name in sorted(sums.keys() & state.owed.keys()) if sums[name] > 0}


def _require_may_owe(
    bound: Bound, grown: Mapping[str, int], limits: Mapping[str, Limits], context: Context
) -> None:
    """None of them comes to owe more than the bound allows."""
    if bound is Bound.NONE:
        return
    over = {
        name: allowed
        for name, of in limits.items()
        for allowed in [_allowed(of, bound)]
        if context.state.owed[name] + grown[name] > allowed
    }
    if over:
        raise _exceeded(over, grown, context)


def _allowed(limits: Limits, bound: Bound) -> int:
    reserve = limits.reserve_minor if bound is Bound.EARNING else 0
    return limits.covered_minor + reserve


def _exceeded(over: Mapping[str, int], grown: Mapping[str, int], context: Context) -> Refused:
    """The refusal: with figures to whose limit it is, to others without so much as a name."""
    me = context.participant
    if me not in over:
        return Refused(
            Reason.LIMIT_EXCEEDED,
            "a participant would come to owe more than it may for now; try again later, as a new "
            "request",
        )
    allowed, owed = over[me], context.state.owed[me]
    exponent = context.directory.coalition.exponent
    left = max(0, allowed - owed)
    return Refused(
        Reason.LIMIT_EXCEEDED,
        f"{me} may owe {decimal(allowed, exponent)} on balance for this, owes "
        f"{decimal(owed, exponent)} and would owe {decimal(grown[me], exponent)} more; prefund "
        "more or ask for a higher limit, then send a new request",
        {
            "participant": me,
            "net_debit_minor": str(owed),
            "limit_minor": str(allowed),
            "left_minor": str(left),
            "asked_minor": str(grown[me]),
        },
    )


def _alerts(
    grown: Mapping[str, int], limits: Mapping[str, Limits], context: Context
) -> Iterator[Decision]:
    """For each participant that reaches a level, or its reserve, an entry in its feed."""
    for name, of in limits.items():
        before = context.state.owed[name]
        after = before + grown[name]
        percent = level_reached(of, before, after)
        if percent is not None:
            yield Decision(
                kind="LIMIT_ALERT",
                facts={
                    "participant": name,
                    "percent": str(percent),
                    "net_debit": str(after),
                    "covered": str(of.covered_minor),
                    "reserve": str(of.reserve_minor),
                },
                result=None,
                facts_parties=frozenset({name, context.operator}),
                business=False,
            )


def level_reached(limits: Limits, before: int, after: int) -> int | None:
    """The highest level, in per cent of cap and cover, that is reached on the way up.

    A level is reached by owing as much; the reserve, for which 100 stands as well, by owing more
    than is covered; where nothing is covered there is no other level. None where none is.
    """
    covered = limits.covered_minor
    percents = limits.alert_percents if covered else ()
    levels = [p for p in percents if before * WHOLE < p * covered <= after * WHOLE]
    if before <= covered < after:
        levels.append(WHOLE)
    return max(levels, default=None)
