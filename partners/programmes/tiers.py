"""Which tier a membership has: reached, kept, lapsed. Days are the programme's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from partners.programmes.forms import Span
from partners.programmes.levels import Fall, Term
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.periods import DAY, add_span
from partners.programmes.progress import Progress
from partners.programmes.reaching import Judge, Reached
from settlement.ledger.values import value


class TierSource(StrEnum):
    """How a membership came to its tier."""

    JOINED = "JOINED"
    DECIDED = "DECIDED"
    REACHED = "REACHED"
    LIFETIME = "LIFETIME"
    PURCHASED = "PURCHASED"
    INVITED = "INVITED"
    MATCHED = "MATCHED"
    CARRIED_OVER = "CARRIED_OVER"
    LAPSED = "LAPSED"
    RELEGATED = "RELEGATED"
    TAKEN_BACK = "TAKEN_BACK"


GRANTED = frozenset(
    {
        TierSource.JOINED,
        TierSource.DECIDED,
        TierSource.PURCHASED,
        TierSource.INVITED,
        TierSource.MATCHED,
        TierSource.CARRIED_OVER,
    }
)
"""A tier that was given holds to its end, also below a higher one that is reached and lost."""

COUNTED = frozenset({TierSource.REACHED, TierSource.LIFETIME, TierSource.TAKEN_BACK})
"""A tier that rests on what was counted, and goes with it."""

PUT_DOWN = frozenset({TierSource.DECIDED, TierSource.RELEGATED})
"""Nothing that was given before these is left."""


@value
class TierTerm:
    """A tier, from the day on which it begins to the last day on which it holds (None: open)."""

    tier: str
    since: date
    until: date | None
    source: TierSource


@value
class Standing:
    """What decides a membership's tier besides the definition."""

    held: TierTerm
    progress: Progress
    joined_on: date
    earlier: Sequence[TierTerm] = ()
    """Terms that were recorded before `held`, in their order: what was bought or given holds
    on below a tier that is reached and lost."""
    evaluated_on: date = date.min
    """The day up to which time was seen to: it is not looked at again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an evaluation changes: terms in their order, and the tier to invite to."""

    terms: tuple[TierTerm, ...] = ()
    invitation: str | None = None


def tier_on(terms: Sequence[TierTerm], day: date) -> TierTerm:
    """The term that was recorded last of those that had begun by a day; else the first one.

    `terms` are in the order in which they were recorded; there is at least one.
    """
    for term in reversed(terms):
        if term.since <= day:
            return term
    return terms[0]


def evaluate(
    definition: ProgrammeDefinition,
    standing: Standing,
    today: date,
    touched: date | None = None,
) -> Verdict:
    """Let lapse what has ended, and raise to what is reached. Within its term a tier only rises.

    `touched` is the day of an activity that has just been counted, which can be past: then what
    it completes is looked for from that day on. The verdict is that of evaluating on each day
    since the tier began, as long as each activity was evaluated when it was counted.
    """
    steps = _Steps(definition, standing)
    judge = steps.judge
    seen = max(standing.held.since, standing.evaluated_on)
    days = {today} | judge.days_of_time(seen, today)
    if touched is not None and definition.qualification.term is not Term.WHILE_REACHED:
        days |= judge.days_counted(touched, min(today, judge.last_affected(touched)))
    for day in sorted(days):
        steps.take(day, today)
    return steps.verdict()


def taken_back(definition: ProgrammeDefinition, standing: Standing, today: date) -> TierTerm | None:
    """The term after a reversal, where the tier was reached by what was taken back.

    A tier that is still reached, but no longer for as long, holds as long as it is.
    """
    held = standing.held
    if held.source not in COUNTED:
        return None
    steps = _Steps(definition, standing)
    days = {held.since, today}
    if held.until is not None:
        days |= steps.judge.days_counted(held.since, today)
    found = [reached for day in days for reached in steps.judge.reached_on(day)]
    found += steps.judge.reached_at_end(held.since)
    best = _best(steps.open_to_all(reached for reached in found if reached.holds_on(today)))
    if best is not None and best.rank >= steps.rank:
        shorter = held.until is not None and best.rank == steps.rank and best.until is not None
        if not shorter or best.holds_on(held.until or today):
            return None
    to = steps.at_least_granted(best, held.since)
    return TierTerm(definition.tiers[to.rank].name, held.since, to.until, TierSource.TAKEN_BACK)


def granted(
    definition: ProgrammeDefinition,
    tier: str,
    source: TierSource,
    today: date,
    joined_on: date,
    *,
    holds: Span | None = None,
) -> TierTerm:
    """A tier that is bought, matched or accepted on a day.

    It holds for `holds`, which a match may state, else as its tier says, else as if reached.
    Raises UnknownTier.
    """
    span = holds or definition.tier(tier).holds
    until = (
        Judge(definition, Progress(), joined_on).term_end(today)
        if span is None
        else add_span(today, span) - DAY
    )
    return TierTerm(tier, today, until, source)


def relegated(
    definition: ProgrammeDefinition, held: TierTerm, today: date, joined_on: date
) -> TierTerm:
    """One tier down, at a review. Whoever has the tier for life is not asked for that."""
    rank = max(0, definition.ranks.get(held.tier, 0) - 1)
    until = Judge(definition, Progress(), joined_on).fallen_end(today) if rank else None
    return TierTerm(definition.tiers[rank].name, today, until, TierSource.RELEGATED)


