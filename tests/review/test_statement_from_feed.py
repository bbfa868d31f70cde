"""A partner's own arithmetic: its feed alone gives every statement and every member's balance.

The oracle below knows nothing of the gateway's code: it adds up the lines of verified feed
records, as SIGNING.md describes them, and is compared with what settlement stated.
"""

import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from coalition.client import Client
from coalition.feed import FeedItem
from coalition.v1 import members_pb2, settlement_pb2
from support.coalition_day import Day, coalition_day, membership
from support.random_business import SENDERS, World

FEES = {"FEE", "SPREAD", "ROUNDING"}
SHARED = "COIN"


@dataclass
class Ledger:
    """What one participant adds up from its feed, record by record."""

    me: str
    spans: list[tuple[int, int]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    owed: dict[tuple[int, str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0, 0])
    )
    due: list[list[dict[str, str]]] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)

    def add(self, found: FeedItem) -> None:
        record, number = found.record, found.number
        self.numbers.append(number)
        kind = record.entry.kind
        if kind == "CUT":
            first = self.spans[-1][1] + 1 if self.spans else 0
            self.spans.append((first, number))
        if kind == "SETTLEMENT":
            self.due.append([])
        for line in record.lines:
            if kind == "SETTLEMENT":
                self._settled(line)
            elif line.debit.startswith("clearing/"):
                self._owed(line, record.entry.window)
            for account, sign in ((line.credit, 1), (line.debit, -1)):
                if account.startswith("member/"):
                    self.held[account] += sign * line.amount

    def _owed(self, line: Any, window: int | None) -> None:
        _, of, pair = line.debit.split("/")
        debtor, creditor = pair.split(":")
        assert (line.currency, int(of)) == (SHARED, window)
        assert line.credit == f"clearing/{of}/{creditor}:{debtor}"
        assert self.me in {debtor, creditor}
        other = creditor if debtor == self.me else debtor
        sums = self.owed[int(of), other, line.kind]
        sums[0] += 1
        sums[1 if creditor == self.me else 2] += line.amount

    def _settled(self, line: Any) -> None:
        if line.kind != "PAYMENT_DUE":
            return
        payer, payee = (code.split("/")[1] for code in (line.debit, line.credit))
        self.due[-1].append({"payer": payer, "payee": payee, "amount_minor": str(line.amount)})

    def statement(self, window: int) -> dict[str, Any]:
        """What the statement of a window has to say, by name of its field."""
        first, last = self.spans[window - 1]
        parts = [
            {"counterparty": other, "kind": kind, **amounts([sums])}
            for (of, other, kind), sums in sorted(self.owed.items())
            if of == window
        ]
        mine = {key: sums for key, sums in self.owed.items() if key[0] == window}
        fees = [
            sums
            for (_, other, kind), sums in mine.items()
            if kind in FEES and "operator" in {self.me, other}
        ]
        net = sum(to - by for _, to, by in mine.values())
        opening = sum(
            int(due["amount_minor"]) * (1 if due["payee"] == self.me else -1)
            for earlier in self.due[: window - 1]
            for due in earlier
        )
        return {
            "first_number": str(first),
            "last_number": str(last),
            "entries": str(sum(first <= n <= last for n in self.numbers)),
            "opening_minor": str(opening),
            "net_minor": str(net),
            "closing_minor": str(opening + net),
            "obligations": parts,
            "fees": amounts(fees),
            "payments": self.due[window - 1],
            "window": str(window),
        }


def amounts(sums: list[list[int]]) -> dict[str, str]:
    count, to, by = (sum(each[i] for each in sums) for i in range(3))
    return {
        "count": str(count),
        "owed_to_minor": str(to),
        "owed_by_minor": str(by),
        "net_minor": str(to - by),
    }


def statement_of(client: Client, window: int) -> tuple[dict[str, Any], bytes]:
    answer = client.read(
        "Settlement.GetStatement",
        settlement_pb2.GetStatementRequest(window=window),
        settlement_pb2.Statement,
    )
    return json.loads(answer.json), answer.json


def spent_kinds(day: Day) -> set[str]:
    with day.engine.connect() as connection:
        return set(connection.execute(text("select distinct kind from line")).scalars())


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        yield day


@pytest.mark.parametrize("seed", [20260302, 7])
def test_the_feed_alone_gives_statements_and_balances(day: Day, seed: int) -> None:
    world = World(day, random.Random(seed))
    world.found()
    windows = 3
    for _ in range(windows):
        for _ in range(40):
            world.act()
        day.clock.forward(minutes=3)
        world.settle()
    for _ in range(10):
        world.act()

    held: Counter[str] = Counter()
    nets: Counter[int] = Counter()
    for me in ("hotel", "airline", "card", "operator"):
        client = day.client(SENDERS[me])
        ledger = Ledger(me)
        for found in client.follow(-1, stop_at_end=True):
            ledger.add(found)
        held.update({a: n for a, n in ledger.held.items() if a.endswith(f"/{me}")})
        previous: str | None = None
        for window in range(1, windows + 1):
            stated, exact = statement_of(client, window)
            expected = ledger.statement(window)
            assert {name: stated[name] for name in expected} == expected
            assert stated["previous_sha256"] == previous
            previous = hashlib.sha256(exact).hexdigest()
            nets[window] += int(stated["net_minor"])
    assert set(nets.values()) == {0}
    assert world.problems() == []
    for (programme, number), member_id in world.members.items():
        client = day.client(SENDERS[programme])
        read = client.read(
            "Members.GetBalances",
            members_pb2.GetBalancesRequest(membership=membership(programme, number)),
            members_pb2.Balances,
        )
        assert read.balances[0].balance_minor == held[f"member/{member_id}/{programme}"]
    # The day was no easy one: points were spent before they were taken back, and so on.
    assert world.refused["INSUFFICIENT_BALANCE"] > 0
    assert world.refused["ALREADY_REVERSED"] > 0
    assert world.refused["EXCEEDS_HOLD"] + world.refused["HOLD_CAPTURED"] > 0
    assert {"REDEEMED", "REFUNDED"} <= spent_kinds(day)
