"""Makes attempts against a gateway, and holds what comes of them against what may come."""

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

import grpc
from sqlalchemy import text

from coalition.methods import Kind as MethodKind
from gateway.authentication import authenticate, submission_of
from gateway.statuses import STATUS_OF
from hostile.envelopes import Attempt, Kind, Sample, attempts, samples_of
from hostile.world import World
from partners.directory import Directory
from partners.directory_store import load_directory
from partners.refusals import Reason, Refused
from settlement.ledger.book import load_coalition
from support.raw_calls import OK, Verdict, Wire, verdict_of

AT_THE_DOOR = frozenset(
    {
        Reason.TOO_LARGE,
        Reason.MALFORMED_ENVELOPE,
        Reason.UNKNOWN_KEY,
        Reason.BAD_SIGNATURE,
        Reason.WRONG_PAYLOAD_TYPE,
        Reason.MALFORMED_PAYLOAD,
        Reason.UNKNOWN_FIELDS,
        Reason.MALFORMED_HEADER,
        Reason.WRONG_SENDER,
        Reason.WRONG_METHOD,
        Reason.WRONG_AUDIENCE,
        Reason.KEY_REVOKED,
        Reason.REQUEST_ID_REUSED,
        Reason.KEY_NOT_ACTIVE,
        Reason.EXPIRED,
    }
)
"""Refusals of a request that was not accepted as its sender's, now and for this method."""

PASSED = "PASSED"
"""In process: the request is its sender's, and its fields are of their form."""

FAULT = "FAULT"
"""The gateway failed: an exception that is no refusal, or a status without a reason."""

AT_ONCE = 64
MAX_KEPT = 20


