"""A partner that keeps its balances itself and does what a partner's system can do wrong.

It follows its feed over real gRPC and answers each conversion that it is told to credit by a
script: promptly, late, twice, contradicting itself, or not at all. In between it goes away in
mid-stream and comes back. What it credits is in its own books.
"""

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum, auto

from google.protobuf.message import Message

from coalition.client import Client
from coalition.errors import Refused
from coalition.v1 import delivery_pb2


class Behaviour(StrEnum):
    """How one conversion is answered."""

    PROMPT = auto()
    SAME_REQUEST_TWICE = auto()
    SAME_REPORT_TWICE = auto()
    CREDITS_TWICE = auto()
    WRONG_THEN_RIGHT = auto()
    WRONG_AMOUNT = auto()
    RIGHT_THEN_WRONG = auto()
    REFUSES = auto()
    REFUSES_TWICE = auto()
    REFUSES_THEN_CONFIRMS = auto()
    CONFIRMS_THEN_REFUSES = auto()
    SILENT = auto()
    LATE = auto()
    LATE_TWICE = auto()
    LATE_REFUSAL = auto()


EXPECTED: Mapping[Behaviour, tuple[str, list[str]]] = {
    Behaviour.PROMPT: ("COMPLETED", []),
    Behaviour.SAME_REQUEST_TWICE: ("COMPLETED", []),
    Behaviour.SAME_REPORT_TWICE: ("COMPLETED", []),
    Behaviour.CREDITS_TWICE: ("COMPLETED", ["CONFIRMED_TWICE"]),
    Behaviour.WRONG_THEN_RIGHT: ("COMPLETED", ["AMOUNT_DIFFERS"]),
    Behaviour.WRONG_AMOUNT: ("TIMED_OUT", ["AMOUNT_DIFFERS"]),
    Behaviour.RIGHT_THEN_WRONG: ("COMPLETED", ["AMOUNT_DIFFERS"]),
    Behaviour.REFUSES: ("REFUSED", []),
    Behaviour.REFUSES_TWICE: ("REFUSED", []),
    Behaviour.REFUSES_THEN_CONFIRMS: ("REFUSED", ["CONFIRMED_AFTER_REFUSAL"]),
    Behaviour.CONFIRMS_THEN_REFUSES: ("COMPLETED", ["REFUSED_AFTER_CONFIRMATION"]),
    Behaviour.SILENT: ("TIMED_OUT", []),
    Behaviour.LATE: ("TIMED_OUT", ["LATE_CONFIRMATION"]),
    Behaviour.LATE_TWICE: ("TIMED_OUT", ["LATE_CONFIRMATION"]),
    Behaviour.LATE_REFUSAL: ("TIMED_OUT", []),
}
"""State in which a conversion ends, and the breaks about it, by how it is answered."""


