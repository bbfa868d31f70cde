"""Companies that owe each other, settle, pay, and do not pay."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine, text

from gateway.database import report_engine
from partners.directory import Role
from partners.usecases import aborts, payments
from settlement.check import check_settlements
from settlement.ledger import accounts, dues
from settlement.ledger.book import append, place, read_head
from settlement.ledger.check import check, snapshot
from settlement.ledger.dues import Due
from settlement.ledger.entries import Draft, Line
from settlement.reports import SettlementReport
from settlement.run import Progress, ignore, settle
from support.handmade import money_at
from support.use_case_bench import Bench, Outcome, bench

COMPANIES = ("alpha", "beta", "gamma", "delta")
VALUE_DATE = date(2026, 1, 7)


@contextmanager
def settled_world(url: str) -> Iterator["World"]:
    with bench(url) as made:
        made.admit(*COMPANIES)
        made.admit("one", "two", role=Role.SETTLEMENT_OPERATOR)
        engine = report_engine(url)
        try:
            yield World(made, engine)
        finally:
            engine.dispose()


class World:
    """A bench whose windows are settled."""

    def __init__(self, made: Bench, engine: Engine) -> None:
        self.bench = made
        self.engine = engine
        self.lock = threading.Lock()

    def owe(self, debtor: str, creditor: str, amount: int) -> None:
        """Business by which one comes to owe another."""
        with self.engine.begin() as connection:
            head = read_head(connection, lock=True)
            one, other = (
                accounts.clearing(head.open_window, a, b, self.bench.coalition.currency)
                for a, b in ((debtor, creditor), (creditor, debtor))
            )
            line = Line("PRINCIPAL", amount, one, other, frozenset({debtor, creditor}))
            draft = Draft(
                "ACCRUAL", debtor, {}, frozenset({debtor}), (line,), bytes(32), business=True
            )
            append(
                connection,
                head,
                [place(self.bench.coalition, head, draft, number=head.size, now=self.bench.now)],
            )

    def settle(self, progress: Progress = ignore, *, only_due: bool = False) -> SettlementReport:
        return settle(
            self.engine,
            self.bench.coalition,
            COMPANIES,
            lambda: self.bench.now,
            money_at,
            progress,
            only_due=only_due,
        )

    def later(self, **amount: float) -> None:
        self.bench.now += timedelta(**amount)

    # What companies and persons say ---------------------------------------------------------

    def confirm(
        self, payer: str, payee: str, amount: int, *, by: str = "", settlement: int = 1, **more: Any
    ) -> Outcome:
        command = payments.ConfirmPayment((settlement, payer, payee), amount, "R-1")
        return self.bench.ask(by or payee, command, **more)

    def sent(self, payer: str, payee: str, *, by: str = "", settlement: int = 1) -> Outcome:
        command = payments.MarkSent((settlement, payer, payee), "BANK-7", VALUE_DATE)
        return self.bench.ask(by or payer, command)

    def dispute(self, payer: str, payee: str, *, by: str = "", settlement: int = 1) -> Outcome:
        command = payments.DisputePayment((settlement, payer, payee), "nothing arrived")
        return self.bench.ask(by or payee, command)

    def propose(
        self,
        settlement: int = 1,
        *apart: str,
        by: str = "one",
        despite_sent: bool = False,
    ) -> Outcome:
        command = aborts.ProposeAbort(settlement, "alpha does not pay", apart, despite_sent)
        return self.bench.ask(by, command)

    def approve(self, proposal: int, settlement: int = 1, *, by: str = "two") -> Outcome:
        return self.bench.ask(by, aborts.ApproveAbort(settlement, proposal))

    def abort(self, settlement: int = 1, *apart: str, **more: Any) -> Outcome:
        return self.approve(self.propose(settlement, *apart, **more).number, settlement)

    # What is seen ---------------------------------------------------------------------------

    def dues(self, settlement: int = 1) -> Mapping[tuple[str, str], Due]:
        with self.engine.connect() as connection:
            found = dues.dues_of(connection, [settlement])
        return {(due.payer, due.payee): due for due in found}

    def states(self, settlement: int = 1) -> Mapping[tuple[str, str], str]:
        return {pair: str(due.state) for pair, due in self.dues(settlement).items()}

    def state(self, settlement: int = 1) -> str:
        with self.engine.connect() as connection:
            return str(dues.posted_settlements(connection, [settlement])[settlement].state)

    def history(self, settlement: int = 1) -> list[tuple[str, str]]:
        """Steps with who took them."""
        with self.engine.connect() as connection:
            steps = dues.changes_of(connection, settlement)
        return [(str(step.step), step.who) for step in steps]

    def window(self, window: int = 1) -> str:
        query = text("select state from settlement_window where window_id = :w")
        with self.engine.connect() as connection:
            return str(connection.execute(query, {"w": window}).scalar_one())

    def open(self) -> dict[str, int]:
        """What settlement accounts hold."""
        balances = self.bench.accounts()
        return {
            code.removeprefix("settlement/"): balance
            for code, balance in balances.items()
            if code.startswith("settlement/")
        }

    def sound(self) -> bool:
        with snapshot(self.engine) as connection:
            assert check(connection, self.bench.coalition) == []
            assert check_settlements(connection, self.bench.coalition) == []
        return True
