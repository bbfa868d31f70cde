"""The one path of every write: a batch of submissions, decided in order and written at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from partners.context import Context, Decision
from partners.desk import Desk
from partners.directory import Directory
from partners.directory_store import current_directory
from partners.limiting import load_owed, within_limits
from partners.querying import run, together
from partners.refusals import STORED, Reason, Refused
from partners.requests import (
    Accepted,
    Answer,
    Decided,
    Remembered,
    Request,
    RequestKey,
    Submission,
    remembered,
    remembering,
)
from partners.safeguarding import load_safeguarded
from partners.state import Needs, State
from partners.state_store import load_into
from partners.usecases import USE_CASES
from partners.validity import require_alive, require_not_revoked
from settlement.ledger.amounts import AmountOverflow
from settlement.ledger.book import Head
from settlement.ledger.entries import Coalition


class AnswerWriter(Protocol):
    """Puts verdicts into the bytes of the wire; those are the gateway's."""

    def accepted(self, request: Request, accepted: Accepted, directory: Directory) -> Answer:
        """The receipt of an accepted request."""

    def refused(self, request: Request, refused: Refused, now: datetime) -> Answer:
        """The refusal of a request."""

    def batch(self, head: Request, outcomes: Sequence[Answer]) -> Answer:
        """The receipt of a batch, with the outcome of every item."""

    def item(self, batch: Answer, index: int) -> Answer:
        """The outcome of one item out of a batch's receipt."""


Reply = Answer | Refused
"""What a submission is told: a stored answer, or a refusal that is not stored."""


def is_administrative(submission: Submission) -> bool:
    """Whether it changes the directory, and so has to be a batch by itself."""
    return USE_CASES[submission.head.asks].administrative


@dataclass(frozen=True, slots=True)
class Decisions:
    """What became of a batch; it holds once the transaction is committed.

    A reply for each submission, the directory by which they were judged, the log's new end.
    """

    replies: list[Reply]
    directory: Directory
    head: Head


def run_batch(
    connection: Connection,
    head: Head,
    coalition: Coalition,
    known: Directory | None,
    submissions: Sequence[Submission],
    *,
    now: datetime,
    writer: AnswerWriter,
) -> Decisions:
    """Decide submissions in order and write what came of them, in the caller's transaction.

    `head` is the end of the log, which the caller locked with the transaction's first statement:
    nobody else writes.

    1. Load: the directory if it changed, requests seen before, what the commands need.
    2. Decide, on balances that include the earlier items.
    3. Write entries, changes and answers, each in a fixed number of statements.

    An administrative submission comes alone.
    """
    directory = current_directory(connection, coalition, known, head.directory_version)
    now = max(now, head.accepted_at)
    state = State()
    seen = run(
        connection,
        _load(connection, state, directory, _needs(submissions, now), submissions),
    )
    desk = Desk(directory, head, now, state)
    judge = _Judge(desk, seen, writer)
    replies = [judge.judge(submission) for submission in submissions]
    grown = desk.write(connection, remembering(judge.decided))
    return Decisions(replies, directory, grown)


def _require_form(request: Request) -> None:
    if request.malformed is not None:
        raise request.malformed


def _needs(submissions: Iterable[Submission], now: datetime) -> Needs:
    """What all of them need; of those that were decided before nobody knows yet."""
    needs = Needs(now=now)
    for submission in submissions:
        for request in submission.requests:
            if request.command is not None:
                request.command.add_needs(needs)
    return needs


async def _load(
    connection: Connection,
    state: State,
    directory: Directory,
    needs: Needs,
    submissions: Sequence[Submission],
) -> dict[RequestKey, Remembered]:
    """The state that is needed; gives those of the requests that were decided before."""
    seen: dict[RequestKey, Remembered] = {}
    await together(
        _recall(seen, submissions),
        load_owed(state, directory, needs),
        load_into(connection, state, needs),
    )
    await load_safeguarded(state, directory, needs)
    return seen


async def _recall(seen: dict[RequestKey, Remembered], submissions: Sequence[Submission]) -> None:
    seen.update(await remembered({key for s in submissions for key in s.keys}))


