"""A statement for people, as PDF. The same statement and arguments give the same bytes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction

from coalition.statement_reading import COLUMNS, Section, Statement, own_row
from gateway.documents.accounts import Account
from gateway.documents.figures import in_units, price_in_words
from gateway.documents.pages import Column, Figure, Pages
from gateway.documents.problems import NoDocument
from partners.programmes.money import exponent_of

MOST_MONEYS = 3
"""Columns of a table of payments, beside the shared currency."""

Row = Mapping[str, str]


def statement_pdf(
    statement: Statement,
    *,
    accounts: Mapping[str, Account] | None = None,
    money: str | None = None,
    due: date | None = None,
    created: datetime | None = None,
) -> bytes:
    """The statement on A4 pages.

    `accounts` give names and account numbers, `money` chooses one of the pinned currencies (all
    are shown otherwise), `due` is the day by which payments are to be made, `created` goes into
    the file's own description. Raises NoDocument where `money` is not pinned, or too many are.
    """
    return _Sheet(statement, accounts or {}, money, due, created).made()


class _Sheet:
    """One statement on its way to paper."""

    def __init__(
        self,
        statement: Statement,
        accounts: Mapping[str, Account],
        money: str | None,
        due: date | None,
        created: datetime | None,
    ) -> None:
        self._said = statement
        self._accounts = accounts
        self._due = due
        self._prices = chosen_prices(statement, money)
        if len(self._prices) > MOST_MONEYS:
            message = f"{len(self._prices)} moneys are pinned: choose one (--money)"
            raise NoDocument(message)
        self._own = statement.participant
        self._pages = Pages(
            title=f"Settlement statement of {self._own}, window {statement.window}",
            foot=f"{self._own} · window {statement.window} · SHA-256 {statement.sha256[:16]}…",
            created=created,
        )

    def made(self) -> bytes:
        """1. who and what 2. the position 3. what to do 4. why 5. how to check it."""
        # 1. Who and what.
        said = self._said
        self._pages.masthead(
            "Settlement statement",
            self._name(self._own),
            f"Window {said.window}, settlement {said.settlement}",
        )
        self._pages.facts(self._identity())
        # 2. The position.
        self._pages.figures(self._boxes())
        # 3. What to do.
        self._payments()
        # 4. Why.
        self._obligations()
        self._fees()
        self._money()
        self._breaks()
        if said.is_operators:
            self._positions()
        # 5. How to check it.
        self._checking()
        return self._pages.done()

    def _name(self, participant: str) -> str:
        account = self._accounts.get(participant)
        return participant if account is None else account.name

    def _named(self, participant: str) -> str:
        """A participant in a table: the id, and the name where one is known."""
        account = self._accounts.get(participant)
        return participant if account is None else f"{account.name} ({participant})"

    def _shared(self, minor: str | int) -> str:
        return in_units(int(minor), self._said.exponent)

    def _identity(self) -> list[tuple[str, str]]:
        said = self._said
        return [
            ("Participant", self._own),
            ("Entries of the ledger", f"{said.first_number:,} to {said.last_number:,}"),
            ("Operator", self._named(said.operator)),
            ("Entries shown to you", f"{said.entries:,}"),
            ("Coalition", said.coalition),
            ("Currency", f"{said.currency} with {said.exponent} decimals"),
            *((name, day) for name, day in self._days() if day is not None),
            *(
                ("Value", f"{self._price(money, price)} {money} for 1 {said.currency}")
                for money, price in self._prices.items()
            ),
        ]

    def _days(self) -> list[tuple[str, str | None]]:
        said = self._said
        return [
            ("Business date", said.business_date),
            ("Told on", said.advice_date),
            ("Agreed day", said.settlement_date),
            (
                "In place of",
                None if said.supersedes is None else f"settlement {said.supersedes}, aborted",
            ),
            ("Settled apart", ", ".join(map(self._named, said.apart)) or None),
        ]

    def _price(self, money: str, price: Fraction) -> str:
        return price_in_words(price, self._said.exponent, exponent_of(money))

    def _boxes(self) -> list[Figure]:
        own, currency = self._said.position, self._said.currency
        net = int(own["net_minor"])
        in_money = [
            f"{in_units(abs(int(self._in_money(m)['net_minor'])), exponent_of(m))} {m}"
            for m in self._prices
        ]
        return [
            Figure(f"Open before ({currency})", self._shared(own["opening_minor"])),
            Figure(
                f"{_does(net)} for this window ({currency})",
                self._shared(abs(net)),
                " · ".join(in_money),
                is_main=True,
            ),
            Figure(f"Open after ({currency})", self._shared(own["closing_minor"])),
        ]

    def _in_money(self, money: str) -> Row:
        return own_row(self._said.section("MONEY_POSITIONS", money), self._own)

    def _payments(self) -> None:
        said = self._said
        section = said.section("PAYMENTS")
        self._pages.heading("Payments of everybody" if said.is_operators else "What to do")
        self._pages.say(self._task(section.rows))
        if not self._prices:
            self._pages.say("No value in money is pinned for this window: nothing is valued.")
        if not section.rows:
            return
        sides = [side for side in ("payer", "payee") if self._is_shown(side, section.rows)]
        headings = {"payer": "From", "payee": "To"}
        paid = [section, *(said.section("MONEY_PAYMENTS", money) for money in self._prices)]
        self._pages.rows(
            [
                *(Column(headings[side], 30) for side in sides),
                *(Column(each.currency, is_figure=True) for each in paid),
            ],
            [
                [
                    *(self._party(row[side]) for side in sides),
                    *(self._figure(each, int(each.rows[place]["amount_minor"])) for each in paid),
                ]
                for place, row in enumerate(section.rows)
            ],
            [
                [
                    *("In all", "")[: len(sides)],
                    *(self._figure(each, each.totals["amount_minor"]) for each in paid),
                ]
            ],
        )

    def _is_shown(self, side: str, rows: Sequence[Row]) -> bool:
        """Whether a table of payments has this side: not where it is always the reader."""
        return self._said.is_operators or any(row[side] != self._own for row in rows)

    def _figure(self, section: Section, minor: int) -> str:
        """An amount of a section in units of its currency."""
        is_shared = section.currency == self._said.currency
        return in_units(minor, self._said.exponent if is_shared else exponent_of(section.currency))

    def _party(self, participant: str) -> str:
        account = self._accounts.get(participant)
        if account is None:
            return participant
        return "\n".join(filter(None, (account.name, account.number, account.bic)))

    def _task(self, rows: Sequence[Row]) -> str:
        """What the participant has to do, in a sentence."""
        by = "as your coalition agreed" if self._due is None else f"by {_day(self._due)}"
        paying = [row for row in rows if row["payer"] == self._own]
        receiving = [row for row in rows if row["payee"] == self._own]
        own = paying or receiving
        if not own:
            return "You have nothing to pay and nothing to receive for this window."
        total = self._shared(sum(int(row["amount_minor"]) for row in own))
        whole = f"{total} {self._said.currency} in {_counted(len(own), 'payment')}"
        account = self._accounts.get(self._own)
        if paying:
            through = "" if account is None else f" from your account {account.number}"
            return f"You pay {whole}{through}, {by}."
        through = "" if account is None else f" to your account {account.number}"
        return f"You are paid {whole}{through}, {by}."

    def _obligations(self) -> None:
        section = self._said.section("OBLIGATIONS")
        self._pages.heading("What you and others owe each other")
        if not section.rows:
            self._pages.say("Nothing in this window.")
            return
        self._exchanged(section)

    def _fees(self) -> None:
        section = self._said.section("FEES")
        if section.rows:
            self._pages.heading("Fees")
            self._exchanged(section)

    def _breaks(self) -> None:
        section = self._said.section("BREAKS")
        if not section.rows:
            return
        self._pages.heading("Differences between records and the ledger")
        self._pages.say(
            "In minor units; of a delivery in those of the points that were to be delivered."
        )
        self._pages.rows(
            [
                Column("Break", is_figure=True),
                Column("What", 30),
                Column("Whose", 25),
                Column("State", 20),
                Column("Ledger", is_figure=True),
                Column("Record", is_figure=True),
            ],
            [
                [
                    row["break"],
                    _kind(row["kind"]),
                    self._named(row["participant"]),
                    _kind(row["state"]),
                    f"{int(row['ledger_minor']):,}",
                    f"{int(row['reported_minor']):,}",
                ]
                for row in section.rows
            ],
        )

    def _exchanged(self, section: Section) -> None:
        currency = self._said.currency
        columns = [
            Column("Counterparty", 34),
            Column("For", 20),
            Column("Lines", is_figure=True),
            Column(f"Owed to you ({currency})", 18, is_figure=True),
            Column(f"You owe ({currency})", 18, is_figure=True),
            Column(f"Net ({currency})", 18, is_figure=True),
        ]
        amounts = ("owed_to_minor", "owed_by_minor", "net_minor")
        self._pages.rows(
            columns,
            [
                [
                    self._named(row["counterparty"]) if is_first else "",
                    _kind(row["kind"]),
                    f"{int(row['count']):,}",
                    *(self._shared(row[name]) for name in amounts),
                ]
                for row, is_first in _first_of_each(section.rows)
            ],
            [
                [
                    "In all",
                    "",
                    f"{section.totals['count']:,}",
                    *(self._shared(section.totals[name]) for name in amounts),
                ]
            ],
        )

    def _money(self) -> None:
        """What the position comes to in each money, and what rounding leaves to the operator."""
        if not self._prices:
            return
        said = self._said
        rows = []
        for money, price in self._prices.items():
            own, exponent = self._in_money(money), exponent_of(money)
            figures = (own["payments_minor"], own["rounding_minor"], own["net_minor"])
            rows.append(
                [
                    money,
                    self._price(money, price),
                    *(in_units(int(figure), exponent) for figure in figures),
                ]
            )
        self._pages.heading("In money")
        self._pages.say(
            "Each payment and the position are valued for themselves, rounded half to even. What "
            "payments and position differ by is carried by the operator and is not paid."
        )
        self._pages.rows(
            [
                Column("Money", 12),
                Column(f"For 1 {said.currency}", is_figure=True),
                Column("Payments", is_figure=True),
                Column("Rounding", is_figure=True),
                Column("Position", is_figure=True),
            ],
            rows,
        )

    def _positions(self) -> None:
        """Of everybody, which the operator alone is told."""
        said = self._said
        moneys = list(self._prices)
        columns = [
            Column("Participant", 34),
            Column(f"Open before ({said.currency})", 18, is_figure=True),
            Column(f"Net ({said.currency})", 18, is_figure=True),
            Column(f"Open after ({said.currency})", 18, is_figure=True),
            *(Column(f"Net ({money})", 18, is_figure=True) for money in moneys),
        ]
        shared = ("opening_minor", "net_minor", "closing_minor")
        rows = [
            [
                self._named(row["participant"]),
                *(self._shared(row[name]) for name in shared),
                *(self._net_of(row["participant"], money) for money in moneys),
            ]
            for row in said.section("POSITIONS").rows
        ]
        residual = ["Rounding, with the operator", "", "", ""]
        rest = (said.section("MONEY_RESIDUAL", money) for money in moneys)
        residual += [self._figure(each, each.totals["amount_minor"]) for each in rest]
        totals = said.section("POSITIONS").totals
        in_all = ["In all", *(self._shared(totals[name]) for name in shared)]
        self._pages.heading("Positions of everybody")
        self._pages.say("A positive net receives, a negative one pays; together they are zero.")
        self._pages.rows(
            columns,
            [*rows, *([residual] if moneys else [])],
            [[*in_all, *(in_units(0, exponent_of(money)) for money in moneys)]],
        )

    def _net_of(self, participant: str, money: str) -> str:
        row = own_row(self._said.section("MONEY_POSITIONS", money), participant)
        return in_units(int(row["net_minor"]), exponent_of(money))

    def _checking(self) -> None:
        said, pages = self._said, self._pages
        pages.heading("How to check this statement", 64 + 6.5 * len(said.sections))
        pages.say(
            "These pages show the statement; the statement itself is the JSON file with this "
            "SHA-256. Whoever has the same file has the same statement, to the last unit."
        )
        pages.quote(said.sha256)
        if said.previous_sha256 is None:
            pages.say("It is your first: no statement comes before it.")
        else:
            pages.say("It follows the statement with this SHA-256:")
            pages.quote(said.previous_sha256)
        command = f"coalition settlement statement {said.window}"
        pages.say(f"Fetch it, and have it checked as it comes: {command}")
        pages.say("Control totals, in minor units. A file that does not come to them is not whole.")
        pages.rows(
            [
                Column("Section", 22),
                Column("Currency", 12),
                Column("Rows", is_figure=True),
                Column("Totals", 66),
            ],
            [
                [_kind(each.name), each.currency, f"{each.row_count:,}", _totals(each)]
                for each in said.sections
            ],
        )


def chosen_prices(statement: Statement, money: str | None) -> dict[str, Fraction]:
    """What the shared currency is worth, in one money where it is named, else in all.

    Raises NoDocument where the one that is named is not pinned.
    """
    prices = statement.prices
    if money is None:
        return prices
    if money not in prices:
        pinned = ", ".join(prices) or "none"
        message = f"the statement has no value in {money}; pinned for its window: {pinned}"
        raise NoDocument(message)
    return {money: prices[money]}


def _does(net: int) -> str:
    return "To receive" if net > 0 else "To pay" if net < 0 else "Even"


def _kind(name: str) -> str:
    """A kind of lines, or a section, for people."""
    return name.replace("_", " ").capitalize()


def _totals(section: Section) -> str:
    """The control totals in the order of the columns."""
    known = COLUMNS.get(section.name, ((), ()))[1]
    ordered = [*known, *sorted(section.totals.keys() - set(known))]
    return " · ".join(
        f"{column.removesuffix('_minor').replace('_', ' ')} {section.totals[column]}"
        for column in ordered
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _first_of_each(rows: Iterable[Row]) -> Iterable[tuple[Row, bool]]:
    """Rows, and whether a row is the first of its counterparty."""
    before = ""
    for row in rows:
        yield row, row["counterparty"] != before
        before = row["counterparty"]
