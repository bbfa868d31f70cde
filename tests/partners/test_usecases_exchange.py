"""Exchange: quotes that bind, conversions to the unit, and leave to debit once."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest

from partners.activities import ActivityKey
from partners.context import Command
from partners.directory import Permission
from partners.state import MembershipKey, MembershipState
from partners.usecases.exchange import AuthorizeDebit, Convert
from partners.usecases.links import Unlink
from support.coalition_day import NOON
from support.use_case_bench import Bench, Outcome, bench, definition, quote, report, update

A, B, COIN = ("alpha", "1"), ("beta", "1"), ("operator", "1")
OWNER = {"alpha": "alpha", "beta": "beta", "operator": "admin-one", "gamma": "gamma"}


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """A at 0.50 in (fee 2 %, spread 1 %), B out at 1 per 0.80; a member of each."""
    with bench(module_database_url) as made:
        made.admit("alpha", "beta", "gamma")
        for name, code in (("alpha", "AA"), ("beta", "BB"), ("gamma", "GG")):
            made.publish(name, definition(name, code))
        made.publish("gamma", definition("outside", "OUT", custody="partner"))
        made.rate("alpha", 50, 60, Fraction(1, 50), Fraction(1, 100))
        made.rate("beta", 70, 80)
        made.enrol("alpha", "1")
        made.enrol("beta", "1")
        made.enrol("operator", "1", sender="admin-one")
        made.enrol("gamma", "1")
        made.enrol("beta", "2")
        for one, other in ((A, B), (A, COIN), (B, COIN), (("gamma", "1"), A)):
            made.link(one, other, (OWNER[one[0]], OWNER[other[0]]))
        for programme in ("alpha", "beta", "gamma"):
            earned = report(
                (programme, "1"), ActivityKey(programme, "GIFT", "1"), [(programme, "BASE", 1_000)]
            )
            made.ask(programme, earned)
        gift = report(COIN, ActivityKey("operator", "GIFT", "1"), [("operator", "BASE", 50_000)])
        made.ask("admin-one", gift)
        yield made


def asked(world: Bench, source: MembershipKey, target: MembershipKey, amount: int) -> Outcome:
    return world.ask(OWNER[source[0]], quote(source, target, amount))


def converted(world: Bench, source: MembershipKey, target: MembershipKey, amount: int) -> Outcome:
    number = asked(world, source, target, amount).result.quote.number
    return world.ask(OWNER[source[0]], Convert(number))


def positions(world: Bench) -> dict[str, int]:
    """Of the open window: what each participant receives (positive) or pays."""
    assert world.connection is not None
    found: dict[str, int] = {}
    for code, balance in world.accounts(world.connection).items():
        if code.startswith("clearing/"):
            owner = code.split("/")[2].split(":")[0]
            found[owner] = found.get(owner, 0) + balance
    return {owner: net for owner, net in found.items() if net}


def test_a_conversion_of_the_design_to_the_unit(world: Bench) -> None:
    """1,000 A: 606 B, 500.00 given, 484.80 to B, 15.20 to the operator."""
    with world.undone():
        done = converted(world, A, B, 1_000)
        kinds = [(kind, amount) for kind, _, _, amount in done.lines]

        assert kinds == [
            ("CONVERSION", 1_000),
            ("CONVERSION", 606),
            ("PRINCIPAL", 48_480),
            ("FEE", 1_000),
            ("SPREAD", 500),
            ("ROUNDING", 20),
        ]
        assert positions(world) == {"alpha": -50_000, "beta": 48_480, "operator": 1_520}


def test_into_the_shared_currency(world: Bench) -> None:
    """A owes the operator s; the member gets what fee and spread leave of it."""
    with world.undone():
        done = converted(world, A, COIN, 1_000)

        assert [(kind, amount) for kind, _, _, amount in done.lines] == [
            ("CONVERSION", 1_000),
            ("CONVERSION", 48_500),
            ("PRINCIPAL", 48_500),
            ("FEE", 1_000),
            ("SPREAD", 500),
        ]
        assert positions(world) == {"alpha": -50_000, "operator": 50_000}


def test_out_of_the_shared_currency(world: Bench) -> None:
    """The member's debit splits by kind; the operator owes B v, the rest stays with it."""
    with world.undone():
        done = converted(world, COIN, B, 50_001 - 1)
        held = [(kind, amount) for kind, debit, _, amount in done.lines if "member" in debit]

        assert held == [("PRINCIPAL", 50_000)]
        assert done.result.quote.target_minor == 625
        assert positions(world) == {"beta": 50_000, "operator": -50_000}
    with world.undone():
        done = converted(world, COIN, B, 49_999)
        held = [(kind, amount) for kind, debit, _, amount in done.lines if "member" in debit]

        assert held == [("PRINCIPAL", 49_920), ("ROUNDING", 79)]
        assert done.result.quote.target_minor == 624
        assert positions(world) == {"beta": 49_920, "operator": -49_920}


