"""Who takes part in the tests of accrual and reversal: five companies and their terms."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

from partners.activities import ActivityKey
from partners.directory import Permission
from support.use_case_bench import (
    Bench,
    bench,
    definition,
    sample,
)

CARD_RULE = (
    '[[earn]]\nrule = "co-brand"\nactivity = "CARD_SPEND"\nper = "money"\ncategory = "CARD"\n'
    'currency = "USD"\npoints = "2"\n'
)
COIN_RULE = (
    '[[earn]]\nrule = "coins"\nprogramme = "operator"\nactivity = "RENTAL"\nper = "activity"\n'
    'points = "5"\n'
)


@contextmanager
def five_companies(database_url: str) -> Iterator[Bench]:
    """The hotel buys the airline's miles; a bank without a programme has a card of the airline."""
    with bench(database_url) as made:
        made.admit("hotel", "airline", "bank", "rental", "stranger")
        made.publish("hotel", sample("hotel"))
        made.publish("airline", sample("airline").decode() + CARD_RULE)
        made.publish(
            "rental", definition("rental", "RENT", reversal="funder-bears", rest=COIN_RULE)
        )
        made.publish("stranger", definition("stranger", "STRANGE"))
        made.agree("airline", "hotel", price=120, fee=Fraction(1, 50))
        made.agree("operator", "rental", price=100, fee=Fraction(1, 100), issuer="admin-one")
        both = [Permission.STATE_POINTS, Permission.DOUBLE_DIP, Permission.REPORT_ACTIVITIES]
        made.agree("airline", "bank", price=Fraction(3, 2), fee=Fraction(0), permissions=both)
        report_for = [Permission.REPORT_ACTIVITIES]
        made.agree("hotel", "airline", permissions=report_for)
        made.enrol("hotel", "H1", tier="GOLD", choice="points-and-miles")
        made.enrol("hotel", "H2")
        made.enrol("airline", "A1")
        made.enrol("rental", "R1")
        made.enrol("operator", "O1", sender="admin-one", same=None)
        made.enrol("stranger", "X1")
        made.link(("hotel", "H1"), ("airline", "A1"))
        made.link(("rental", "R1"), ("operator", "O1"), ("rental", "admin-one"))
        yield made


H = ActivityKey("hotel", "STAY", "h")
F = ActivityKey("airline", "FLIGHT", "f")
C = ActivityKey("bank", "CARD_SPEND", "c")
H1, A1, R1 = ("hotel", "H1"), ("airline", "A1"), ("rental", "R1")
ROOM = [("ROOM", "EUR", 20_000)]
CARD = [("CARD", "USD", 15_000)]
