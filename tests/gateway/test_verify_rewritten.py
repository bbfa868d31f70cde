"""A ledger that was changed behind the gateway's back: its partner is told which entry it is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from coalition.answers import BadAnswer
from coalition.evidence_folder import Folder
from settlement.ledger.book import load_coalition
from settlement.ledger.entries import canonical, line_digest, lines_root
from settlement.ledger.reading import lines_of
from settlement.ledger.tree import extend, leaf_hash
from support.coalition_day import Day
from support.evidence import Lines, fetch, place_of, settled_business, verified
from support.random_business import World

ME = "hotel"


@pytest.fixture
def business(database_url: str) -> Iterator[tuple[Day, World]]:
    with settled_business(database_url, windows=1, acts=15) as business:
        yield business


@pytest.fixture
def day(business: tuple[Day, World]) -> Day:
    return business[0]


@pytest.fixture
def before(day: Day, tmp_path: Path) -> Folder:
    """The evidence as it was collected before."""
    return fetch(day, ME, tmp_path / "before")


@pytest.fixture
def number(before: Folder) -> int:
    """The last accrual of the closed window: an entry of the hotel's own."""
    lines: Lines = [json.loads(line) for line in before.feed.read_text().splitlines()]
    return int(lines[place_of(before, "ACCRUAL", "clearing/")]["number"])


def damage(day: Day, statement: str, **values: object) -> None:
    with day.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_an_altered_line(day: Day, number: int, tmp_path: Path) -> None:
    damage(day, "update line set amount = amount + 1 where number = :n and index = 0", n=number)
    with pytest.raises(BadAnswer, match=f"number {number} of the feed does not hold: the digests"):
        fetch(day, ME, tmp_path / "after")


def test_a_dropped_line(day: Day, number: int, tmp_path: Path) -> None:
    damage(day, "delete from line where number = :n and index = 0", n=number)
    with pytest.raises(BadAnswer, match=f"number {number} of the feed does not hold: "):
        fetch(day, ME, tmp_path / "after")


def test_an_added_line(day: Day, number: int, tmp_path: Path) -> None:
    added = (
        "insert into line select number, 99, kind, currency, amount, debit, credit, funder, price, "
        "rule, terms from line where number = :n and index = 0"
    )
    damage(day, added, n=number)
    with pytest.raises(BadAnswer, match=f"number {number} of the feed does not hold: "):
        fetch(day, ME, tmp_path / "after")


def test_two_entries_that_changed_places(day: Day, number: int, tmp_path: Path) -> None:
    other = number - 1
    for before, after in ((number, -1), (other, number), (-1, other)):
        damage(day, "update entry set number = :a where number = :b", a=after, b=before)
    with pytest.raises(BadAnswer, match=f"number ({number}|{other}) of the feed does not hold"):
        fetch(day, ME, tmp_path / "after")


def test_an_entry_dropped_from_the_feed(
    day: Day, number: int, before: Folder, tmp_path: Path
) -> None:
    damage(day, "delete from feed where number = :n and participant = 'hotel'", n=number)
    problems = verified(day, fetch(day, ME, tmp_path / "after")).problems
    # The statement that was made before still counts it.
    assert any(re.search(r"entries is \d+ in the statement", each) for each in problems)
    # Whoever kept the record goes on from it, and still proves that it is in the log.
    assert verified(day, fetch(day, ME, before.path)).problems == []


def test_an_entry_added_to_the_feed(day: Day, tmp_path: Path) -> None:
    """What is another's business, in the hotel's feed."""
    damage(
        day,
        "insert into feed select 'hotel', number, false, lines from feed f where "
        "participant = 'airline' and not exists (select from feed o where "
        "o.participant in ('hotel', '*') and o.number = f.number) order by number limit 1",
    )
    problems = verified(day, fetch(day, ME, tmp_path / "after")).problems
    assert any(re.search(r"entries is \d+ in the statement", each) for each in problems)


def rewrite(day: Day, number: int) -> None:
    """An amount is another, and all that is stored of the entry is made to agree with it."""
    with day.engine.begin() as connection:
        connection.execute(
            text("update line set amount = amount + 1 where number = :n and index = 0"),
            {"n": number},
        )
        coalition = load_coalition(connection)
        assert coalition is not None
        lines = lines_of(connection, [number])[number]
        digests = [
            line_digest(coalition.salt(number, i), line.data) for i, line in enumerate(lines)
        ]
        stored = text("select entry_bytes from entry where number = :n")
        entry = json.loads(bytes(connection.execute(stored, {"n": number}).scalar_one()))
        entry["lines_root"] = lines_root(digests).hex()
        data = canonical(entry)
        connection.execute(
            text("update entry set entry_bytes = :data, leaf = :leaf where number = :n"),
            {"n": number, "data": data, "leaf": leaf_hash(data)},
        )


def regrow(day: Day) -> None:
    """The tree is made to agree as well; it has no complete tile yet."""
    with day.engine.begin() as connection:
        leaves = text("select leaf from entry order by number")
        grown = extend((), 0, [bytes(leaf) for leaf in connection.execute(leaves).scalars()])
        connection.execute(text("update ledger_head set frontier = :f"), {"f": list(grown)})


def test_a_rewritten_entry_is_not_in_the_tree(day: Day, number: int, tmp_path: Path) -> None:
    rewrite(day, number)
    problems = verified(day, fetch(day, ME, tmp_path / "after")).problems
    assert any(f"entry {number} as it is here is not in the tree" in each for each in problems)


def test_a_rewritten_history_does_not_extend_the_one_that_was_kept(
    day: Day, before: Folder, number: int, tmp_path: Path
) -> None:
    kept = before.checkpoints()[-1]
    rewrite(day, number)
    regrow(day)
    day.enrol("hotel", "later")
    after = fetch(day, ME, tmp_path / "after", kept=[kept])
    problems = verified(day, after, kept=[kept]).problems
    assert any(re.search(r"the tree of \d+ entries does not extend", each) for each in problems)
    # A folder that goes on from what it has notices without being told.
    problems = verified(day, fetch(day, ME, before.path)).problems
    assert any(re.search(r"the tree of \d+ entries does not extend", each) for each in problems)
