"""Programmes whose points are converted into each other, for tests of what becomes of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection, text

from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.state import MembershipKey
from partners.usecases.awards import Redeem
from partners.usecases.exchange import Convert
from partners.usecases.reversal import Reverse
from settlement.ledger.check import check
from support.use_case_bench import Bench, Outcome, bench, definition, quote, report

SPENDING = (1, 50, 100, 200, 406, 500, 606, 1_000)
AWARDS = "".join(
    f'[[awards]]\naward = "for-{n}"\nname = "For {n}"\nprices = [{{ points = {n} }}]\n'
    for n in SPENDING
)
BY_AGE = '[expiry]\nby = "age"\nafter = "24 months"\n'
OWNER = {"thrifty": "alpha", "outside": "gamma", "operator": "admin-one"}
A, T, B, G = ("alpha", "1"), ("thrifty", "1"), ("beta", "1"), ("gamma", "1")
OUTSIDE, COIN = ("outside", "1"), ("operator", "1")


@contextmanager
def exchanges(database_url: str) -> Iterator[Bench]:
    """One person's memberships in six programmes, each linked with each.

    A and T at 0.50 in (fee 2 %, spread 1 %), T's funder bears what was spent; B at 0.70 in and
    0.80 out, where points expire by their age; G at 0.45 and 0.50; one kept outside at 1.
    """
    with bench(database_url) as made:
        made.admit("alpha", "beta", "gamma")
        made.publish("alpha", definition("alpha", "AA", rest=AWARDS))
        thrifty = definition("thrifty", "TT", reversal="funder-bears", rest=AWARDS)
        made.publish("alpha", thrifty)
        made.publish("beta", definition("beta", "BB", rest=AWARDS + BY_AGE))
        made.publish("gamma", definition("gamma", "GG", rest=AWARDS))
        made.publish("gamma", definition("outside", "OUT", custody="partner"))
        for source in ("alpha", "thrifty"):
            made.rate(source, 50, 60, Fraction(1, 50), Fraction(1, 100))
        made.rate("beta", 70, 80)
        made.rate("gamma", 45, 50)
        made.rate("outside", 100, 100)
        made.rate("operator", 1, 1, Fraction(1, 100))
        for programme, number in (A, T, B, G, OUTSIDE, COIN):
            made.enrol(programme, number, sender=owner(programme))
        pairs = [(one, other) for one in (A, T) for other in (B, G, OUTSIDE, COIN)]
        for one, other in [*pairs, (B, G), (B, COIN), (G, COIN), (B, OUTSIDE)]:
            made.link(one, other, (owner(one[0]), owner(other[0])))
        yield made


def owner(programme: str) -> str:
    return OWNER.get(programme, programme)


def key_of(member: MembershipKey, reference: str) -> ActivityKey:
    """What was given to a member, as its programme's partner reports it."""
    programme = member[0]
    supplier = programme if programme == "operator" else owner(programme)
    return ActivityKey(supplier, "GIFT", f"{programme}-{reference}")


@dataclass
class Exchanges:
    """What happens to members' points, each by the request of whose business it is."""

    world: Bench

    def gave(self, member: MembershipKey, reference: str, points: int) -> Outcome:
        """A member earns points, at the cost of whoever issues them."""
        stated = [(member[0], "BASE", points)]
        given = report(member, key_of(member, reference), stated)
        return accepted(self.world.ask(owner(member[0]), given))

    def quoted(self, source: MembershipKey, target: MembershipKey, amount: int) -> int:
        asked = self.world.ask(owner(source[0]), quote(source, target, amount))
        number: int = accepted(asked).result.quote.number
        return number

    def converted(self, source: MembershipKey, target: MembershipKey, amount: int) -> Outcome:
        number = self.quoted(source, target, amount)
        hold = f"hold-{number}" if source[0] == "outside" else ""
        return accepted(self.world.ask(owner(source[0]), Convert(number, hold)))

    def spent(self, member: MembershipKey, points: int) -> Outcome:
        """A member has an award of just so many points."""
        award = Redeem(member, f"for-{points}", None, buy_missing=False)
        return accepted(self.world.ask(owner(member[0]), award))

    def taken(self, member: MembershipKey, reference: str, part: Fraction | None = None) -> Outcome:
        """What was given is taken back."""
        reverse = Reverse(key_of(member, reference), "test", part)
        return accepted(self.world.ask(owner(member[0]), reverse))

    def holds(self, *members: MembershipKey) -> list[int]:
        """What members hold."""
        connection = self.world.connection
        assert connection is not None
        rows = connection.execute(
            text(
                "select e.programme, e.member_number, a.credits - a.debits as held "
                "from enrolment e join member_account a using (member_id, programme)"
            )
        )
        held = {(row.programme, row.member_number): int(row.held) for row in rows}
        return [held.get(member, 0) for member in members]

    def positions(self) -> dict[str, int]:
        """What each participant receives (positive) or pays in the windows so far, if anything."""
        connection = self.world.connection
        assert connection is not None
        found: dict[str, int] = {}
        for code, balance in self.world.accounts(connection).items():
            if code.startswith("clearing/"):
                who = code.split("/")[2].split(":")[0]
                found[who] = found.get(who, 0) + balance
        return {who: net for who, net in found.items() if net}


def accepted(outcome: Outcome) -> Outcome:
    assert not outcome.reason, (outcome.reason, outcome.message)
    return outcome


def problems(connection: Connection, world: Bench) -> list[str]:
    """What the self-check finds in the book and in what was agreed."""
    return [
        str(problem)
        for problem in (*check(connection, world.coalition), *check_agreed(connection))
        if problem.check not in {"entry-request", "request-entry"}
    ]