def test_parts_sum_to_the_whole(world: Bench) -> None:
    for amount in (2, 3, 7, 99, 101, 999, 1_000):
        with world.undone():
            q = asked(world, A, B, amount).result.quote.amounts
            parts = q.fee_minor + q.spread_minor + q.value_minor + q.rounding_minor
            assert (parts, q.source_minor) == (q.shared_minor, amount)
            done = converted(world, A, B, amount)
            assert sum(positions(world).values()) == 0
            assert done.result.quote.target_minor == q.target_minor


QUOTES: dict[str, tuple[str, Command, str]] = {
    "of another's member": ("beta", quote(A, B, 1), "NOT_AUTHORIZED"),
    "from a programme that is not": ("alpha", quote(("no-such", "1"), B, 1), "UNKNOWN_PROGRAMME"),
    "to a programme that is not": ("alpha", quote(A, ("no-such", "1"), 1), "UNKNOWN_PROGRAMME"),
    "of a member that is not": ("alpha", quote(("alpha", "9"), B, 1), "UNKNOWN_MEMBERSHIP"),
    "to a member that is not": ("alpha", quote(A, ("beta", "9"), 1), "UNKNOWN_MEMBERSHIP"),
    "to a member that is not linked": ("alpha", quote(A, ("beta", "2"), 1), "UNKNOWN_MEMBERSHIP"),
    "without a rate": ("alpha", quote(A, ("gamma", "1"), 1), "NO_RATE"),
    "too small": ("alpha", quote(A, B, 1), "AMOUNT_TOO_SMALL"),
    "too large": ("alpha", quote(A, B, 2**63 - 1), "IMPLAUSIBLE"),
    "more than is held": ("alpha", quote(A, B, 10**9), ""),
    "under no authorisation": ("gamma", quote(A, B, 100, 10**9), "BAD_AUTHORIZATION"),
}


@pytest.mark.parametrize("name", QUOTES)
def test_quotes_that_are_refused(world: Bench, name: str) -> None:
    sender, command, reason = QUOTES[name]
    with world.undone():
        assert world.ask(sender, command).reason == reason


def test_a_quote_is_used_once(world: Bench) -> None:
    with world.undone():
        number = asked(world, A, B, 100).result.quote.number

        assert world.ask("alpha", Convert(number)).reason == ""
        assert world.ask("alpha", Convert(number)).reason == "QUOTE_USED"


def test_a_later_quote_takes_its_place(world: Bench) -> None:
    """For the same membership and pair; those of other pairs stay open."""
    with world.undone():
        other = asked(world, A, COIN, 100).result.quote.number
        first, second = (asked(world, A, B, n).result.quote.number for n in (100, 200))

        assert world.ask("alpha", Convert(first)).reason == "QUOTE_SUPERSEDED"
        assert world.ask("alpha", Convert(second)).reason == ""
        assert world.ask("alpha", Convert(other)).reason == ""
        assert asked(world, A, B, 100).reason == ""


