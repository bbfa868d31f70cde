"""Matching against an independent model that takes one row and one item after the other."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from settlement.reconciliation_outcomes import Rules
from support.handmade import found
from support.partner_records import Item, Row, happened, matched, recorded

REFERENCES = ("A", "A-1", "A-2", "B", "B/1")
AMOUNTS = (-3, -1, 1, 2, 3, 4)

ITEMS = st.lists(
    st.builds(Item, st.sampled_from(REFERENCES), st.sampled_from(AMOUNTS), st.integers(0, 2)),
    max_size=6,
)
ROWS = st.lists(
    st.builds(Row, st.sampled_from((*REFERENCES, "")), st.sampled_from(AMOUNTS), st.integers(0, 2)),
    max_size=7,
)
RULES = st.builds(Rules, st.integers(0, 1), st.integers(0, 1))

Numbered = tuple[int, Row]


def base(reference: str) -> str:
    return re.sub(r"[-/.:_ ][^-/.:_ ]+$", "", reference)


@dataclass
class Model:
    """What is left of either side, by place, and what was found: (outcome, rows, items)."""

    rules: Rules
    rows: dict[int, Row]
    items: dict[int, Item]
    found: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)

    def take(self, outcome: str, rows: Sequence[int], items: Sequence[int]) -> None:
        self.found.append((outcome, tuple(sorted(rows)), tuple(sorted(items))))
        for place in rows:
            del self.rows[place]
        for place in items:
            del self.items[place]

    def exact(self) -> None:
        for place, row in sorted(self.rows.items()):
            for number, item in sorted(self.items.items()):
                same = (row.reference, row.amount, row.day) == (
                    item.reference,
                    item.amount,
                    item.day,
                )
                if same:
                    self.take("MATCHED", [place], [number])
                    break

    def pair(
        self,
        key: Callable[[Row | Item], object],
        order: Callable[[Row | Item], object],
        distance: Callable[[Row, Item], object],
    ) -> None:
        items_by: dict[object, list[int]] = {}
        rows_by: dict[object, list[int]] = {}
        for number in sorted(self.items):
            items_by.setdefault(key(self.items[number]), []).append(number)
        for place in sorted(self.rows):
            rows_by.setdefault(key(self.rows[place]), []).append(place)
        for group in items_by.keys() & rows_by.keys():
            rows, items = rows_by[group], items_by[group]
            if len(rows) == 1 or len(items) == 1:
                pairs = [
                    min(
                        ((r, i) for r in rows for i in items),
                        key=lambda p: (distance(self.rows[p[0]], self.items[p[1]]), p),
                    )
                ]
            else:
                rows = sorted(rows, key=lambda r: (order(self.rows[r]), r))
                items = sorted(items, key=lambda i: (order(self.items[i]), i))
                pairs = list(zip(rows, items, strict=False))
            for place, number in pairs:
                self.take(self.judged(self.rows[place], self.items[number]), [place], [number])

    def judged(self, row: Row, item: Item) -> str:
        if abs(row.amount - item.amount) > self.rules.amount_tolerance_minor:
            return "AMOUNT_DIFFERS"
        if abs(row.day - item.day) > self.rules.day_tolerance:
            return "DATE_DIFFERS"
        return "MATCHED_WITHIN_TOLERANCE"

    def split(self, *, prefix: bool) -> None:
        counted = Counter(item.reference for item in self.items.values())
        known = set(counted)

        def whole(row: Row) -> str:
            return row.reference if not prefix or row.reference in known else base(row.reference)

        for number, item in sorted(self.items.items()):
            parts = [p for p, r in self.rows.items() if r.reference and whole(r) == item.reference]
            total = sum(self.rows[p].amount for p in parts)
            if counted[item.reference] == 1 and len(parts) > 1 and total == item.amount:
                self.take("MATCHED_SPLIT", parts, [number])

    def merge(self, *, prefix: bool) -> None:
        counted = Counter(row.reference for row in self.rows.values() if row.reference)
        known = {row.reference for row in self.rows.values()}

        def whole(item: Item) -> str:
            return item.reference if not prefix or item.reference in known else base(item.reference)

        for place, row in sorted(self.rows.items()):
            parts = [n for n, item in self.items.items() if whole(item) == row.reference]
            total = sum(self.items[n].amount for n in parts)
            if counted[row.reference] == 1 and len(parts) > 1 and total == row.amount:
                self.take("MATCHED_MERGED", [place], parts)

    def without_reference(self) -> None:
        rows = Counter((r.amount, r.day) for r in self.rows.values() if not r.reference)
        items = Counter((i.amount, i.day) for i in self.items.values())
        for place, row in sorted(self.rows.items()):
            like = (row.amount, row.day)
            if not row.reference and rows[like] == items[like] == 1:
                (number,) = (n for n, i in self.items.items() if (i.amount, i.day) == like)
                self.take("MATCHED_WITHOUT_REFERENCE", [place], [number])

    def cancel(self) -> None:
        named = {row.reference for row in self.rows.values()}
        left = sorted(self.items.items(), key=lambda pair: pair[1].reference)
        for reference, group in groupby(left, key=lambda pair: pair[1].reference):
            numbers = [number for number, _ in group]
            total = sum(self.items[n].amount for n in numbers)
            if reference not in named and len(numbers) > 1 and total == 0:
                self.take("CANCELS_OUT", [], numbers)

    def rest(self, known: set[str]) -> None:
        seen: set[tuple[str, int, int]] = set()
        for place, row in sorted(self.rows.items()):
            key = (row.reference, row.amount, row.day)
            again = bool(row.reference) and (row.reference in known or key in seen)
            seen.add(key)
            self.take("DUPLICATE" if again else "MISSING_AT_GATEWAY", [place], [])
        for number in sorted(self.items):
            self.take("MISSING_AT_PARTNER", [], [number])


def model(items: Sequence[Item], rows: Sequence[Row], rules: Rules) -> Model:
    run = Model(rules, dict(enumerate(rows, 1)), dict(enumerate(items, 1)))
    run.exact()
    run.pair(lambda x: (x.reference, x.amount), lambda x: x.day, lambda r, i: abs(r.day - i.day))
    for prefix in (False, True):
        run.split(prefix=prefix)
        run.merge(prefix=prefix)
    run.pair(
        lambda x: x.reference,
        lambda x: (x.amount, x.day),
        lambda r, i: (abs(r.amount - i.amount), abs(r.day - i.day)),
    )
    run.without_reference()
    run.cancel()
    run.rest({item.reference for item in items})
    return run


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ITEMS, ROWS, RULES)
def test_the_sets_come_to_what_one_by_one_does(
    connection: Connection, items: list[Item], rows: list[Row], rules: Rules
) -> None:
    expected = model(items, rows, rules).found
    with connection.begin_nested() as attempt:
        found(connection)
        window = happened(connection, items)
        kept = [Row("of-others", 1)] if not items else []
        counts, listed = matched(
            connection, window, recorded(connection, window, rows + kept, rules)
        )
        attempt.rollback()
    told = Counter(outcome for outcome, took, of in expected for _ in took or of)
    told["MATCHED"] += len(kept)
    assert Counter(counts) == +told
    single = {
        (outcome, took, of)
        for outcome, took, of in expected
        if len(took) <= 1 and len(of) <= 1 and outcome not in {"MATCHED", "DUPLICATE"}
    }
    assert single <= {
        (f.outcome, (f.row,) if f.rows else (), (f.entry,) if f.entries else ())
        for f in listed
        if f.rows <= 1 and f.entries <= 1
    }
    # The books balance: what the record says more than the ledger is in the findings.
    difference = sum(row.amount for row in rows) - sum(item.amount for item in items)
    assert sum(f.reported_minor - f.ledger_minor for f in listed) == difference
