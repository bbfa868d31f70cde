"""Books of many stays, for the rows that ask what grows with them: written straight into tables.

What closing, statements and matching read is as the gateway would have written it: entries with
their facts, lines, feeds, and what the companies owe each other. Hashes and members' balances are
not, so that a million stays take a minute: such a book is measured and thrown away.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from coalition.keyfiles import generate
from gateway.database import report_engine
from gateway.founding import found, random_founding
from gateway.postgres import embedded_postgres, reachable_data_dir
from settlement.ledger.accounts import clearing_prefix
from settlement.ledger.book import read_head
from settlement.ledger.entries import Coalition

PARTICIPANTS = ("airline", "hotel")

_FEE_MINOR = 20

_ENTRIES = r"""
insert into entry (number, kind, sender, accepted_at, window_id, corrects, request_sha256, facts,
    entry_bytes, leaf)
select n, 'ACCRUAL', 'hotel', :at, :window, null, null, convert_to(
    '{"activity":{"kind":"STAY","reference":"H1/' || n || '","revision":"1","supplier":"hotel"},'
    '"attributes":[],"ended_at"\:null,"programme":"hotel","programme_version":"12",'
    '"quantities":[["NIGHT","2"]],"skipped":[],"spend":[["ROOM","EUR","20000"]],"started_at":"'
    || to_char(cast(:at as timestamptz), 'YYYY-MM-DD"T12:00:00.000000Z"') || '"}', 'UTF8'),
    decode(repeat('00', 300), 'hex'), decode(repeat('00', 32), 'hex')
from generate_series(cast(:first as bigint), :last) as n
"""
_LINES = """
insert into line (number, "index", kind, currency, amount, debit, credit)
select n, i, kind, currency,
    case i when 3 then 1000 + n % 50000 when 4 then :fee else points end,
    replace(debit, '#', cast(n % 5000 as text)), replace(credit, '#', cast(n % 5000 as text))
from generate_series(cast(:first as bigint), :last) as n cross join (values
    (0, 'BASE', 'HOTEL-POINTS', 2000, 'issued/hotel', 'member/#/hotel'),
    (1, 'TIER_BONUS', 'HOTEL-POINTS', 500, 'issued/hotel', 'member/#/hotel'),
    (2, 'BASE', 'AIR-MILES', 200, 'issued/airline', 'member/#/airline'),
    (3, 'PRINCIPAL', 'COIN', 0, :clearing || 'hotel:airline', :clearing || 'airline:hotel'),
    (4, 'FEE', 'COIN', 0, :clearing || 'hotel:operator', :clearing || 'operator:hotel')
) as leg(i, kind, currency, points, debit, credit)
"""
_FEEDS = """
insert into feed (participant, number, facts, lines)
select participant, n, participant = 'hotel', cast(lines as smallint[])
from generate_series(cast(:first as bigint), :last) as n cross join (values
    ('hotel', '{0,1,2,3,4}'), ('airline', '{2,3}'), ('operator', '{4}')
) as shown(participant, lines)
"""
_ACCOUNTS = """
insert into company_account (code, currency, debits, credits)
select code, currency, sum(debits), sum(credits) from (
    select debit as code, currency, amount as debits, 0 as credits
    from line where number >= :first and "index" >= 3
    union all
    select credit, currency, 0, amount from line where number >= :first and "index" >= 3
) sides group by code, currency
"""
_HEAD = """
update ledger_head set size = :last + 1, accepted_at = :at, frontier = :frontier
"""


@dataclass(frozen=True, slots=True)
class Book:
    """A coalition without a gateway, whose windows are filled with stays."""

    engine: Engine
    coalition: Coalition

    def fill(self, entries: int) -> None:
        """So many stays in the open window, which holds none yet; statistics are up to date."""
        with self.engine.begin() as connection:
            _write(connection, entries)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze entry, line, feed, company_account"))
            connection.execute(text("checkpoint"))


def owed_minor(number: int) -> int:
    """What the hotel owes because of the stay of this number, in shared minor units."""
    return 1_000 + number % 50_000 + _FEE_MINOR


def reference(number: int) -> str:
    """The hotel's own reference of that stay."""
    return f"H1/{number}"


@contextmanager
def book(folder: Path | None) -> Iterator[Book]:
    """An empty book on a durable database of its own below `folder`, gone at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="coalition-bench-", dir=folder) as scratch,
        ExitStack() as stack,
    ):
        data_dir = reachable_data_dir(Path(scratch) / "postgres")
        stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        engine = report_engine(stack.enter_context(embedded_postgres(data_dir)))
        stack.callback(engine.dispose)
        founding = random_founding(
            operator="operator",
            name="Bench",
            currency="COIN",
            exponent=2,
            gateway=generate(),
            administrators={"admin-one": generate(), "admin-two": generate()},
        )
        yield Book(engine, found(engine, founding, datetime.now(UTC)))


def _write(connection: Connection, entries: int) -> None:
    head = read_head(connection, lock=True)
    size = head.size + entries
    bound = {
        "at": max(head.accepted_at, datetime.now(UTC)),
        "window": head.open_window,
        "clearing": clearing_prefix(head.open_window),
        "fee": _FEE_MINOR,
        "first": head.size,
        "last": size - 1,
        # As many nodes as a tree of this size has on its right edge; what they hold is not read.
        "frontier": [bytes(32)] * size.bit_count(),
    }
    for statement in (_ENTRIES, _LINES, _FEEDS, _ACCOUNTS, _HEAD):
        connection.execute(text(statement), bound)