def test_a_quote_of_another_is_unknown(world: Bench) -> None:
    with world.undone():
        number = asked(world, A, B, 100).result.quote.number

        for sender in ("beta", "gamma", "admin-one"):
            assert world.ask(sender, Convert(number)).reason == "UNKNOWN_QUOTE"
        assert world.ask("alpha", Convert(number + 1_000)).reason == "UNKNOWN_QUOTE"
        assert world.ask("alpha", Convert(0)).reason == "UNKNOWN_QUOTE"


@pytest.mark.parametrize(("after", "reason"), [(600, ""), (601, "QUOTE_EXPIRED")])
def test_a_quote_lives_ten_minutes(world: Bench, after: int, reason: str) -> None:
    with world.undone():
        number = asked(world, A, B, 100).result.quote.number
        world.now = NOON + timedelta(seconds=after)
        try:
            assert world.ask("alpha", Convert(number)).reason == reason
        finally:
            world.now = NOON


def test_a_rate_that_changed_since_does_not_matter(world: Bench) -> None:
    with world.undone():
        before = asked(world, A, B, 1_000).result.quote
        world.rate("alpha", 10, 60)
        world.rate("beta", 70, 800)
        after = asked(world, A, COIN, 1_000).result.quote
        done = world.ask("alpha", Convert(before.number))

        assert done.result.quote.target_minor == 606
        assert done.result.quote.source_rate == before.source_rate
        assert after.amounts.shared_minor == 10_000
        assert after.source_rate > before.source_rate
        terms = [line.terms for line in done.accepted.decision.lines] if done.accepted else []
        assert set(terms) == {before.source_rate, before.target_rate}


AFTERWARDS: dict[str, tuple[list[tuple[str, Command]], str]] = {
    "unlinked": ([("beta", Unlink(B, A))], "UNKNOWN_MEMBERSHIP"),
    "source blocked": (
        [("alpha", update("alpha", "1", state=MembershipState.BLOCKED))],
        "MEMBERSHIP_NOT_ACTIVE",
    ),
    "target closed": (
        [("beta", update("beta", "1", state=MembershipState.CLOSED))],
        "MEMBERSHIP_NOT_ACTIVE",
    ),
    "blocked and active again": (
        [
            ("alpha", update("alpha", "1", state=MembershipState.BLOCKED)),
            ("alpha", update("alpha", "1", state=MembershipState.ACTIVE)),
        ],
        "",
    ),
}


@pytest.mark.parametrize("name", AFTERWARDS)
def test_what_happens_between_quote_and_conversion(world: Bench, name: str) -> None:
    changes, reason = AFTERWARDS[name]
    with world.undone():
        number = asked(world, A, B, 100).result.quote.number
        for sender, command in changes:
            assert not world.ask(sender, command).reason

        assert world.ask("alpha", Convert(number)).reason == reason


def test_a_balance_is_spent_once(world: Bench) -> None:
    """Exactly what is held, and not a point more; also within one batch."""
    with world.undone():
        numbers = [
            asked(world, A, target, n).result.quote.number for target, n in ((B, 1_000), (COIN, 2))
        ]
        sent = [world.submission("alpha", Convert(number)) for number in numbers]

        first, second = world.batch(*sent)
        assert (first.reason, second.reason) == ("", "INSUFFICIENT_BALANCE")
        assert second.metadata == (("asked", "2"), ("available", "0"))


def authorize(world: Bench, **changes: object) -> Outcome:
    values: dict[str, object] = {
        "source": A,
        "target": B,
        "grantee": "gamma",
        "amount_minor": 500,
        "expires_at": world.now + timedelta(hours=1),
        **changes,
    }
    return world.ask("alpha", AuthorizeDebit(**values))  # type: ignore[arg-type]


