"""A partner's system in a process of its own: `python -m faults.partner HOME TARGET SENDER FILE`.

Sends without a pause from several threads, sends again with the same request id until there is an
answer, and keeps everything in its receipt file. SIGTERM: what was sent is seen to be answered,
then it ends with 0. It ends with 1 where an answer is not what it has to be.
"""

import random
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coalition.client import Client
from coalition.errors import Refused
from coalition.profile import read_profile
from coalition.receipt_file import ReceiptFile
from coalition.v1 import accrual_pb2, exchange_pb2
from support.coalition_day import activity_key, item, membership, private_key, stay

THREADS = {"hotel": 3, "airline": 1}
"""How many send at once, each for a member of its own."""

BATCH_ITEMS = 12
ATTEMPT_SECONDS = 5.0
PATIENCE_SECONDS = 300.0
LONGEST_PAUSE_SECONDS = 0.5
"""Shorter than a partner's should be: a fault is over when the next request is answered."""

OTHER = {"hotel": "airline", "airline": "hotel"}
STARTED_BEFORE = timedelta(days=1)
"""How long ago an activity was."""


@dataclass
class Sender:
    """What one thread sends: every request of another activity, in an order of chance."""

    client: Client
    name: str
    index: int
    stop: threading.Event
    problems: list[str]
    kept: int
    """How many requests the file held at the start: a process that comes later takes new ids."""
    count: int = 0
    reported: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Send until told to stop."""
        chance = random.Random(f"{self.name}-{self.index}")
        moves = [self.accrue] * 6 + [self.batch, self.reverse, self.convert, self.convert]
        try:
            while not self.stop.is_set():
                self.count += 1
                self._make(chance.choice(moves))
        except Exception:  # noqa: BLE001 - told to whoever started us
            self.problems.append(traceback.format_exc())
            self.stop.set()

    def _make(self, move: object) -> None:
        try:
            move()  # type: ignore[operator]
        except Refused as refused:
            if not refused.signed:
                raise

    def accrue(self) -> None:
        """One activity; at the hotel it earns points and miles."""
        reference = self._reference()
        accrual = accrual_pb2.AccrueRequest(accrual=self._activity(reference))
        self.client.write("Accrual.Accrue", accrual, reference)
        self.reported.append(reference)

    def batch(self) -> None:
        """Some at once, the last one twice: it counts once."""
        reference = self._reference()
        items = [self._activity(f"{reference}-{n}", named=True) for n in range(BATCH_ITEMS)]
        twice = self._activity(f"{reference}-{BATCH_ITEMS - 1}")
        twice.request_id = f"{reference}-twice"
        request = accrual_pb2.AccrueBatchRequest(
            items=[each.SerializeToString() for each in (*items, twice)]
        )
        answer = self.client.write("Accrual.AccrueBatch", request, reference)
        verdicts = [outcome.reason for outcome in answer.outcomes]
        if verdicts != [""] * BATCH_ITEMS + ["DUPLICATE_ACTIVITY"]:
            self.problems.append(f"batch {reference}: {verdicts}")
        self.reported.append(f"{reference}-0")

    def reverse(self) -> None:
        """Take back what was reported last."""
        if self.reported:
            key = activity_key(self.name, KINDS[self.name], self.reported.pop())
            request = accrual_pb2.ReverseRequest(activity=key, reason="mistake")
            self.client.write("Accrual.Reverse", request, self._reference())

    def convert(self) -> None:
        """A quote of the member's points, and its execution."""
        pair = [membership(each, f"{each}-{self.index}") for each in (self.name, OTHER[self.name])]
        quote = exchange_pb2.QuoteRequest(source=pair[0], target=pair[1], amount_minor=50)
        reference = self._reference()
        answer = self.client.write("Exchange.Quote", quote, reference)
        number = answer.result_as(exchange_pb2.ConversionTerms).quote
        convert = exchange_pb2.ConvertRequest(quote=number)
        self.client.write("Exchange.Convert", convert, f"{reference}-executed")

    def _reference(self) -> str:
        return f"{self.index}-{self.kept}-{self.count}"

    def _activity(self, reference: str, *, named: bool = False) -> accrual_pb2.AccrualItem:
        started_at = datetime.now(UTC) - STARTED_BEFORE
        member = f"{self.name}-{self.index}"
        request_id = reference if named else ""
        if self.name == "hotel":
            return stay(member, reference, 20_000, started_at=started_at, request_id=request_id)
        key = activity_key(self.name, KINDS[self.name], reference)
        stated = {(self.name, "BASE"): 300}
        return item(
            self.name, member, key, started_at=started_at, stated=stated, request_id=request_id
        )


KINDS = {"hotel": "STAY", "airline": "FLIGHT"}


def main(home: str, target: str, name: str, path: str) -> int:
    """Send until SIGTERM."""
    stop, problems = threading.Event(), list[str]()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # held back until now
    profile = read_profile(Path(home) / "coalition.json")
    with (
        ReceiptFile(Path(path)) as receipts,
        Client(
            target,
            profile,
            name,
            private_key(name),
            receipts=receipts,
            timeout_seconds=ATTEMPT_SECONDS,
            max_wait_seconds=PATIENCE_SECONDS,
            sleep=lambda seconds: time.sleep(min(seconds, LONGEST_PAUSE_SECONDS)),
        ) as client,
    ):
        kept = sum(1 for _ in receipts)
        senders = [Sender(client, name, n, stop, problems, kept) for n in range(THREADS[name])]
        threads = [threading.Thread(target=sender.run) for sender in senders]
        for thread in threads:
            thread.start()
        while not stop.wait(0.2):
            pass
        for thread in threads:
            thread.join()
    sys.stderr.write("\n".join(problems))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
