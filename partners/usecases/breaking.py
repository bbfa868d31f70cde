"""Use cases of breaks: accept, dispute, correct, adjust, write off. Each step is an entry."""

from dataclasses import dataclass, replace

from partners.context import Bound, Context, Decision
from partners.directory import PrincipalKind
from partners.reconciliation_changes import StepTaken
from partners.refusals import Reason, Refused, invalid
from partners.state import Needs
from settlement.ledger.breaks import Adjustment, Break, BreakId, Source, State, Step, StepKind

ADJUSTMENT_KIND = "ADJUSTMENT"
"""Of the entry that books one, and of its line."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why, for people, and the hash of a document that the sender keeps."""

    words: str
    evidence_sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """Say that the ledger is right."""

    break_id: BreakId
    reasons: Reasons

    def add_needs(self, needs: Needs) -> None:
        """The break."""
        needs.found_breaks.add(self.break_id)


@dataclass(frozen=True, slots=True)
class Dispute:
    """Say that the ledger is wrong."""

    break_id: BreakId
    reasons: Reasons

    def add_needs(self, needs: Needs) -> None:
        """The break."""
        needs.found_breaks.add(self.break_id)


@dataclass(frozen=True, slots=True)
class Correct:
    """Name the entry that corrected a break."""

    break_id: BreakId
    entry: int
    reasons: Reasons

    def add_needs(self, needs: Needs) -> None:
        """The break, and who was shown the entry."""
        needs.found_breaks.add(self.break_id)
        needs.shown_entries.add(self.entry)


@dataclass(frozen=True, slots=True)
class Adjust:
    """Sign an adjustment."""

    break_id: BreakId
    adjustment: Adjustment
    reasons: Reasons

    def add_needs(self, needs: Needs) -> None:
        """The break."""
        needs.found_breaks.add(self.break_id)


@dataclass(frozen=True, slots=True)
class WriteOff:
    """Give a break up."""

    break_id: BreakId
    reasons: Reasons

    def add_needs(self, needs: Needs) -> None:
        """The break."""
        needs.found_breaks.add(self.break_id)


def accept(command: Accept, context: Context) -> Decision:
    """By the owner: resolved, the ledger stands, nothing is booked."""
    found = _unresolved(command.break_id, context)
    return _taken(found, StepKind.ACCEPTED, State.RESOLVED, command.reasons, context)


def dispute(command: Dispute, context: Context) -> Decision:
    """By the owner; as often as there is something new to say."""
    found = _unresolved(command.break_id, context)
    return _taken(found, StepKind.DISPUTED, State.DISPUTED, command.reasons, context)


def correct(command: Correct, context: Context) -> Decision:
    """By the owner: resolved by a later entry that it was shown."""
    found = _unresolved(command.break_id, context)
    parties = context.state.shown_to.get(command.entry, frozenset())
    if command.entry <= found.break_id[0] or context.participant not in parties:
        raise _refused(found, f"entry {command.entry} is none of yours that came after the break")
    return _taken(
        found,
        StepKind.CORRECTED,
        State.RESOLVED,
        command.reasons,
        context,
        entry=command.entry,
    )


def adjust(command: Adjust, context: Context) -> Decision:
    """By the owner, or who was asked by it: the second to sign the same terms books it.

    1. One of the two is the owner, the other another participant; of a record's difference no more
       is adjusted than it comes to. Netting puts a default on others, so limits hold.
    2. Where the other's last proposal has these terms, the debtor owes the creditor, in the window
       that is open now.
    3. Else it is a proposal, and the break stays as it is.
    """
    adjustment = command.adjustment
    found = _unresolved(command.break_id, context, asked=True)
    _require_two(found, adjustment, context)
    (other,) = {adjustment.debtor, adjustment.creditor} - {context.participant}
    proposals = [
        step
        for step in found.steps
        if step.kind is StepKind.ADJUSTMENT_PROPOSED and step.participant == other
    ]
    if not proposals or proposals[-1].adjustment != adjustment:
        kind = StepKind.ADJUSTMENT_PROPOSED
        return _taken(found, kind, found.state, command.reasons, context, adjustment=adjustment)
    booked = _taken(
        found,
        StepKind.CORRECTED,
        State.RESOLVED,
        command.reasons,
        context,
        entry=context.number,
        adjustment=adjustment,
    )
    lines = context.book.obligation(
        ADJUSTMENT_KIND,
        adjustment.debtor,
        adjustment.creditor,
        adjustment.amount_minor,
        terms=proposals[-1].number,
    )
    return replace(
        booked, kind=ADJUSTMENT_KIND, lines=tuple(lines), business=True, bound=Bound.SPENDING
    )