AUTHORIZATIONS: dict[str, tuple[dict[str, object], str]] = {
    "as it should be": ({}, ""),
    "of another's member": ({"source": B}, "NOT_AUTHORIZED"),
    "of a member that is not": ({"source": ("alpha", "9")}, "UNKNOWN_MEMBERSHIP"),
    "to a member that is not linked": ({"target": ("beta", "2")}, "UNKNOWN_MEMBERSHIP"),
    "for nobody": ({"grantee": "no-such"}, "UNKNOWN_PARTICIPANT"),
    "for a person": ({"grantee": "admin-one"}, "UNKNOWN_PARTICIPANT"),
    "expired": ({"expires_at": NOON}, "INVALID_ARGUMENT"),
    "for a day": ({"expires_at": NOON + timedelta(hours=24)}, ""),
    "for longer": ({"expires_at": NOON + timedelta(hours=24, seconds=1)}, "INVALID_ARGUMENT"),
}


@pytest.mark.parametrize("name", AUTHORIZATIONS)
def test_giving_leave(world: Bench, name: str) -> None:
    changes, reason = AUTHORIZATIONS[name]
    with world.undone():
        assert authorize(world, **changes).reason == reason


def test_leave_is_for_one_grantee_amount_and_pair_and_once(world: Bench) -> None:
    with world.undone():
        given = authorize(world).result.authorization

        def ask(
            sender: str = "gamma",
            source: MembershipKey = A,
            target: MembershipKey = B,
            amount: int = 500,
        ) -> Outcome:
            return world.ask(sender, quote(source, target, amount, given))

        assert ask("beta").reason == "BAD_AUTHORIZATION"
        assert ask(amount=499).reason == "BAD_AUTHORIZATION"
        assert ask(target=COIN).reason == "BAD_AUTHORIZATION"
        assert ask(source=("alpha", "9")).reason == "BAD_AUTHORIZATION"
        first, second = ask().result.quote.number, ask().result.quote.number
        assert world.ask("gamma", Convert(first)).reason == "QUOTE_SUPERSEDED"
        assert world.ask("alpha", Convert(second)).reason == "UNKNOWN_QUOTE"
        assert world.ask("gamma", Convert(second)).reason == ""
        assert ask().reason == "BAD_AUTHORIZATION"


def test_leave_expires(world: Bench) -> None:
    """Both for a quote and for a quote that is executed after it."""
    with world.undone():
        until = NOON + timedelta(minutes=5)
        given = authorize(world, expires_at=until).result.authorization
        number = world.ask("gamma", quote(A, B, 500, given)).result.quote.number
        world.now = until + timedelta(seconds=1)
        try:
            assert world.ask("gamma", Convert(number)).reason == "BAD_AUTHORIZATION"
            assert world.ask("gamma", quote(A, B, 500, given)).reason == "BAD_AUTHORIZATION"
        finally:
            world.now = NOON


def test_who_holds_leave_is_not_told_the_balance(world: Bench) -> None:
    with world.undone():
        given = authorize(world, amount_minor=100_000).result.authorization
        number = world.ask("gamma", quote(A, B, 100_000, given)).result.quote.number
        refused = world.ask("gamma", Convert(number))

        assert (refused.reason, refused.metadata) == (
            "INSUFFICIENT_BALANCE",
            (("asked", "100000"),),
        )


def test_points_kept_elsewhere_are_converted_unchecked(world: Bench) -> None:
    """The partner that keeps the balances answers for them."""
    with world.undone():
        world.rate("outside", 1, 1)
        world.enrol("outside", "1", sender="gamma")
        world.link(("outside", "1"), ("beta", "1"), ("gamma", "beta"))
        asked_for = world.ask("gamma", quote(("outside", "1"), B, 8_000))
        done = world.ask("gamma", Convert(asked_for.result.quote.number, "hold-1"))

        assert done.lines[0] == ("CONVERSION", "external/outside", "issued/outside", 8_000)


def test_the_same_member_needs_no_link(world: Bench) -> None:
    with world.undone():
        world.agree("beta", "alpha", permissions=[Permission.ENROL])
        world.enrol("beta", "same", sender="alpha", same=A)

        assert asked(world, A, ("beta", "same"), 100).reason == ""
