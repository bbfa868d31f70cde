"""Histories: drawn from a seed, with the oracle at hand to know what is interesting."""

import random
from dataclasses import dataclass
from datetime import timedelta

from simulation.actions import (
    Abort,
    Action,
    Again,
    Approve,
    Ask,
    Batch,
    Call,
    Convert,
    Due,
    Fault,
    History,
    Hold,
    Otherwise,
    Quote,
    Reprice,
    Restart,
    Settle,
    Step,
    Tick,
)
from simulation.drawing import Actions
from simulation.oracle.closing import STAGES
from simulation.oracle.oracle import Oracle
from simulation.world import (
    PARTNERS,
    rate_of,
)

STEPS = (14, 30)
CALLS = (1, 1, 2, 3, 5, 8, 12)
TICKS = (1, 1, 3, 9, 11, 60, 241, 1_500, -1, -2, -5, -30)
LOSSES = (Fault.CUT, Fault.LOST_BEFORE_COMMIT, Fault.LOST_AFTER_COMMIT)
CRASHES = (Fault.CRASH_BEFORE_COMMIT, Fault.CRASH_AFTER_COMMIT, Fault.UNREACHABLE)
PAIRS = (Fault.TAKEN_OVER, Fault.WAITED_FOR)
DELAYED = frozenset({Fault.CRASH_BEFORE_COMMIT, Fault.UNREACHABLE})


def history_of(seed: int, founded: Oracle) -> History:
    """The history of a seed, in the world that it begins in."""
    drawing = Drawing(random.Random(f"history {seed}"), founded.copy())
    return drawing.history()


@dataclass
class Drawing(Actions):
    """Draws one step after the other, and lets the oracle tell what follows from it."""

    def history(self) -> History:
        steps: list[Step] = []
        for _ in range(self.chance.randint(*STEPS)):
            step = self._step()
            self._play(step)
            steps.append(step)
        return tuple(steps)

    # Steps ----------------------------------------------------------------------------------

    def _step(self) -> Step:
        roll = self.chance.random()
        if roll < 0.12:
            return Tick(self.chance.choice(TICKS))
        if roll < 0.22:
            dies = self.chance.choice(STAGES) if self.chance.random() < 0.35 else ""
            return Settle(dies, bool(dies) and self.chance.random() < 0.5)
        if roll < 0.26:
            return Due()
        if roll < 0.29:
            rated = [name for name in PARTNERS if name in self.oracle.exchange.rates]
            return Reprice(self.chance.choice(rated), self.chance.randrange(10**6))
        if roll < 0.31:
            return Restart(self.chance.randrange(2))
        return self._batch()

    def _batch(self) -> Batch:
        fault = self._fault()
        calls = self._calls()
        if fault in PAIRS:
            both = [*calls, *self._calls(5)]
            cut = len(calls)
            then = tuple(both[cut:])
            if self.chance.random() < 0.4:  # impatient clients try the other gateway
                asked = [c.name for c in calls if isinstance(c, Ask)]
                names = self.chance.sample(asked, min(2, len(asked)))
                then = (*then, *(Again(name) for name in names))
            return Batch(tuple(calls), self.chance.randrange(2), fault, then=then)
        at = self.chance.randrange(24) if fault is Fault.CUT else 0
        return Batch(tuple(calls), self.chance.randrange(2), fault, at)

    def _fault(self) -> Fault:
        roll = self.chance.random()
        if roll < 0.14:
            return self.chance.choice(LOSSES)
        if roll < 0.24:
            return self.chance.choice(CRASHES)
        return self.chance.choice(PAIRS) if roll < 0.36 else Fault.NONE

    def _calls(self, most: int = 12) -> list[Call]:
        """Some calls, first those again that nobody answered."""
        calls: list[Call] = []
        if self.unanswered and self.chance.random() < 0.8:
            calls = [Again(name) for name in self.unanswered]
            self.unanswered = []
        for _ in range(min(most, self.chance.choice(CALLS))):
            calls.extend(self._call())
        if self.chance.random() < 0.15:
            self.chance.shuffle(calls)
        return calls

    def _call(self) -> list[Call]:
        roll = self.chance.random()
        known = list(self.letters)
        if known and roll < 0.07:
            return [Again(self._recent(known))]
        if known and roll < 0.09:
            return [Otherwise(self._recent(known), self._action())]
        if roll < 0.21:
            return self._quote_and_convert()
        if roll < 0.23 and (abort := self._abort()) is not None:
            return self._abort_and_approve(abort)
        asked = self._ask(self._action())
        doubled = self.chance.random() < 0.04
        return [asked, Again(asked.name)] if doubled else [asked]

    def _ask(self, action: Action) -> Ask:
        name = self._name()
        kinds = {
            Quote: self.quotes,
            Hold: self.holds,
            Convert: self.conversions,
            Abort: self.aborts,
        }
        kept = kinds.get(type(action))
        if kept is not None:
            kept.append(name)
        return Ask(name, action)

    def _quote_and_convert(self) -> list[Call]:
        """A quote that is executed in the same batch: its number is guessed."""
        asked = self._ask(self._quote())
        return [asked, self._ask(self._convert(asked.name, asked.action))]

    def _abort_and_approve(self, abort: Abort) -> list[Call]:
        """A settlement that two operators undo."""
        proposed = self._ask(abort)
        other = {"admin-one": "admin-two", "admin-two": "admin-one"}[abort.sender]
        return [proposed, self._ask(Approve(other, proposed.name))]

    # What follows ---------------------------------------------------------------------------

    def _play(self, step: Step) -> None:
        """Let the oracle take a step, so that what is drawn next knows of it."""
        match step:
            case Batch():
                self._play_batch(step)
            case Tick(minutes=minutes):
                self.now += timedelta(minutes=minutes)
            case Settle(dies_in=dies_in):
                self.oracle.closing.settle(self.now, dies_in, lambda _: None)
            case Due():
                self.oracle.end_due(self.now)
            case Reprice(programme=programme, draw=draw):
                rate = rate_of(programme, random.Random(draw))
                self.oracle.exchange.rates[programme] = rate

    def _play_batch(self, batch: Batch) -> None:
        calls = (*batch.calls, *batch.then)
        if batch.fault in {*DELAYED, Fault.CRASH_AFTER_COMMIT}:
            self.unanswered += [c.name for c in batch.calls if isinstance(c, Ask)]
        for call in calls:
            if isinstance(call, Again):
                letter = self.letters.get(call.name)
            else:
                letter = self.oracle.letter(call, self.now)
            if letter is None:
                continue
            if isinstance(call, Ask):
                self.letters[call.name] = letter
            if batch.fault not in DELAYED:
                self.oracle.answer(letter, self.now)
