"""Use cases of the default of a participant: a settlement is undone before anything of it is paid.

Two persons do it. The window is settled anew by the next run, with whom they set apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from partners.changes import Change as StateChange
from partners.context import Context, Decision
from partners.payment_store import (
    AbortEnded,
    AbortProposed,
    DueChanged,
    SettlementChanged,
    StepTaken,
    WindowReopened,
)
from partners.refusals import Reason, Refused
from partners.state import Needs
from settlement.ledger.dues import (
    ABORT,
    AbortProposal,
    AbortState,
    Change,
    Due,
    DueState,
    PostedSettlement,
    PostedState,
    Step,
    inverse,
    participants_of,
)
from settlement.ledger.entries import EVERYONE


@dataclass(frozen=True, slots=True)
class _OfSettlement:
    settlement: int

    def add_needs(self, needs: Needs) -> None:
        """The settlement."""
        needs.settlements.add(self.settlement)


@dataclass(frozen=True, slots=True)
class ProposeAbort(_OfSettlement):
    """Propose to abort a settlement, and whom the next one sets apart."""

    reason: str
    apart: tuple[str, ...]
    despite_sent: bool


@dataclass(frozen=True, slots=True)
class ApproveAbort(_OfSettlement):
    """Approve the proposal of that number."""

    proposal: int


@dataclass(frozen=True, slots=True)
class WithdrawAbort(_OfSettlement):
    """Withdraw the proposal of that number."""

    proposal: int
    reason: str


def propose(command: ProposeAbort, context: Context) -> Decision:
    """By a settlement operator.

    1. The settlement could be aborted now.
    2. Nothing else is proposed for it.
    3. Whoever is set apart owes or is owed in it.
    """
    settlement = _abortable(command.settlement, context, despite_sent=command.despite_sent)
    for before in context.state.aborts.values():
        of_it = before.settlement_id == command.settlement
        if of_it and before.state is AbortState.PROPOSED:
            raise Refused(
                Reason.ALREADY_EXISTS,
                f"proposal {before.number} to abort settlement {command.settlement} waits; approve "
                "or withdraw it",
                {"proposal": str(before.number)},
            )
    _require_part(command.apart, settlement, context)
    proposal = AbortProposal(
        number=context.number,
        settlement_id=command.settlement,
        proposed_by=context.sender,
        proposed_at=context.now,
        reason=command.reason,
        apart=tuple(sorted(command.apart)),
        despite_sent=command.despite_sent,
    )
    return Decision(
        kind="ABORT_PROPOSED",
        facts={**_facts(proposal, settlement), "despite_sent": str(command.despite_sent).lower()},
        result=proposal,
        changes=(
            AbortProposed(proposal),
            _step(command.settlement, Step.ABORT_PROPOSED, command.reason, context),
        ),
        business=False,
    )


def approve(command: ApproveAbort, context: Context) -> Decision:
    """By another person than the proposer: the settlement's entry is undone, line by line.

    Its window is cut again, its payments are void, and the statements will be superseded.
    Whether it could be aborted is judged again, as it is by now.
    """
    proposal = _waiting(command.settlement, command.proposal, context)
    if proposal.proposed_by == context.sender:
        raise Refused(
            Reason.SAME_PERSON,
            f"{context.sender} proposed this; it takes another settlement operator to approve it",
            {"proposal": str(proposal.number)},
        )
    settlement = _abortable(command.settlement, context, despite_sent=proposal.despite_sent)
    approved = _ended(proposal, AbortState.APPROVED, context)
    aborted = replace(settlement, state=PostedState.ABORTED, abort_number=context.number)
    return Decision(
        kind=ABORT,
        facts={**_facts(proposal, settlement), "proposal": str(proposal.number)},
        result=approved,
        facts_parties=frozenset({EVERYONE}),
        lines=inverse(context.state.lines[settlement.post_number]),
        changes=(
            AbortEnded(approved),
            SettlementChanged(aborted),
            WindowReopened(settlement.window_id),
            *_voided(command.settlement, proposal.reason, context),
            _step(command.settlement, Step.ABORTED, proposal.reason, context),
        ),
        corrects=settlement.post_number,
        business=False,
    )


def withdraw(command: WithdrawAbort, context: Context) -> Decision:
    """By any settlement operator, the proposer too."""
    proposal = _waiting(command.settlement, command.proposal, context)
    withdrawn = _ended(proposal, AbortState.WITHDRAWN, context)
    return Decision(
        kind="ABORT_WITHDRAWN",
        facts={
            "settlement": str(proposal.settlement_id),
            "proposal": str(proposal.number),
            "reason": command.reason,
        },
        result=withdrawn,
        changes=(
            AbortEnded(withdrawn),
            _step(command.settlement, Step.ABORT_WITHDRAWN, command.reason, context),
        ),
        business=False,
    )


def _abortable(settlement_id: int, context: Context, *, despite_sent: bool) -> PostedSettlement:
    """A closed settlement of which nothing is paid, nor under way unless that is said to be known.

    UNKNOWN_SETTLEMENT or SETTLEMENT_STATE otherwise.
    """
    settlement = context.state.settlements.get(settlement_id)
    if settlement is None:
        raise Refused(
            Reason.UNKNOWN_SETTLEMENT,
            f"there is no settlement {settlement_id} that was posted; see ListSettlements",
            {"settlement": str(settlement_id)},
        )
    by_state: dict[DueState, list[Due]] = {}
    for due in _dues(settlement_id, context):
        by_state.setdefault(due.state, []).append(due)
    if settlement.state is PostedState.POSTED:
        raise _in_the_way(settlement, "its run is not over; let it close, then abort it")
    if settlement.state is PostedState.ABORTED:
        raise _in_the_way(settlement, f"entry {settlement.abort_number} aborted it")
    if settlement.state is PostedState.SETTLED or DueState.CONFIRMED in by_state:
        paid = _names(by_state.get(DueState.CONFIRMED, ()))
        raise _in_the_way(
            settlement,
            f"confirmed: {paid or 'all'}; what is paid is not undone, the rest stays due",
        )
    if DueState.SENT in by_state and not despite_sent:
        raise _in_the_way(
            settlement,
            f"on their way: {_names(by_state[DueState.SENT])}; let their payees confirm or dispute "
            "them, or propose with despite_sent",
        )
    return settlement


def _in_the_way(settlement: PostedSettlement, why: str) -> Refused:
    return Refused(
        Reason.SETTLEMENT_STATE,
        f"settlement {settlement.settlement_id} is {settlement.state} and cannot be aborted: {why}",
        {"settlement": str(settlement.settlement_id), "state": str(settlement.state)},
    )


def _names(dues: Iterator[Due] | list[Due] | tuple[Due, ...]) -> str:
    return ", ".join(f"{due.payer} to {due.payee}" for due in dues)


def _dues(settlement_id: int, context: Context) -> list[Due]:
    found = (due for due in context.state.dues.values() if due.settlement_id == settlement_id)
    return sorted(found, key=lambda due: due.key)


def _require_part(apart: tuple[str, ...], settlement: PostedSettlement, context: Context) -> None:
    known = participants_of(context.state.lines[settlement.post_number])
    for name in apart:
        if name not in known:
            raise Refused(
                Reason.UNKNOWN_PARTICIPANT,
                f"{name} neither owes nor is owed in settlement {settlement.settlement_id}; "
                "nothing of it can be set apart",
                {"participant": name},
            )


def _waiting(settlement_id: int, number: int, context: Context) -> AbortProposal:
    proposal = context.state.aborts.get(number)
    waits = proposal is not None and proposal.state is AbortState.PROPOSED
    if proposal is None or proposal.settlement_id != settlement_id or not waits:
        raise Refused(
            Reason.UNKNOWN_PROPOSAL,
            f"no proposal {number} to abort settlement {settlement_id} waits",
            {"proposal": str(number), "settlement": str(settlement_id)},
        )
    return proposal


def _ended(proposal: AbortProposal, state: AbortState, context: Context) -> AbortProposal:
    return replace(proposal, state=state, ended_by=context.sender, ended_number=context.number)


def _voided(settlement_id: int, why: str, context: Context) -> Iterator[StateChange]:
    for due in _dues(settlement_id, context):
        void = replace(due, state=DueState.VOID, ended_at=context.now, ended_number=context.number)
        yield DueChanged(void)
        yield _step(settlement_id, Step.VOID, why, context, due)


def _facts(proposal: AbortProposal, settlement: PostedSettlement) -> dict[str, object]:
    return {
        "settlement": str(settlement.settlement_id),
        "window": str(settlement.window_id),
        "reason": proposal.reason,
        "apart": list(proposal.apart),
    }


def _step(
    settlement_id: int, step: Step, why: str, context: Context, due: Due | None = None
) -> StepTaken:
    return StepTaken(
        Change(
            settlement_id=settlement_id,
            step=step,
            who=context.sender,
            at=context.now,
            why=why,
            number=context.number,
            payer="" if due is None else due.payer,
            payee="" if due is None else due.payee,
        )
    )