def write_off(command: WriteOff, context: Context) -> Decision:
    """By two persons of the operator: the first proposes, the second resolves.

    Nothing is booked: the ledger stands as it is, and the loss or gain is in the owner's own
    books. Where money is to move, that is an adjustment.
    """
    found = _unresolved(command.break_id, context, operator=True)
    if context.directory.principals[context.sender].kind is not PrincipalKind.PERSON:
        raise Refused(Reason.NOT_AUTHORIZED, "a write-off is signed by persons")
    proposed = found.proposed(StepKind.WRITE_OFF_PROPOSED)
    if proposed is None:
        kind, state = StepKind.WRITE_OFF_PROPOSED, found.state
    elif proposed.sender == context.sender:
        raise Refused(
            Reason.SAME_PERSON,
            f"{context.sender} proposed to write off break {words_of(found.break_id)}; a second "
            "person has to sign it",
        )
    else:
        kind, state = StepKind.WRITTEN_OFF, State.RESOLVED
    return _taken(found, kind, state, command.reasons, context)


def words_of(break_id: BreakId) -> str:
    """A break's id for people: 17, or 17.3 for the third of a reconciliation."""
    number, item = break_id
    return f"{number}.{item}" if item else str(number)


def _require_two(found: Break, adjustment: Adjustment, context: Context) -> None:
    parties = {adjustment.debtor, adjustment.creditor}
    known = {p.principal_id for p in context.directory.participants()}
    if len(parties) != 2 or not parties <= known:  # noqa: PLR2004 - a debtor and a creditor
        raise invalid("adjustment", "is between two different participants of the coalition")
    if found.owner not in parties or context.participant not in parties:
        raise _refused(found, f"an adjustment is between {found.owner} and another, who sign it")
    most = abs(found.difference_minor)
    if found.source is Source.RECONCILIATION and adjustment.amount_minor > most:
        raise invalid("adjustment.amount_minor", f"is more than the difference of {most}")


def _unresolved(
    break_id: BreakId, context: Context, *, asked: bool = False, operator: bool = False
) -> Break:
    """A break that the sender owns, was asked to adjust, or may see as the operator."""
    found = context.state.found_breaks.get(break_id)
    if found is None:
        raise _unknown(break_id)
    allowed = {found.owner}
    if asked:
        terms = (step.adjustment for step in found.steps)
        allowed.update(p for t in terms if t is not None for p in (t.debtor, t.creditor))
    if operator:
        allowed.add(context.operator)
    if context.participant not in allowed:
        raise _unknown(break_id)
    if found.state is State.RESOLVED:
        raise _refused(found, f"it is resolved ({found.resolution})")
    return found


def _unknown(break_id: BreakId) -> Refused:
    return Refused(
        Reason.UNKNOWN_BREAK,
        f"there is no break {words_of(break_id)} of yours; see `coalition breaks list`",
        {"break": words_of(break_id)},
    )


def _refused(found: Break, problem: str) -> Refused:
    return Refused(
        Reason.BREAK_STATE,
        f"break {words_of(found.break_id)}: {problem}",
        {"break": words_of(found.break_id), "state": str(found.state)},
    )


def _taken(
    found: Break,
    kind: StepKind,
    state: State,
    reasons: Reasons,
    context: Context,
    *,
    entry: int | None = None,
    adjustment: Adjustment | None = None,
) -> Decision:
    """One step: an entry, and the break as it stands after it."""
    step = Step(
        number=context.number,
        break_id=found.break_id,
        kind=kind,
        state=state,
        participant=context.participant,
        sender=context.sender,
        words=reasons.words,
        taken_at=context.now,
        evidence_sha256=reasons.evidence_sha256,
        entry=entry,
        adjustment=adjustment,
    )
    after = replace(found, steps=(*found.steps, step))
    parties = {found.owner, context.operator}
    if adjustment is not None:
        parties |= {adjustment.debtor, adjustment.creditor}
    evidence = reasons.evidence_sha256
    return Decision(
        kind="BREAK_STEP",
        facts={
            "break": words_of(found.break_id),
            "step": str(kind),
            "state": str(state),
            "words": reasons.words,
            "evidence_sha256": None if evidence is None else evidence.hex(),
            "entry": None if entry is None else str(entry),
            "adjustment": None
            if adjustment is None
            else [adjustment.debtor, adjustment.creditor, str(adjustment.amount_minor)],
        },
        result=after,
        facts_parties=frozenset(parties),
        changes=(StepTaken(after, step),),
        business=False,
    )