@dataclass
class SimulatedPartner:
    """Answers from a thread of its own, until it is stopped."""

    client: Client
    seed: int = 0
    behaviours: dict[int, Behaviour] = field(default_factory=dict)
    amounts: dict[int, int] = field(default_factory=dict)
    """What it was told to credit, by conversion."""
    credited: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    """What its own books say, by conversion."""
    answered: set[int] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)
    _last: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow the feed."""
        self._thread = threading.Thread(target=self._run, name="simulated-partner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, as soon as it looks."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(30)

    def _run(self) -> None:
        chance = random.Random(self.seed)
        try:
            while not self._stop.is_set():
                self._look(chance)
        except Exception as error:
            self.failures.append(error)
            raise

    def _look(self, chance: random.Random) -> None:
        """Once; a request that was under way while the clock was moved has expired."""
        try:
            self._follow(some=chance.randint(1, 5), again=chance.random() < 0.3)
        except Refused as refused:
            if refused.reason != "EXPIRED":
                raise

    def _follow(self, some: int, *, again: bool) -> None:
        """Some records, then it goes away; sometimes it comes back before where it was."""
        after = max(0, self._last - 3) if again else self._last
        with closing(self.client.follow(after, stop_at_end=True)) as feed:
            for count, item in enumerate(feed, 1):
                facts = item.record.facts
                if item.record.entry.kind == "DELIVERY_DUE" and facts is not None:
                    target = facts["target"]
                    assert isinstance(target, list)
                    self._told(int(str(facts["conversion"])), int(target[2]))
                self._last = max(self._last, item.number)
                if count == some:
                    return
        self._stop.wait(0.02)

    def _told(self, conversion: int, amount: int) -> None:
        """Answer what is told for the first time."""
        if conversion in self.amounts or conversion not in self.behaviours:
            return
        self.amounts[conversion] = amount
        early: dict[Behaviour, Callable[[int, int], None]] = {
            Behaviour.PROMPT: self._prompt,
            Behaviour.SAME_REQUEST_TWICE: self._same_request_twice,
            Behaviour.SAME_REPORT_TWICE: self._same_report_twice,
            Behaviour.CREDITS_TWICE: self._credits_twice,
            Behaviour.WRONG_THEN_RIGHT: self._wrong_then_right,
            Behaviour.WRONG_AMOUNT: self._wrong,
            Behaviour.RIGHT_THEN_WRONG: self._right_then_wrong,
            Behaviour.REFUSES: self._refuses,
            Behaviour.REFUSES_TWICE: self._refuses_twice,
            Behaviour.REFUSES_THEN_CONFIRMS: self._refuses_then_confirms,
            Behaviour.CONFIRMS_THEN_REFUSES: self._confirms_then_refuses,
        }
        act = early.get(self.behaviours[conversion])
        if act is not None:
            act(conversion, amount)
        self.answered.add(conversion)

    def answer_late(self) -> None:
        """What it answers when the deadlines have passed."""
        for conversion, behaviour in self.behaviours.items():
            amount = self.amounts[conversion]
            if behaviour in {Behaviour.LATE, Behaviour.LATE_TWICE}:
                self._credit(conversion, amount)
                assert self._confirm(conversion, amount, "late") == "TIMED_OUT"
            if behaviour is Behaviour.LATE_TWICE:
                assert self._confirm(conversion, amount, "late") == "ALREADY_DELIVERED"
            if behaviour is Behaviour.LATE_REFUSAL:
                assert self._refuse(conversion) in {"TIMED_OUT", "ALREADY_DELIVERED"}

    def _credit(self, conversion: int, amount: int) -> None:
        self.credited[conversion] += amount

    def _prompt(self, conversion: int, amount: int) -> None:
        self._credit(conversion, amount)
        assert self._confirm(conversion, amount, "first") == "COMPLETED"

    def _same_request_twice(self, conversion: int, amount: int) -> None:
        self._credit(conversion, amount)
        name = f"same-{conversion}"
        for _ in range(2):
            assert self._confirm(conversion, amount, "first", name) == "COMPLETED"

    def _same_report_twice(self, conversion: int, amount: int) -> None:
        self._prompt(conversion, amount)
        assert self._confirm(conversion, amount, "first") == "ALREADY_DELIVERED"

    def _credits_twice(self, conversion: int, amount: int) -> None:
        self._prompt(conversion, amount)
        self._credit(conversion, amount)
        assert self._confirm(conversion, amount, "second") == "COMPLETED"

    def _wrong(self, conversion: int, amount: int) -> None:
        self._credit(conversion, amount + 1)
        assert self._confirm(conversion, amount + 1, "first") == "PENDING"

    def _wrong_then_right(self, conversion: int, amount: int) -> None:
        self._wrong(conversion, amount)
        self._credit(conversion, -1)
        assert self._confirm(conversion, amount, "first") == "COMPLETED"

    def _right_then_wrong(self, conversion: int, amount: int) -> None:
        self._prompt(conversion, amount)
        self._credit(conversion, 1)
        assert self._confirm(conversion, amount + 1, "first") == "COMPLETED"

    def _refuses(self, conversion: int, _: int) -> None:
        assert self._refuse(conversion) == "REFUSED"

    def _refuses_twice(self, conversion: int, amount: int) -> None:
        self._refuses(conversion, amount)
        assert self._refuse(conversion) == "ALREADY_DELIVERED"

    def _refuses_then_confirms(self, conversion: int, amount: int) -> None:
        self._refuses(conversion, amount)
        self._credit(conversion, amount)
        assert self._confirm(conversion, amount, "first") == "REFUSED"

    def _confirms_then_refuses(self, conversion: int, amount: int) -> None:
        self._prompt(conversion, amount)
        self._credit(conversion, -amount)
        assert self._refuse(conversion) == "COMPLETED"

    def _confirm(
        self, conversion: int, amount: int, reference: str, request_id: str | None = None
    ) -> str:
        request = delivery_pb2.ConfirmDeliveryRequest(
            conversion=conversion, credited_minor=amount, reference=f"{reference}-{conversion}"
        )
        return self._sent("Delivery.Confirm", request, request_id)

    def _refuse(self, conversion: int) -> str:
        request = delivery_pb2.RefuseDeliveryRequest(conversion=conversion, reason="no such card")
        return self._sent("Delivery.Refuse", request, None)

    def _sent(self, method: str, request: Message, request_id: str | None) -> str:
        """The state that the answer tells, or why it was refused."""
        try:
            answer = self.client.write(method, request, request_id)
        except Refused as refused:
            return str(refused.reason)
        told = answer.result_as(delivery_pb2.Conversion)
        name = delivery_pb2.ConversionState.Name(told.state)
        return name.removeprefix("CONVERSION_STATE_")