@dataclass
class Tally:
    """What came of attempts, by attack; `wrong` are the first that should not have."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    wrongs: int = 0

    @property
    def attempts(self) -> int:
        """How many."""
        return sum(self.counts.values())

    def add(self, attempt: Attempt, outcome: str, problem: str) -> None:
        """One more."""
        self.counts[attempt.attack, outcome] += 1
        if problem:
            self.wrongs += 1
            if len(self.wrong) < MAX_KEPT:
                told = f"{attempt.attack}, to {attempt.method.short_name}: {problem}"
                self.wrong.append(f"{told}\n  {attempt.data[:4_000].hex()}")


@dataclass
class Trial:
    """A gateway that is attacked, and how it answered the samples before."""

    world: World
    wire: Wire
    samples: Sequence[Sample]
    answers: dict[str, Verdict]
    directory: Directory
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def begin(cls, world: World, wire: Wire) -> "Trial":
        """Send the samples: each is answered, and that is its answer for ever."""
        samples = samples_of(world, wire)
        answers = {s.method.full_name: _sent(wire, [(s.method, s.data)])[0] for s in samples}
        assert not [v for v in answers.values() if outcome_of(v) == FAULT]
        with world.day.engine.connect() as connection:
            coalition = load_coalition(connection)
            assert coalition is not None
            directory = load_directory(connection, coalition)
        return cls(world, wire, samples, answers, directory)

    def in_process(self, made: Iterable[Attempt]) -> None:
        """Every check up to the rules, without a wire."""
        for attempt in made:
            outcome, problem = self._passed(attempt)
            self.tally.add(attempt, outcome, problem)

    def over_the_wire(self, made: Iterable[Attempt]) -> None:
        """Whole calls, many at once. A feed that was asked for anew might never end."""
        rest = (a for a in made if not (a.method.streaming and a.kind is Kind.ANEW))
        while chunk := list(islice(rest, AT_ONCE)):
            verdicts = _sent(self.wire, [(a.method, a.data) for a in chunk])
            for attempt, verdict in zip(chunk, verdicts, strict=True):
                self.tally.add(attempt, outcome_of(verdict), self._problem(attempt, verdict))

    def _passed(self, attempt: Attempt) -> tuple[str, str]:
        try:
            now = self.world.day.clock.now
            request = authenticate(attempt.data, attempt.method, self.directory, now)
            outcome = PASSED
            if request.method.kind is MethodKind.WRITE:
                submission = submission_of(request, attempt.data)
                if any(r.malformed for r in (submission.head, *submission.requests)):
                    outcome = str(Reason.INVALID_ARGUMENT)
        except Refused as refused:
            return str(refused.reason), _unexpected_refusal(attempt, refused.reason)
        except Exception:  # noqa: BLE001 - finding these is the point
            return FAULT, traceback.format_exc()
        free = attempt.kind is Kind.ANEW or attempt.judged_by_the_writer or attempt.same_meaning
        return outcome, "" if free else "passed"

    def _problem(self, attempt: Attempt, verdict: Verdict) -> str:
        first = self.answers[attempt.sample.method.full_name]
        if outcome_of(verdict) == FAULT:
            return f"failed with {verdict}"
        if attempt.kind is Kind.ANEW:
            return ""
        if attempt.same_meaning:
            same = same_answer(attempt, first, verdict)
            return "" if same else f"was answered otherwise than before: {verdict}"
        if verdict.reason != OK and Reason(verdict.reason) in AT_THE_DOOR:
            return ""
        if attempt.judged_by_the_writer and (verdict.reason, verdict.signed) == (
            first.reason,
            None,
        ):
            return ""  # refused before anything is remembered, such as for the sender's role
        return f"was accepted: {verdict}"


def _unexpected_refusal(attempt: Attempt, reason: Reason) -> str:
    return f"refused, {reason}" if attempt.same_meaning and reason in AT_THE_DOOR else ""


def same_answer(attempt: Attempt, first: Verdict, again: Verdict) -> bool:
    """Byte for byte where it is signed; a read may tell of what happened since."""
    if attempt.method.kind is MethodKind.READ:
        return first.reason == again.reason
    return (first.reason, first.answer, first.signed) == (again.reason, again.answer, again.signed)


def outcome_of(verdict: Verdict) -> str:
    """OK, or a reason, or that it failed."""
    if verdict.reason == OK:
        return OK
    told = verdict.reason and verdict.domain == "coalition"
    if not told or verdict.code is not STATUS_OF[Reason(verdict.reason)]:
        return FAULT
    return FAULT if verdict.reason in {"UNAVAILABLE", "OVERLOADED"} else verdict.reason


def _sent(wire: Wire, requests: Sequence[tuple[object, bytes]]) -> list[Verdict]:
    """All at once; of a stream the first answer, and one after the other."""
    calls = [
        None
        if method.streaming
        else wire.channel.unary_unary(method.full_name).future(data, timeout=60)
        for method, data in requests
    ]
    verdicts = []
    for call, (method, data) in zip(calls, requests, strict=True):
        if call is None:
            verdicts.append(wire.stream(method.full_name, data))
            continue
        try:
            verdicts.append(Verdict(grpc.StatusCode.OK, OK, call.result()))
        except grpc.RpcError:
            verdicts.append(verdict_of(call))
    return verdicts


def written(world: World) -> tuple[int, int]:
    """Entries of the log, and requests that were decided."""
    query = text("select (select count(*) from entry), (select count(*) from request)")
    with world.day.engine.connect() as connection:
        entries, requests = connection.execute(query).one()
    return entries, requests


def run(
    trial: Trial,
    count: int,
    share: float,
    rng: Random,
    *,
    on_progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Make so many attempts, of them a share over the wire; what nobody signed writes nothing.

    What the writer judges goes over the wire always, and what was signed anew comes last.
    """
    before, done = written(trial.world), 0
    anew: list[Attempt] = []
    for part in _parts(count):
        made = attempts(trial.samples, part, rng)
        on_wire = [a.judged_by_the_writer or rng.random() < share for a in made]
        trial.in_process(a for a, wire in zip(made, on_wire, strict=True) if not wire)
        wired = [a for a, wire in zip(made, on_wire, strict=True) if wire]
        trial.over_the_wire(a for a in wired if a.kind is not Kind.ANEW)
        anew += [a for a in wired if a.kind is Kind.ANEW]
        done += part
        on_progress(done)
    if written(trial.world) != before:
        trial.tally.wrongs += 1
        trial.tally.wrong.append(f"{before} entries and requests became {written(trial.world)}")
    trial.over_the_wire(anew)


def _parts(count: int, size: int = 1_000) -> Iterator[int]:
    while count > 0:
        yield min(count, size)
        count -= size