class _Steps:
    """An evaluation: the tier as it changes from day to day."""

    def __init__(self, definition: ProgrammeDefinition, standing: Standing) -> None:
        self.definition = definition
        self.judge = Judge(definition, standing.progress, standing.joined_on)
        self.terms: list[TierTerm] = []
        self.held = standing.held
        self._history = [*standing.earlier, standing.held]
        self._invited: Reached | None = None

    @property
    def rank(self) -> int:
        """The place of the tier that is held; of one that is no longer there the lowest."""
        return self.definition.ranks.get(self.held.tier, 0)

    def verdict(self) -> Verdict:
        """What came of all steps."""
        higher = self._invited is not None and self._invited.rank > self.rank
        name = self.definition.tiers[self._invited.rank].name if self._invited and higher else None
        return Verdict(tuple(self.terms), name)

    def take(self, day: date, today: date) -> None:
        """Evaluate on one day; what was before the tier began counts if it holds today."""
        while self.held.until is not None and self.held.until < day:
            self._become(self._lapsed(self.held.until + DAY))
        found = [
            reached
            for reached in self.judge.reached_on(day)
            if day >= self.held.since or reached.holds_on(today)
        ]
        best = _best(self.open_to_all(found))
        self._invited = _best(r for r in found if self._by_invitation(r)) or self._invited
        if best is not None and self._is_rise(best):
            source = TierSource.LIFETIME if best.for_life else TierSource.REACHED
            name = self.definition.tiers[best.rank].name
            self._become(TierTerm(name, best.since, best.until, source))
        elif self._falls():
            self._fall(found, day)

    def open_to_all(self, found: Iterable[Reached]) -> list[Reached]:
        """Those that take no invitation."""
        return [reached for reached in found if not self._by_invitation(reached)]

    def at_least_granted(self, best: Reached | None, day: date) -> Reached:
        """The best of what is reached, what was given and still holds on a day, and the entry."""
        found = [best] if best else []
        taken = False
        for term in reversed(self._history):
            life = term.source is TierSource.LIFETIME and not taken
            taken = taken or term.source is TierSource.TAKEN_BACK
            rank = self.definition.ranks.get(term.tier, 0)
            given = Reached(rank, day, term.until, life)
            if term is not self.held and (life or term.source in GRANTED) and given.holds_on(day):
                found.append(given)
            if term.source in PUT_DOWN:
                break
        return _best(found) or Reached(0, day, None)

    def _acceptable(self, found: Iterable[Reached]) -> list[Reached]:
        """Those that take no invitation, or none any more."""
        return [r for r in found if not self._by_invitation(r) or r.rank <= self.rank]

    def _become(self, term: TierTerm) -> None:
        self.terms.append(term)
        self._history.append(term)
        self.held = term

    def _by_invitation(self, reached: Reached) -> bool:
        return self.definition.tiers[reached.rank].invitation

    def _is_rise(self, best: Reached) -> bool:
        """A higher tier; or the same one for longer, where its term is of years or for life."""
        if best.rank != self.rank:
            return best.rank > self.rank
        if best.for_life:
            return self.held.source is not TierSource.LIFETIME
        by_years = self.definition.qualification.term in {Term.PERIOD, Term.NEXT_PERIOD}
        held_until = self.held.until
        return by_years and held_until is not None and best.holds_on(held_until + DAY)

    def _lapsed(self, day: date) -> TierTerm:
        """The term after one that has ended: what is reached by then, or one step down."""
        found = self._acceptable(self.judge.reached_at_end(day))
        to = self._landing(self.at_least_granted(_best(found), day), day)
        source = TierSource.LAPSED
        if to.for_life:
            source = TierSource.LIFETIME
        elif to in found and to.rank >= self.rank:
            source = TierSource.REACHED
        return TierTerm(self.definition.tiers[to.rank].name, day, to.until, source)

    def _landing(self, best: Reached, day: date) -> Reached:
        """Softly, where the programme says so: at most one step down."""
        soft = self.definition.qualification.fall is Fall.ONE_STEP
        if soft and best.rank < self.rank - 1:
            to = self.rank - 1
            return Reached(to, day, self.judge.fallen_end(day) if to else None)
        return best

    def _falls(self) -> bool:
        """Whether the tier ends when it is no longer reached."""
        return (
            self.definition.qualification.term is Term.WHILE_REACHED
            and self.held.until is None
            and self.held.source in {TierSource.REACHED, TierSource.LAPSED, TierSource.INVITED}
        )

    def _fall(self, found: Iterable[Reached], day: date) -> None:
        to = self.at_least_granted(_best(self._acceptable(found)), day)
        if to.rank < self.rank:
            name = self.definition.tiers[to.rank].name
            source = TierSource.LIFETIME if to.for_life else TierSource.LAPSED
            self._become(TierTerm(name, day, to.until, source))


def _best(found: Iterable[Reached]) -> Reached | None:
    return max(found, key=lambda r: (r.rank, r.until or date.max, r.for_life), default=None)
