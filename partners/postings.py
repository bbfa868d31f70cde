"""Which accounts an event debits and credits: the one module that knows.

Worked examples, with the accounts explained: docs/ACCOUNTING.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from partners.directory import Directory, Programme
from partners.exchange.returning import shares, source_for
from partners.programmes.model import Custody
from partners.state import Hold, Membership, Quote
from settlement.ledger import accounts
from settlement.ledger.accounts import Account
from settlement.ledger.amounts import prorate
from settlement.ledger.entries import Line
from settlement.ledger.values import value

PRINCIPAL = "PRINCIPAL"
FEE = "FEE"
SPREAD = "SPREAD"
ROUNDING = "ROUNDING"
CONVERSION = "CONVERSION"
BONUS = "BONUS"
FORFEITED = "FORFEITED"
REDEEMED = "REDEEMED"
REFUNDED = "REFUNDED"
PURCHASED = "PURCHASED"
RESTORED = "RESTORED"
EXPIRED = "EXPIRED"
MERGED = "MERGED"
CARRIED_OVER = "CARRIED_OVER"

SHORTFALL = "shortfall"
BONUS_RULE = "bonus"
MONEY_FEE = "money-fee"
"""Rules of lines that say what of a conversion is owed."""

OPERATOR_KINDS = frozenset({FEE, SPREAD, ROUNDING})
"""Kinds of lines by which somebody owes the operator for its services."""


class Owed(NamedTuple):
    """What one participant owes another, in shared minor units; of nothing there is no line."""

    kind: str
    debtor: str
    creditor: str
    amount: int
    terms: int
    """Version of the book that says so; 0 where there is none."""
    rule: str | None = None


def owed_for(quote: Quote, giver: str, taker: str, operator: str) -> Iterator[Owed]:
    """What a conversion has companies owe each other, by the issuers of both sides."""
    amounts, fee = quote.amounts, quote.amounts.money_fee
    source, target = quote.source_rate, quote.target_rate
    by_giver = amounts.value_minor - amounts.shortfall_minor
    yield Owed(PRINCIPAL, giver, taker, by_giver, target)
    funder = quote.shortfall_funder
    yield Owed(PRINCIPAL, funder, taker, amounts.shortfall_minor, target, SHORTFALL)
    for bonus in amounts.bonuses:
        yield Owed(PRINCIPAL, bonus.funder, taker, bonus.value_minor, target, BONUS_RULE)
    yield Owed(FEE, giver, operator, amounts.fee_minor, source)
    yield Owed(FEE, giver, operator, fee.shared_minor if fee else 0, target, MONEY_FEE)
    yield Owed(SPREAD, giver, operator, amounts.spread_minor, source)
    yield Owed(ROUNDING, giver, operator, amounts.rounding_minor, target)


@value
class PricedLeg:
    """Points that an activity earns, with who pays for them and how much.

    `owed_minor` goes to the issuer and `fee_minor` to the operator, in shared minor units;
    `price` is None where funder and issuer are the same. `terms` is the number of the
    programme version or agreement that decided it.
    """

    membership: Membership
    reason: str
    points_minor: int
    rule: str
    funder: str
    price: Fraction | None
    owed_minor: int
    fee_minor: int
    terms: int
    available_at: datetime | None = None
    """When they may be spent; None: at once."""
    because: str = ""
    """How they came about, in words."""
    version: int = 0
    """Number of the programme version whose rule gave them; 0 where they were stated."""


@value
class Book:
    """The accounts of a coalition as of one window."""

    directory: Directory
    window: int

    def holder(self, account: tuple[int, str]) -> Account:
        """Where a member's points are: its own account, or its partner's control account."""
        member_id, programme = account
        currency = self.currency(programme)
        if self._programme(programme).custody is Custody.PARTNER:
            return accounts.external(programme, currency)
        return accounts.member(member_id, programme, currency)

    def issued(self, programme_id: str) -> Account:
        """The issuer's account of a programme."""
        return accounts.issued(programme_id, self.currency(programme_id))

    def currency(self, programme_id: str) -> str:
        """Code of a programme's points currency.

        Raises ValueError where it has none: there is nothing to book.
        """
        currency = self._programme(programme_id).currency
        if currency is None:
            message = f"{programme_id} has no points of its own"
            raise ValueError(message)
        return currency

    def issuer(self, programme_id: str) -> str:
        """The participant that issues a programme's points."""
        return self._programme(programme_id).partner

    def _programme(self, programme_id: str) -> Programme:
        return self.directory.programmes[programme_id]

    def obligation(
        self,
        kind: str,
        debtor: str,
        creditor: str,
        amount: int,
        *,
        terms: int | None,
        rule: str | None = None,
    ) -> tuple[Line, ...]:
        """Debtor owes creditor: one line between the two mirrored clearing accounts.

        Nothing where the amount is zero or both are the same: nobody owes themselves.
        """
        if not amount or debtor == creditor:
            return ()
        currency = self.directory.coalition.currency
        debit, credit = accounts.mirrored(self.window, debtor, creditor, currency)
        line = Line(
            kind=kind,
            amount=amount,
            debit=debit,
            credit=credit,
            parties=frozenset((debtor, creditor)),
            rule=rule,
            terms=terms,
        )
        return (line,)

    def accrual(self, legs: Iterable[PricedLeg]) -> tuple[Line, ...]:
        """Points to the member, then what the funder owes for them, leg by leg."""
        operator = self.directory.coalition.operator
        lines: list[Line] = []
        for leg in legs:
            issuer, funder = self.issuer(leg.membership.programme), leg.funder
            lines.append(self._points_given(leg, issuer))
            owed, fee, terms, rule = leg.owed_minor, leg.fee_minor, leg.terms, leg.rule
            lines += self.obligation(PRINCIPAL, funder, issuer, owed, terms=terms, rule=rule)
            lines += self.obligation(FEE, funder, operator, fee, terms=terms, rule=rule)
        return tuple(lines)

    def _points_given(self, leg: PricedLeg, issuer: str) -> Line:
        return Line(
            kind=leg.reason,
            amount=leg.points_minor,
            debit=self.issued(leg.membership.programme),
            credit=self.holder(leg.membership.account),
            parties=frozenset((issuer, leg.funder)),
            funder=leg.funder,
            price=leg.price,
            rule=leg.rule,
            terms=leg.terms,
        )

    def conversion(self, quote: Quote) -> tuple[Line, ...]:
        """Points of the source come back, points of the target are issued, and who owes what."""
        source, target = quote.pair
        return (
            *self._points_back(quote, self.issuer(source)),
            *self._points_out(quote, self.issuer(target)),
            *self._owed(quote, self.issuer(source), self.issuer(target)),
        )

    def _points_out(self, quote: Quote, taker: str) -> Iterator[Line]:
        """The target's points, and those of a bonus each with its funder."""
        bonuses = quote.amounts.bonuses
        base = quote.target_minor - sum(bonus.target_minor for bonus in bonuses)

        def points(kind: str, amount: int, funder: str | None, rule: str | None) -> Line:
            return Line(
                kind=kind,
                amount=amount,
                debit=self.issued(quote.target[1]),
                credit=self.holder(quote.target),
                parties=frozenset({taker, funder or taker}),
                funder=funder,
                rule=rule,
                terms=quote.target_rate or None,
            )

        if base:
            yield points(CONVERSION, base, None, None)
        for bonus in bonuses:
            yield points(BONUS, bonus.target_minor, bonus.funder, quote.offer or None)

    def _owed(self, quote: Quote, giver: str, taker: str) -> Iterator[Line]:
        """What companies owe each other for a conversion; nothing where the amount is zero."""
        for owed in owed_for(quote, giver, taker, self.directory.coalition.operator):
            yield from self.obligation(*owed[:4], terms=owed.terms or None, rule=owed.rule)

    def _points_back(self, quote: Quote, giver: str) -> Iterator[Line]:
        """The source's points; of the shared currency split by what becomes of it."""
        source, amounts = quote.source[1], quote.amounts
        whole = Line(
            kind=CONVERSION,
            amount=quote.source_minor,
            debit=self.holder(quote.source),
            credit=self.issued(source),
            parties=frozenset({giver}),
            terms=quote.source_rate or None,
        )
        if whole.currency != self.directory.coalition.currency:
            yield whole
            return
        parts = {
            PRINCIPAL: amounts.value_minor - amounts.shortfall_minor,
            FEE: amounts.fee_minor,
            SPREAD: amounts.spread_minor,
            ROUNDING: amounts.rounding_minor,
        }
        yield from (replace(whole, kind=kind, amount=n) for kind, n in parts.items() if n)

    def spent(
        self, hold: Hold, holder: tuple[int, str], amount: int, owed: int, price: Fraction
    ) -> Iterator[Line]:
        """Shared currency that a member spends at a merchant, and what the operator owes for it."""
        if amount:
            yield self._spending(REDEEMED, hold, holder, amount, price)
        operator = self.directory.coalition.operator
        yield from self.obligation(PRINCIPAL, operator, hold.merchant, owed, terms=hold.agreement)

    def refunded(
        self, hold: Hold, holder: tuple[int, str], amount: int, owed: int, price: Fraction
    ) -> Iterator[Line]:
        """What was spent comes back, and the merchant owes what it no longer is owed."""
        line = self._spending(REFUNDED, hold, holder, amount, price)
        yield replace(line, debit=line.credit, credit=line.debit)
        operator = self.directory.coalition.operator
        yield from self.obligation(PRINCIPAL, hold.merchant, operator, owed, terms=hold.agreement)

    def _spending(
        self, kind: str, hold: Hold, holder: tuple[int, str], amount: int, price: Fraction
    ) -> Line:
        return Line(
            kind=kind,
            amount=amount,
            debit=self.holder(holder),
            credit=self.issued(holder[1]),
            parties=frozenset({self.issuer(holder[1])}),
            price=price,
            terms=hold.agreement,
        )

    def taken_back(
        self,
        lines: Sequence[Line],
        before: int,
        after: int,
        holder: Callable[[Account], Account],
    ) -> Iterator[Line]:
        """The inverse of a conversion's lines, from `before` units of its target back to `after`.

        Points go from and to whoever holds them now. What is owed follows the target's units in
        proportion (rounded half up), in the window that is open now. Parts sum to the whole.
        """
        given = [line for line in lines if line.credit.code.startswith("issued/")]
        got = [line for line in lines if line.debit.code.startswith("issued/")]
        source, target = (sum(line.amount for line in side) for side in (given, got))
        already, then = (source_for(source, target, taken) for taken in (before, after))
        yield from self._points_undone(given, already, then, holder)
        yield from self._points_undone(got, before, after, holder)
        for line in lines:
            if line.debit.code.startswith("clearing/"):
                amount = prorate(line.amount, after, target) - prorate(line.amount, before, target)
                debtor, creditor = accounts.clearing_pair(line.debit.code)
                yield from self.obligation(
                    line.kind, creditor, debtor, amount, terms=line.terms, rule=line.rule
                )

    def _points_undone(
        self, lines: Sequence[Line], before: int, after: int, holder: Callable[[Account], Account]
    ) -> Iterator[Line]:
        amounts = [line.amount for line in lines]
        parts = zip(lines, shares(amounts, before), shares(amounts, after), strict=True)
        for line, already, then in parts:
            if then != already:
                debit, credit = holder(line.credit), holder(line.debit)
                issued = debit if debit.code.startswith("issued/") else credit
                issuer = self.issuer(issued.code.split("/", 1)[1])
                yield replace(
                    line,
                    amount=then - already,
                    debit=debit,
                    credit=credit,
                    parties=frozenset({issuer, line.funder or issuer}),
                )

    def reversal(
        self,
        legs: Sequence["RecordedLeg"],
        before: Sequence[int],
        after: Sequence[int],
    ) -> tuple[Line, ...]:
        """The inverse of legs: of each the points that came back `after` and had not `before`.

        What is owed for points follows them in proportion (rounded half up, so that parts of
        a leg sum to the whole); obligations are of the window that is open now.
        """
        return tuple(
            line
            for leg, already, then in zip(legs, before, after, strict=True)
            if then != already
            for line in self._taken_back(leg, already, then)
        )

    def _taken_back(self, leg: "RecordedLeg", already: int, then: int) -> Iterator[Line]:
        original = leg.points
        issuer = self.issuer(leg.programme)
        yield replace(
            original,
            amount=then - already,
            debit=original.credit,
            credit=original.debit,
            parties=frozenset({issuer, original.funder or issuer}),
        )
        for line in leg.obligations:
            debtor, creditor = accounts.clearing_pair(line.debit.code)
            amount = prorate(line.amount, then, original.amount) - prorate(
                line.amount, already, original.amount
            )
            yield from self.obligation(
                line.kind,
                creditor,
                debtor,
                amount,
                terms=line.terms,
                rule=line.rule,
            )

    def moved(
        self, kind: str, source: tuple[int, str], target: tuple[int, str], amount: int
    ) -> Iterator[Line]:
        """Points from one member's account to another's of the same programme, if any."""
        if amount:
            yield Line(
                kind=kind,
                amount=amount,
                debit=self.holder(source),
                credit=self.holder(target),
                parties=frozenset({self.issuer(source[1])}),
            )

    def given(
        self, kind: str, account: tuple[int, str], amount: int, *, rule: str | None = None
    ) -> Iterator[Line]:
        """Points that the issuer gives a member at its own cost, if any."""
        if amount:
            issuer = self.issuer(account[1])
            yield Line(
                kind=kind,
                amount=amount,
                debit=self.issued(account[1]),
                credit=self.holder(account),
                parties=frozenset({issuer}),
                funder=issuer,
                rule=rule,
            )

    def returned(
        self, kind: str, account: tuple[int, str], amount: int, *, rule: str | None = None
    ) -> Iterator[Line]:
        """Points that go from a member back to their issuer, if any."""
        if amount:
            yield Line(
                kind=kind,
                amount=amount,
                debit=self.holder(account),
                credit=self.issued(account[1]),
                parties=frozenset({self.issuer(account[1])}),
                rule=rule,
            )


@dataclass(frozen=True, slots=True)
class RecordedLeg:
    """A leg as it stands in the book: its line of points, then what is owed for them."""

    points: Line
    obligations: tuple[Line, ...]

    @property
    def programme(self) -> str:
        """The programme whose points these are."""
        return self.points.debit.code.split("/", 1)[1]


def recorded_legs(lines: Iterable[Line]) -> tuple[RecordedLeg, ...]:
    """Put the lines of an accrual together again, leg by leg, as `Book.accrual` laid them."""
    legs: list[tuple[Line, list[Line]]] = []
    for line in lines:
        if line.debit.code.startswith("issued/"):
            legs.append((line, []))
        else:
            legs[-1][1].append(line)
    return tuple(RecordedLeg(points, tuple(owed)) for points, owed in legs)