@dataclass
class _Judge:
    """Decides one batch, and keeps the answers that are to be remembered."""

    desk: Desk
    seen: dict[RequestKey, Remembered]
    writer: AnswerWriter
    decided: list[Decided] = field(default_factory=list)
    directory: Directory = field(init=False)
    """What the requests are judged by."""
    now: datetime = field(init=False)
    """The instant of the batch."""

    def __post_init__(self) -> None:
        """See by what and when."""
        self.directory, self.now = self.desk.directory, self.desk.now

    def judge(self, submission: Submission) -> Reply:
        """A reply to one submission; checks in the order of proto/SIGNING.md."""
        head = submission.head
        try:
            before = self._seen_before(head, submission.keyid)
            if before is not None:
                return before
            require_alive(self.directory.keys[submission.keyid], submission)
            self._require_role(head)
            _require_form(head)
            if submission.items is not None:
                return self._judge_batch(submission, submission.items)
            answer, number = self._decide(head)
        except Refused as refused:
            return refused
        self._remember(Decided(head, submission, number, self.now, answer))
        return answer

    def _seen_before(self, request: Request, keyid: str) -> Answer | None:
        """The answer to the same request, given before: also after it expired."""
        require_not_revoked(self.directory.keys[keyid])
        before = self.seen.get(request.key)
        if before is None:
            return None
        if before.sha256 != request.sha256 or before.method != request.method:
            raise Refused(
                Reason.REQUEST_ID_REUSED,
                f"request id {request.request_id} was used for another request; choose a new one",
                {"request_id": request.request_id},
            )
        if before.batch_index is None:
            return before.answer
        return self.writer.item(before.answer, before.batch_index)

    def _require_role(self, request: Request) -> None:
        roles = USE_CASES[request.asks].roles
        if not roles & self.directory.principals[request.sender].roles:
            raise Refused(
                Reason.NOT_AUTHORIZED,
                f"{request.sender} may not call {request.method}; it needs a role of "
                f"{', '.join(sorted(roles))}",
                {"method": request.method},
            )

    def _decide(self, request: Request) -> tuple[Answer, int | None]:
        """Accept or refuse by the rules; raises Refused where nothing is to be remembered."""
        _require_form(request)
        context = self.desk.context(request.sender, request.request_id)
        try:
            decision = self._decided(request, context)
        except Refused as refused:
            if refused.reason not in STORED:
                raise
            self.desk.apply(refused.changes)
            return self.writer.refused(request, refused, self.now), None
        accepted = self._accept(request, decision, context)
        return self.writer.accepted(request, accepted, self.directory), context.number

    def _decided(self, request: Request, context: Context) -> Decision:
        """What the use case says and limits allow; a refusal is noted where that is asked for."""
        try:
            return self._judged(request, context)
        except Refused as refused:
            note = USE_CASES[request.asks].note
            if note is not None:
                refused.changes = (*refused.changes, note(request.command, context, refused))
            raise

    def _judged(self, request: Request, context: Context) -> Decision:
        """A decision with its alerts; a result that cannot be kept is refused like the rest."""
        try:
            use_case = USE_CASES[request.asks]
            decision = within_limits(use_case.decide(request.command, context), context)
            for change in decision.changes:
                change.require_fits(context.state)
        except AmountOverflow as error:
            raise Refused(Reason.OVERFLOW, str(error)) from error
        return decision

    def _accept(self, request: Request, decision: Decision, context: Context) -> Accepted:
        """The entry of a decision, then those of what follows from it."""
        told = decision
        if context.participant not in decision.facts_parties:
            told = replace(decision, facts_parties=decision.facts_parties | {context.participant})
        entry = self.desk.enter(told, request.sender, request.sha256)
        return Accepted(entry, decision)

    def _remember(self, decided: Decided) -> None:
        self.decided.append(decided)
        if decided.answer is not None:
            request = decided.request
            self.seen[request.key] = Remembered(request.sha256, request.method, decided.answer)

    def _judge_batch(self, submission: Submission, items: Sequence[Request]) -> Answer:
        """One outcome per item; only what was decided by the rules is remembered by its id."""
        outcomes: list[Answer] = []
        fresh: list[Decided] = []
        for index, item in enumerate(items):
            try:
                outcome = self._seen_before(item, submission.keyid)
                if outcome is None:
                    outcome, number = self._decide(item)
                    fresh.append(Decided(item, submission, number, self.now, outcome, index))
                    self.seen[item.key] = Remembered(item.sha256, item.method, outcome)
            except Refused as refused:
                outcome = self.writer.refused(item, refused, self.now)
            outcomes.append(outcome)
        answer = self.writer.batch(submission.head, outcomes)
        self._remember(Decided(submission.head, submission, None, self.now, answer))
        self.decided.extend(replace(item, answer=None) for item in fresh)
        return answer
