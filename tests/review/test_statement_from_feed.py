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
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import text

from coalition.client import Client
from coalition.feed import FeedItem
from coalition.statements import verify_statement
from coalition.v1 import members_pb2, settlement_pb2
from support.coalition_day import (
    Day,
    coalition_day,
    membership,
)
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
    money: list[dict[str, str]] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)

    def add(self, found: FeedItem) -> None:
        record, number = found.record, found.number
        self.numbers.append(number)
        kind = record.entry.kind
        if kind == "CUT":
            first = self.spans[-1][1] + 1 if self.spans else 0
            self.spans.append((first, number))
            assert record.facts is not None
            self.money.append(record.facts["money"])
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
        opening = sum(
            int(due["amount_minor"]) * (1 if due["payee"] == self.me else -1)
            for earlier in self.due[: window - 1]
            for due in earlier
        )
        net = sum(int(part["net_minor"]) for part in parts)
        position = {"participant": self.me, "opening_minor": str(opening), "net_minor": str(net)}
        position["closing_minor"] = str(opening + net)
        return {
            "first_number": str(first),
            "last_number": str(last),
            "entries": str(sum(first <= n <= last for n in self.numbers)),
            "POSITIONS COIN": [position],
            "OBLIGATIONS COIN": [part for part in parts if not self._is_fee(part)],
            "FEES COIN": [part for part in parts if self._is_fee(part)],
            "PAYMENTS COIN": self.due[window - 1],
            **self._in_money(window, net),
            "window": str(window),
        }

    def _is_fee(self, part: dict[str, str]) -> bool:
        return part["kind"] in FEES and "operator" in {self.me, part["counterparty"]}

    def _in_money(self, window: int, net: int) -> dict[str, Any]:
        """Each payment, and the position, rounded half to even at what the CUT says."""
        pinned = self.money[window - 1]
        found: dict[str, Any] = {
            "MONEY_VALUES COIN": [{"money": m, "price": pinned[m]} for m in sorted(pinned)]
        }
        for money, price in pinned.items():
            paid = [
                {**due, "amount_minor": str(round(int(due["amount_minor"]) * Fraction(price)))}
                for due in self.due[window - 1]
            ]
            whole = round(net * Fraction(price))
            parts = sum(
                int(due["amount_minor"]) * (1 if due["payee"] == self.me else -1) for due in paid
            )
            found[f"MONEY_PAYMENTS {money}"] = paid
            position = {"participant": self.me, "net_minor": str(whole)}
            position |= {"payments_minor": str(parts), "rounding_minor": str(whole - parts)}
            found[f"MONEY_POSITIONS {money}"] = [position]
        return found


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
    assert verify_statement(answer.json, answer.csv) == []
    stated = json.loads(answer.json)
    sections = {f"{s['name']} {s['currency']}": s["rows"] for s in stated.pop("sections")}
    return stated | sections, answer.json


def only_own(me: str, stated: dict[str, Any], section: str) -> None:
    """Leave out what the operator is told of others."""
    for name in [name for name in stated if name.split()[0] == section]:
        stated[name] = [row for row in stated[name] if me in row.values()]


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
            if me == "operator":  # which is told of everybody
                whole = stated["POSITIONS COIN"]
                assert sum(int(each["net_minor"]) for each in whole) == 0
                for section in ("POSITIONS", "PAYMENTS", "MONEY_POSITIONS", "MONEY_PAYMENTS"):
                    only_own(me, stated, section)
            assert {name: stated[name] for name in expected} == expected
            assert stated["previous_sha256"] == previous
            previous = hashlib.sha256(exact).hexdigest()
            nets[window] += int(expected["POSITIONS COIN"][0]["net_minor"])
            assert [row["money"] for row in stated["MONEY_VALUES COIN"]] == ["JPY", "USD"]
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
