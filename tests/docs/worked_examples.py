"""Plays the worked examples of docs/ACCOUNTING.md on a real gateway, and tells what it booked."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from itertools import combinations
from typing import Any

from sqlalchemy import text

from coalition.answers import Answer
from coalition.v1 import (
    accrual_pb2,
    awards_pb2,
    delivery_pb2,
    members_pb2,
    payments_pb2,
    rates_pb2,
    redemption_pb2,
)
from docs.markdown import Row, Section, page, sections
from gateway.database import report_engine
from gateway.reviewing import review
from partners.directory_store import money_at
from settlement.ledger.book import load_coalition
from settlement.reports import SettlementReport
from settlement.run import settle
from support.coalition_day import Day, activity_key, fraction, item, membership

OPERATOR = "operator"
SHARED = "COIN"
PARTNERS = {
    "hotel": "HOTEL",
    "airline": "AIRLINE",
    "rail": "OTHER",
    "card": "CARD_ISSUER",
    "wallet": "OTHER",
}
LETTERS = "mnp"
PAGE = sections(page("docs/ACCOUNTING.md"))
EXAMPLES = [section for section in PAGE if section.code("toml example")]
DEFINITIONS = {
    tomllib.loads(code)["programme"]: code.encode()
    for section in PAGE
    for code in section.code("toml programme")
}


def minor(amount: str) -> int:
    """An amount as the page writes it: a point parts off two decimals."""
    whole, point, part = amount.replace(",", "").partition(".")
    assert len(part) == (2 if point else 0), amount
    return int(whole + part)


def number(written: str) -> Fraction:
    """A rate as the page writes it."""
    value = Fraction(written.removesuffix("%"))
    return value / 100 if written.endswith("%") else value


def _book(world: Mapping[str, Any]) -> Iterator[rates_pb2.BookChange]:
    """Values in money and terms of pairs, from whole units to minor ones."""
    for currency, value in world.get("money", {}).items():
        worth = rates_pb2.MoneyValue(currency=currency, per_shared_minor=fraction(number(value)))
        yield rates_pb2.BookChange(money_value=worth)
    for pair in world.get("pairs", []):
        every, more, funder = pair["bonus"]
        per_point, currency, cap = pair["fee"]
        yield rates_pb2.BookChange(
            pair=rates_pb2.PairTerms(
                source=pair["from"],
                target=pair["to"],
                ratio=fraction(number(pair["ratio"])),
                settlement_price=fraction(number(pair["price"]) * 100),
                minimum_minor=minor(pair["minimum"]),
                increment_minor=minor(pair["minimum"]),
                bonuses=[
                    rates_pb2.BonusStep(
                        every_source_minor=minor(every),
                        bonus_target_minor=minor(more),
                        funder=funder,
                    )
                ],
                fee=rates_pb2.MoneyFee(
                    currency=currency,
                    per_source_minor=fraction(number(per_point) * 100),
                    cap_minor=minor(cap),
                ),
            )
        )


@dataclass
class Player:
    """One coalition, in which one example happens."""

    day: Day
    members: dict[str, int] = field(default_factory=dict)
    last: Answer | None = None
    report: SettlementReport | None = None
    events: int = 0
    voucher: int | None = None
    hold: int = 0
    reviewed: int | None = None
    converted: int = 0
    shown: int | None = None
    """Number of an entry that followed from the last event, where the example shows that."""

    def prepare(self, world: Mapping[str, Any]) -> None:
        """Partners, programmes, terms and linked members."""
        self.day.clients[OPERATOR] = self.day.client("admin-one")
        for partner, kind in PARTNERS.items():
            self.day.admit(partner, kind)
            self.day.publish(partner, DEFINITIONS[partner])
        for terms in world.get("agreements", []):
            self._agree(**terms)
        for terms in world.get("rates", []):
            self._rate(terms)
        changes = list(_book(world))
        if changes:
            self.day.published(*changes)
        for member in world["members"]:
            programme = member.pop("programme")
            self.members[programme] = self.day.enrol(programme, "1", **member)
        for one, other in combinations(self.members, 2):
            self.day.link((one, "1"), (other, "1"))

    def _agree(
        self,
        programme: str,
        buyer: str,
        price: str,
        operator_fee: str = "0%",
        reimbursement: str = "0",
    ) -> None:
        per_minor = number(price) if programme == OPERATOR else number(price) * 100
        self.day.agree(
            programme,
            buyer,
            price=per_minor,
            fee=number(operator_fee),
            permissions=("DOUBLE_DIP", *(("REDEEM",) if number(reimbursement) else ())),
            reimbursement=number(reimbursement),
        )

    def _rate(self, terms: Mapping[str, str]) -> None:
        scale = 1 if terms["programme"] == OPERATOR else 100
        self.day.rate(
            terms["programme"],
            number(terms["in"]) * scale,
            number(terms["out"]) * scale,
            number(terms.get("fee", "0")),
            number(terms.get("spread", "0")),
        )

    def play(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Let things happen, each by the signed request of whose business it is."""
        for event in events:
            self.events += 1
            match event:
                case {"accrue": kind, "by": partner, "spend": spend}:
                    self._accrue(kind, partner, spend)
                case {"reverse": kind, "by": partner, **rest}:
                    self._reverse(kind, partner, **rest)
                case {"redeem": award, "by": partner, "buy_missing": buys}:
                    self._redeem(award, partner, buy_missing=buys)
                case {"cancel": _, "by": partner}:
                    assert self.voucher is not None
                    request = awards_pb2.CancelVoucherRequest(voucher=self.voucher)
                    self.last = self.day.client(partner).write("Awards.CancelVoucher", request)
                case {"leave": partner}:
                    self._leave(partner)
                case {"review_after_days": days}:
                    self._review(timedelta(days=days))
                case {"settle": _} | {"confirm": _} | {"abort": _}:
                    self._settle(event)
                case {"convert": _} | {"refuse": _}:
                    self._exchange(event)
                case _:
                    self._spend(event)

    def _exchange(self, event: Mapping[str, Any]) -> None:
        match event:
            case {"convert": amount, "from": source, "to": target}:
                quote = self.day.quote((source, "1"), (target, "1"), minor(amount))
                self.last = self.day.convert(quote.quote, source)
                self.converted = self.last.receipt.number
            case {"refuse": "delivery", "by": partner}:
                request = delivery_pb2.RefuseDeliveryRequest(
                    conversion=self.converted, reason="the example says so"
                )
                self.last = self.day.client(partner).write("Delivery.Refuse", request)
            case _:
                raise AssertionError(event)

    def _settle(self, event: Mapping[str, Any]) -> None:
        """A window is settled; or that is paid or undone, by the entry that is shown."""
        if event.get("settle"):
            self.settle()
            return
        assert self.report is not None
        assert self.report.settlement is not None
        settlement = self.report.settlement.settlement_id
        match event:
            case {"confirm": paid, "from": payer, "by": payee}:
                confirm = payments_pb2.ConfirmPaymentRequest(
                    payment=payments_pb2.PaymentRef(
                        settlement=settlement, payer=payer, payee=payee
                    ),
                    amount_minor=minor(paid),
                    reference="the example",
                )
                self.last = self.day.client(payee).write("Payments.Confirm", confirm)
                self.shown = self._newest("PAYMENT")
            case {"abort": True, "apart": apart}:
                propose = payments_pb2.ProposeAbortRequest(
                    settlement=settlement, reason="the example says so", apart=[apart]
                )
                proposed = self.day.client("admin-one").write("Payments.ProposeAbort", propose)
                number = proposed.result_as(payments_pb2.Abort).proposal
                approve = payments_pb2.ApproveAbortRequest(settlement=settlement, proposal=number)
                self.last = self.day.client("admin-two").write("Payments.ApproveAbort", approve)
                self.shown = self._newest("ABORT")
            case _:
                raise AssertionError(event)

    def _accrue(self, kind: str, partner: str, spend: str) -> None:
        category, amount, currency = spend.split()
        key = activity_key(partner, kind, "1")
        accrual = item(partner, "1", key, spend={(category, currency): minor(amount)})
        self.last = self.day.accrue(accrual, partner)

    def _reverse(self, kind: str, partner: str, part: str = "", show: str = "") -> None:
        request = accrual_pb2.ReverseRequest(
            activity=activity_key(partner, kind, "1"), reason="the example says so"
        )
        if part:
            request.part.CopyFrom(fraction(Fraction(part)))
        self.last = self.day.client(partner).write("Accrual.Reverse", request)
        if show:
            self.shown = self._newest(show)

    def _redeem(self, award: str, partner: str, *, buy_missing: bool) -> None:
        request = awards_pb2.RedeemRequest(
            membership=membership(partner, "1"), award=award, buy_missing=buy_missing
        )
        self.last = self.day.client(partner).write("Awards.Redeem", request)
        self.voucher = self.last.record.entry.number if self.last.record else None

    def _spend(self, event: Mapping[str, Any]) -> None:
        """Shared currency is held, captured, given back."""
        match event:
            case {"hold": held, "at": merchant}:
                request = redemption_pb2.AuthorizeRequest(
                    membership=membership(OPERATOR, "1"),
                    merchant=merchant,
                    amount_minor=minor(held),
                    reference="the example",
                )
                self.last = self.day.client(OPERATOR).write("Redemption.Authorize", request)
                self.hold = self.last.result_as(redemption_pb2.Hold).hold
            case {"capture": taken, "by": merchant}:
                capture = redemption_pb2.CaptureRequest(hold=self.hold, amount_minor=minor(taken))
                self.last = self.day.client(merchant).write("Redemption.Capture", capture)
            case {"refund": back, "by": merchant}:
                refund = redemption_pb2.RefundRequest(hold=self.hold, amount_minor=minor(back))
                self.last = self.day.client(merchant).write("Redemption.Refund", refund)
            case _:
                raise AssertionError(event)

    def _leave(self, partner: str) -> None:
        request = members_pb2.UpdateMembershipRequest(
            membership=membership(partner, "1"), state="MEMBERSHIP_STATE_CLOSED"
        )
        self.last = self.day.client(partner).write("Members.UpdateMembership", request)

    def _review(self, later: timedelta) -> None:
        """Let time pass, then review; the entry of what expired is the one that is shown."""
        self.day.clock.now += later
        engine = self.day.engine
        with engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        review(engine, coalition, self.day.clock.now, writes=True, on_finding=lambda _: None)
        self.reviewed = self._newest("EXPIRY")

    def _newest(self, kind: str) -> int | None:
        """Number of the last entry of a kind."""
        query = text("select max(number) from entry where kind = :kind")
        with self.day.engine.connect() as connection:
            return connection.execute(query, {"kind": kind}).scalar()

    def settle(self) -> None:
        """Close the open window, or settle the one anew whose settlement was aborted."""
        self.shown = None
        engine = report_engine(self.day.engine.url.render_as_string(hide_password=False))
        with engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        self.report = settle(engine, coalition, [OPERATOR, *PARTNERS], self.day.clock, money_at)
        engine.dispose()

    def number_shown(self) -> int:
        """Number of the entry whose lines the example shows."""
        if self.shown is not None:
            return self.shown
        if self.report is not None and self.report.settlement is not None:
            return self.report.settlement.post_number or 0
        if self.reviewed is not None:
            return self.reviewed
        assert self.last is not None
        assert self.last.record is not None
        return self.last.record.entry.number

    def lines(self, number: int) -> list[Row]:
        """The lines of an entry, in their order, as the page writes them."""
        query = text('select * from line where number = :number order by "index"')
        with self.day.engine.connect() as connection:
            found = connection.execute(query, {"number": number}).mappings().all()
        return [self._row(line) for line in found]

    def _row(self, line: Mapping[Any, Any]) -> Row:
        shared = line["currency"] == SHARED
        price = None if line["price"] is None else Fraction(line["price"])
        return {
            "currency": line["currency"],
            "kind": line["kind"],
            "amount": amount(line["amount"], shared=shared),
            "debit": self._account(line["debit"]),
            "credit": self._account(line["credit"]),
            "funder": line["funder"] or "",
            "price": "" if price is None else f"{float(price if shared else price / 100):.2f}",
        }

    def _account(self, code: str) -> str:
        """An account's code with letters for what the coalition numbers."""
        kind, *parts = code.split("/")
        if kind == "member":
            letters = {str(m): LETTERS[i] for i, m in enumerate(self.members.values())}
            return f"member/{letters[parts[0]]}/{parts[1]}"
        return f"clearing/w/{parts[1]}" if kind == "clearing" else code

    def balances(self) -> dict[str, str]:
        """All balances; of clearing, those of the window that was settled last."""
        assert self.report is not None
        assert self.report.window is not None
        window = f"clearing/{self.report.window.window_id}/"
        query = text(
            "select code, currency, credits - debits as balance from company_account "
            "union all select 'member/' || member_id || '/' || programme, currency, "
            "credits - debits from member_account"
        )
        with self.day.engine.connect() as connection:
            rows = connection.execute(query).all()
        return {
            self._account(row.code): amount(row.balance, shared=row.currency == SHARED)
            for row in rows
            if not row.code.startswith("clearing/") or row.code.startswith(window)
        }

    def positions(self) -> dict[str, str]:
        """Positions of the last settlement that are not zero."""
        assert self.report is not None
        assert sum(self.report.positions.values()) == 0
        nets = self.report.positions.items()
        return {who: amount(net, shared=True) for who, net in nets if net}


def amount(minor_units: int, *, shared: bool) -> str:
    """An amount as the page writes it."""
    if not shared:
        return f"{minor_units:,}"
    sign = "-" if minor_units < 0 else ""
    whole, part = divmod(abs(minor_units), 100)
    return f"{sign}{whole:,}.{part:02}"


def play(day: Day, example: Section) -> tuple[list[Row], Player]:
    """An example from its input to its settlement; the lines it shows, and the player."""
    world = tomllib.loads(example.code("toml example")[0])
    player = Player(day)
    player.prepare(world)
    if world.get("before"):
        player.play(world["before"])
        player.settle()
        player.report = None
    player.play(world["events"])
    lines = player.lines(player.number_shown())
    if player.report is None:
        player.settle()
    return lines, player
