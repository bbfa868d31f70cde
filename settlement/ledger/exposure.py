"""What each participant owes on balance, over everything that is not settled yet.

Every obligation moves two accounts between companies, one of each side. What was ever debited
and credited to a participant's own is summed up as entries are written: debits less credits are
what it owes. A settlement moves what is due from one such account to another of the same
participant, so it changes nothing; a payment does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from settlement.ledger.accounts import Account, owner
from settlement.ledger.bulk import Statement, parsed, unnest
from settlement.ledger.entries import Line

if TYPE_CHECKING:
    from settlement.ledger.book import Counters

_COLUMNS = {"participant": "text", "debits": "numeric", "credits": "numeric"}

_ADD = parsed(
    f"insert into exposure as sum (participant, debits, credits) "  # noqa: S608 - our names
    f"select participant, debits, credits from {unnest(_COLUMNS)} "
    "on conflict (participant) do update set debits = sum.debits + excluded.debits, "
    "credits = sum.credits + excluded.credits"
)


def added_exposure(moved: Mapping[Account, "Counters"]) -> Statement:
    """Adds what entries moved between companies to each participant's sums."""
    debits: defaultdict[str, int] = defaultdict(int)
    credits_: defaultdict[str, int] = defaultdict(int)
    for account, counters in moved.items():
        participant = owner(account.code)
        if participant is not None:
            debits[participant] += counters.debits
            credits_[participant] += counters.credits
    bound = {
        "participant": list(debits),
        "debits": list(debits.values()),
        "credits": [credits_[participant] for participant in debits],
    }
    return Statement(_ADD, bound)


def owed_by(lines: Iterable[Line]) -> dict[str, int]:
    """What lines add to each participant's net debit, in shared minor units; negative: it falls."""
    grown: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        for account, amount in ((line.debit, line.amount), (line.credit, -line.amount)):
            participant = owner(account.code)
            if participant is not None:
                grown[participant] += amount
    return dict(grown)
