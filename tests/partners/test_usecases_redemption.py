"""Redemption holds: who may hold, what is captured and released, what comes back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text

from partners.check import check_agreed
from partners.directory import Permission
from partners.exchange.proposals import Change
from partners.exchange.terms import Limits, Safeguards
from partners.hold_queries import holds
from partners.hold_store import find_expired
from partners.queries import Asker, balance
from partners.state import MembershipState, Needs
from partners.state_store import load
from partners.usecases.agreements import Suspend
from partners.usecases.awards import Redeem
from partners.usecases.blocks import SetBlock
from partners.usecases.exchange import AuthorizeDebit, Convert
from partners.usecases.lives import CarryOver, MergeMembers, Unmerge
from partners.usecases.redemption import Authorize, Capture, Refund, Void, expire
from settlement.ledger.check import check
from support.coalition_day import NOON
from support.holds import (
    ADMIN,
    MEMBER,
    OPERATOR,
    at,
    authorization,
    book_expired,
    captured,
    counters,
    give,
    held,
    may_redeem,
    reading,
    refunded,
    spending_bench,
    voided,
)
from support.use_case_bench import Bench, Outcome, definition, enrol, quote, update

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    with spending_bench(module_database_url) as made:
        yield made


@pytest.fixture(autouse=True)
def sound(world: Bench) -> Iterator[None]:
    """What each test does is undone; before that, the book agrees with what was held."""
    with world.undone() as connection:
        yield
        assert list(check_agreed(connection)) == []
        assert check(connection, world.coalition, lambda *_: None) == []


def member_id(world: Bench) -> int:
    with reading(world) as connection:
        found = connection.execute(
            text("select member_id from enrolment where programme = 'operator'")
        )
        return int(found.scalars().first() or 0)


def spendable(world: Bench, key: tuple[str, str] = MEMBER) -> int:
    """What is available, as the operator is told."""
    with reading(world) as connection:
        found = balance(connection, asker(world, ADMIN), key)
    return found.counters.balance - found.held_minor


def posted(world: Bench) -> int:
    """The member's balance, what is pending included."""
    with reading(world) as connection:
        return world.accounts(connection).get(f"member/{member_id(world)}/operator", 0)


def asker(world: Bench, sender: str) -> Asker:
    assert world.directory is not None
    return Asker(sender, world.directory, world.now)


def owed(world: Bench, merchant: str = "shop") -> int:
    """What the operator owes a merchant in the open window."""
    assert world.connection is not None
    return world.accounts(world.connection).get(f"clearing/1/{merchant}:operator", 0)


def test_the_table(world: Bench) -> None:
    """15 posted; pending 15, 15, 15, 7, 1, 1: posted 36 and pending 0 when all is over."""
    member = member_id(world)
    assert not held(world, 15, capture=True).reason
    pending = [held(world, amount).number for amount in (15, 15)]
    pending.append(held(world, 15, expires_at=NOON + DAY).number)
    pending += [held(world, amount).number for amount in (7, 1, 1)]
    assert counters(world, member) == (15, 54)

    assert not captured(world, pending[0], 13).reason
    assert counters(world, member) == (28, 39)
    assert not voided(world, pending[1]).reason
    with at(world, NOON + DAY + SECOND):
        assert book_expired(world) == [pending[2]]
        assert counters(world, member) == (28, 9)
        assert not captured(world, pending[3], 7).reason
        assert not captured(world, pending[4], 1).reason
        assert not captured(world, pending[5], 0).reason

        assert counters(world, member) == (36, 0)
        assert spendable(world) == 1_000 - 36
        assert captured(world, pending[0], 1).reason == "HOLD_CAPTURED"
        more = held(world, 5).number
        assert captured(world, more, 6).reason == "EXCEEDS_HOLD"


def test_a_capture_in_part_books_points_and_what_is_owed(world: Bench) -> None:
    """Nine tenths of 15 is 13.5, of which the operator keeps the half."""
    agreement = may_redeem(world, "shop", Fraction(9, 10))
    hold = held(world, 20).number
    done = captured(world, hold, 15)
    member = f"member/{member_id(world)}/operator"

    assert done.lines == [
        ("REDEEMED", member, "issued/operator", 15),
        ("PRINCIPAL", "clearing/1/operator:shop", "clearing/1/shop:operator", 13),
    ]
    assert done.accepted is not None
    assert {line.terms for line in done.accepted.decision.lines} == {agreement}
    assert done.accepted.decision.facts_parties == {"shop", OPERATOR}
    assert [sorted(line.parties) for line in done.accepted.decision.lines] == [
        ["operator"],
        ["operator", "shop"],
    ]
    assert (done.result.reimbursement_minor, done.result.hold.captured_minor) == (13, 15)
    assert owed(world) == 13


def test_a_hold_moves_nothing_but_what_is_available(world: Bench) -> None:
    done = held(world, 400)

    assert (done.lines, done.result.hold.state) == ([], "OPEN")
    assert done.result.hold.expires_at == NOON + WEEK
    assert spendable(world) == 600
    assert owed(world) == 0
    with reading(world) as connection:
        told = balance(connection, asker(world, ADMIN), MEMBER)
    assert (told.counters.balance, told.counters.debits_pending, told.held_minor) == (
        1000,
        400,
        400,
    )


ENDS = {
    "captured": (lambda w, n: captured(w, n, 4), "HOLD_CAPTURED"),
    "captured of nothing": (lambda w, n: captured(w, n, 0), "HOLD_CAPTURED"),
    "voided": (voided, "HOLD_VOIDED"),
    "voided by the operator": (lambda w, n: voided(w, n, ADMIN), "HOLD_VOIDED"),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_hold_ends_once(world: Bench, name: str) -> None:
    end, reason = ENDS[name]
    hold = held(world, 10).number
    assert not end(world, hold).reason

    assert captured(world, hold, 1).reason == reason
    assert voided(world, hold).reason == reason
    with at(world, NOON + WEEK + SECOND):
        assert book_expired(world) == []
        assert captured(world, hold, 1).reason == reason


@pytest.mark.parametrize("is_booked", [False, True])
def test_past_its_expiry_nothing_is_held(world: Bench, *, is_booked: bool) -> None:
    """By time at once; that it is booked later changes no answer, and the last instant counts."""
    hold = held(world, 900).number
    with at(world, NOON + WEEK):
        assert held(world, 101).reason == "INSUFFICIENT_BALANCE"
        assert book_expired(world) == []
    with at(world, NOON + WEEK + SECOND):
        if is_booked:
            assert book_expired(world) == [hold]
            assert book_expired(world) == []
        assert counters(world, member_id(world))[1] == (0 if is_booked else 900)
        assert spendable(world) == 1_000
        assert captured(world, hold, 1).reason == "HOLD_EXPIRED"
        assert voided(world, hold).reason == "HOLD_EXPIRED"
        assert refunded(world, hold, 1).reason == "HOLD_EXPIRED"
        assert held(world, 1_000).reason == ""
        assert held(world, 1).reason == "INSUFFICIENT_BALANCE"


def test_at_its_last_instant_it_is_captured(world: Bench) -> None:
    hold = held(world, 10).number
    with at(world, NOON + WEEK):
        assert captured(world, hold, 10).reason == ""


def test_what_expires_is_found_in_order_and_some_at_a_time(world: Bench) -> None:
    late = held(world, 1, expires_at=NOON + 2 * DAY).number
    early = held(world, 1, expires_at=NOON + DAY).number
    with reading(world) as connection:
        assert find_expired(connection, NOON + DAY, 9) == set()
        assert find_expired(connection, NOON + 3 * DAY, 1) == {early}
        assert find_expired(connection, NOON + 3 * DAY, 9) == {early, late}


def test_what_has_not_expired_is_not_booked(world: Bench) -> None:
    """That is a mistake of the program, not of a client."""
    hold = held(world, 1).number
    with reading(world) as connection:
        state = load(connection, Needs(holds={hold}))
    context = asker(world, ADMIN).context(state)
    with pytest.raises(ValueError, match="is good until"):
        expire(hold, context)


def give_leave(world: Bench, amount: int, **changes: object) -> int:
    values = {"grantee": "shop", "expires_at": world.now + timedelta(hours=1), **changes}
    command = AuthorizeDebit(MEMBER, None, amount_minor=amount, **values)  # type: ignore[arg-type]
    number: int = world.ask(ADMIN, command).result.authorization
    return number


def test_a_merchant_holds_once_under_leave(world: Bench) -> None:
    leave = give_leave(world, 100)

    assert held(world, 101, "shop", authorization=leave).reason == "BAD_AUTHORIZATION"
    assert held(world, 60, "shop", authorization=leave).reason == ""
    assert held(world, 40, "shop", authorization=leave).reason == "BAD_AUTHORIZATION"
    assert spendable(world) == 940


def test_leave_is_used_up_by_spending_at_once_too(world: Bench) -> None:
    leave = give_leave(world, 100)

    assert held(world, 100, "shop", authorization=leave, capture=True).reason == ""
    assert held(world, 1, "shop", authorization=leave).reason == "BAD_AUTHORIZATION"


def test_leave_that_was_not_used_is_not_used_up_by_a_refusal(world: Bench) -> None:
    leave = give_leave(world, 5_000)

    assert held(world, 5_000, "shop", authorization=leave).reason == "INSUFFICIENT_BALANCE"
    assert held(world, 1_000, "shop", authorization=leave).reason == ""


LEAVE: dict[str, tuple[str, dict[str, object], str]] = {
    "none": ("shop", {"authorization": None}, "NOT_AUTHORIZED"),
    "that is not": ("shop", {"authorization": 10**9}, "BAD_AUTHORIZATION"),
    "of another grantee": ("cafe", {"merchant": "cafe"}, "BAD_AUTHORIZATION"),
    "for another merchant": ("shop", {"merchant": "cafe"}, "NOT_AUTHORIZED"),
    "of a member that is not": ("shop", {"membership": (OPERATOR, "9")}, "BAD_AUTHORIZATION"),
    "of another member": ("shop", {"membership": (OPERATOR, "2")}, "BAD_AUTHORIZATION"),
    "by the operator": (ADMIN, {}, "INVALID_ARGUMENT"),
}


@pytest.mark.parametrize("name", LEAVE)
def test_leave_is_for_one_merchant_and_member(world: Bench, name: str) -> None:
    sender, changes, reason = LEAVE[name]
    world.enrol(OPERATOR, "2", sender=ADMIN)
    give(world, (OPERATOR, "2"), 1_000)
    values = {"authorization": give_leave(world, 100), **changes}

    assert held(world, 10, sender, **values).reason == reason
    assert spendable(world) == 1_000


def test_leave_for_a_conversion_is_none_for_spending(world: Bench) -> None:
    """Nor the other way round."""
    world.publish("stranger", definition("stranger", "STR"))
    world.rate("stranger", 1, 1)
    world.enrol("stranger", "1")
    world.link(("stranger", "1"), MEMBER, ("stranger", ADMIN))
    command = AuthorizeDebit(MEMBER, ("stranger", "1"), "shop", 100, NOON + DAY)
    converting = world.ask(ADMIN, command).result.authorization
    spending = give_leave(world, 100)
    asked = quote(MEMBER, ("stranger", "1"), 100, spending)

    assert held(world, 100, "shop", authorization=converting).reason == "BAD_AUTHORIZATION"
    assert world.ask("shop", asked).reason == "BAD_AUTHORIZATION"


def test_leave_expires(world: Bench) -> None:
    leave = give_leave(world, 100)
    with at(world, NOON + timedelta(hours=1)):
        assert held(world, 1, "stranger", authorization=leave).reason == "NOT_AUTHORIZED"
    with at(world, NOON + timedelta(hours=1) + SECOND):
        assert held(world, 1, "shop", authorization=leave).reason == "BAD_AUTHORIZATION"


def test_a_link_never_debits(world: Bench) -> None:
    """A partner whose member is linked to the operator's sees it, and still holds nothing."""
    world.publish("shop", definition("shop", "SHO"))
    world.enrol("shop", "1")
    world.link(("shop", "1"), MEMBER, ("shop", ADMIN))

    assert held(world, 1, "shop").reason == "NOT_AUTHORIZED"


AUTHORIZATIONS: dict[str, tuple[str, dict[str, object], str]] = {
    "as it should be": (ADMIN, {}, ""),
    "by another person of the operator's": ("admin-two", {}, ""),
    "all that there is": (ADMIN, {"amount_minor": 1_000}, ""),
    "more than there is": (ADMIN, {"amount_minor": 1_001}, "INSUFFICIENT_BALANCE"),
    "by a stranger": ("stranger", {}, "NOT_AUTHORIZED"),
    "by a stranger for itself": ("stranger", {"merchant": "stranger"}, "NOT_AUTHORIZED"),
    "of a programme that is not": (
        ADMIN,
        {"membership": ("no-such", "1")},
        "UNKNOWN_PROGRAMME",
    ),
    "of a member that is not": (ADMIN, {"membership": (OPERATOR, "9")}, "UNKNOWN_MEMBERSHIP"),
    "at nobody": (ADMIN, {"merchant": "no-such"}, "UNKNOWN_PARTICIPANT"),
    "at a person": (ADMIN, {"merchant": ADMIN}, "UNKNOWN_PARTICIPANT"),
    "at who has no agreement": (ADMIN, {"merchant": "stranger"}, "NO_AGREEMENT"),
    "at the operator": (ADMIN, {"merchant": OPERATOR}, "NO_AGREEMENT"),
    "until now": (ADMIN, {"expires_at": NOON}, "INVALID_ARGUMENT"),
    "for a moment": (ADMIN, {"expires_at": NOON + timedelta(microseconds=1)}, ""),
    "for 31 days": (ADMIN, {"expires_at": NOON + 31 * DAY}, ""),
    "for longer": (ADMIN, {"expires_at": NOON + 31 * DAY + SECOND}, "INVALID_ARGUMENT"),
    "of an absurd amount": (ADMIN, {"amount_minor": 10**11 + 1}, "IMPLAUSIBLE"),
    "of a large amount": (ADMIN, {"amount_minor": 10**11}, "INSUFFICIENT_BALANCE"),
}


@pytest.mark.parametrize("name", AUTHORIZATIONS)
@pytest.mark.parametrize("at_once", [False, True])
def test_what_may_be_held(world: Bench, name: str, *, at_once: bool) -> None:
    sender, changes, reason = AUTHORIZATIONS[name]
    command = replace(authorization(1), capture=at_once, **changes)  # type: ignore[arg-type]

    assert world.ask(sender, command).reason == reason


def test_another_programmes_points_are_not_spent(world: Bench) -> None:
    world.publish(ADMIN, definition("other", "OTH"))
    world.enrol("other", "1", sender=ADMIN)

    assert held(world, 1, membership=("other", "1")).reason == "INVALID_ARGUMENT"


def test_an_agreement_without_the_permission_is_none(world: Bench) -> None:
    world.agree(OPERATOR, "shop", issuer=ADMIN, permissions=[Permission.STATE_POINTS])

    assert held(world, 1).reason == "NO_AGREEMENT"


def test_a_ceiling_of_the_rate_book(world: Bench) -> None:
    world.published(Change(Safeguards(OPERATOR, ceiling_minor=100)))

    assert held(world, 101).reason == "IMPLAUSIBLE"
    assert held(world, 100).reason == ""


STATES = {MembershipState.BLOCKED: "MEMBERSHIP_NOT_ACTIVE", MembershipState.ACTIVE: ""}


@pytest.mark.parametrize("state", STATES)
def test_who_is_not_active_spends_nothing(world: Bench, state: MembershipState) -> None:
    world.ask(ADMIN, update(*MEMBER, state=MembershipState.BLOCKED))
    world.ask(ADMIN, update(*MEMBER, state=state))

    assert held(world, 1).reason == STATES[state]


def test_a_merchant_is_not_told_the_balance(world: Bench) -> None:
    leave = give_leave(world, 5_000)
    by_operator = held(world, 5_000)
    by_merchant = held(world, 5_000, "shop", authorization=leave)

    assert by_operator.metadata == (("asked", "5000"), ("available", "1000"))
    assert by_merchant.metadata == (("asked", "5000"),)
    assert "1000" not in by_merchant.message


# Whose business it is ---------------------------------------------------------------------

BY_OPERATOR = {
    ("capture", "shop"): "",
    ("capture", "cafe"): "UNKNOWN_HOLD",
    ("capture", ADMIN): "",
    ("void", "shop"): "",
    ("void", "cafe"): "UNKNOWN_HOLD",
    ("void", ADMIN): "",
}
BY_MERCHANT = {**BY_OPERATOR, ("capture", ADMIN): "UNKNOWN_HOLD"}
"""The operator takes only what it held itself; it lets go of anything."""


@pytest.mark.parametrize(("step", "sender"), BY_OPERATOR)
@pytest.mark.parametrize("by_operator", [True, False])
def test_who_may_end_a_hold(world: Bench, step: str, sender: str, *, by_operator: bool) -> None:
    expected = (BY_OPERATOR if by_operator else BY_MERCHANT)[step, sender]
    if by_operator:
        hold = held(world, 10).number
    else:
        hold = held(world, 10, "shop", authorization=give_leave(world, 10)).number
    command = Capture(hold, 10) if step == "capture" else Void(hold)

    assert world.ask(sender, command).reason == expected


@pytest.mark.parametrize("captor", ["shop", ADMIN])
def test_who_may_refund(world: Bench, captor: str) -> None:
    """The merchant; the operator only what it captured: it takes nothing back from a merchant."""
    hold = held(world, 10).number
    assert not captured(world, hold, 10, captor).reason

    assert refunded(world, hold, 1, "cafe").reason == "UNKNOWN_HOLD"
    assert refunded(world, hold, 1, "shop").reason == ""
    assert refunded(world, hold, 1, ADMIN).reason == ("" if captor == ADMIN else "UNKNOWN_HOLD")


@pytest.mark.parametrize("command", [Capture(10**9, 1), Void(10**9), Refund(10**9, 1)], ids=str)
def test_what_is_not_there_and_what_is_anothers_sound_alike(
    world: Bench, command: Capture | Void | Refund
) -> None:
    hold = held(world, 10).number
    absent = world.ask("cafe", command)
    there = world.ask("cafe", replace(command, hold=hold))

    assert (absent.reason, there.reason) == ("UNKNOWN_HOLD", "UNKNOWN_HOLD")
    assert absent.message.replace(str(10**9), "") == there.message.replace(str(hold), "")


# Refunds ----------------------------------------------------------------------------------


def test_refunds_in_parts_sum_to_the_whole(world: Bench) -> None:
    """13 of 15 (nine tenths, floored); each part gives back what then is too much."""
    hold = held(world, 15, capture=True).number
    assert owed(world) == 13
    back = []
    for amount in (1, 4, 2, 8):
        done = refunded(world, hold, amount)
        back.append(sum(n for kind, *_, n in done.lines if kind == "PRINCIPAL"))
        kept = done.result.hold.kept_minor
        assert done.result.reimbursement_minor == owed(world) == kept * 9 // 10

    assert (back, sum(back)) == ([1, 3, 2, 7], 13)
    assert spendable(world) == 1_000
    assert refunded(world, hold, 1).reason == "EXCEEDS_REMAINDER"


def test_a_refund_corrects_the_capture(world: Bench) -> None:
    hold = held(world, 15).number
    taken = captured(world, hold, 10)
    done = refunded(world, hold, 10)
    member = f"member/{member_id(world)}/operator"

    assert done.accepted is not None
    assert done.accepted.decision.corrects == taken.number
    assert done.lines == [
        ("REFUNDED", "issued/operator", member, 10),
        ("PRINCIPAL", "clearing/1/shop:operator", "clearing/1/operator:shop", 9),
    ]


@pytest.mark.parametrize("amount", [11, 2**63 - 1])
def test_no_more_comes_back_than_was_captured(world: Bench, amount: int) -> None:
    hold = held(world, 15).number
    assert refunded(world, hold, 1).reason == "EXCEEDS_REMAINDER"
    captured(world, hold, 10)
    refused = refunded(world, hold, amount)

    assert refused.reason == "EXCEEDS_REMAINDER"
    assert dict(refused.metadata)["remains"] == "10"


def test_a_void_hold_gives_nothing_back(world: Bench) -> None:
    hold = held(world, 15).number
    voided(world, hold)

    assert refunded(world, hold, 1).reason == "HOLD_VOIDED"


# Prices and agreements ---------------------------------------------------------------------

PRICES = {
    Fraction(0): 0,
    Fraction(1): 7,
    Fraction(1, 3): 2,
    Fraction(99, 100): 6,
    Fraction(3, 2): 10,
}


@pytest.mark.parametrize("price", PRICES)
def test_what_is_owed_is_rounded_down(world: Bench, price: Fraction) -> None:
    may_redeem(world, "shop", price)
    done = held(world, 7, capture=True)

    assert (done.result.reimbursement_minor, owed(world)) == (PRICES[price], PRICES[price])
    assert refunded(world, done.number, 7).reason == ""
    assert owed(world) == 0


def test_a_hold_keeps_its_price(world: Bench) -> None:
    """Whatever is agreed later, or suspended: what was granted is honoured."""
    hold = held(world, 100)
    later = may_redeem(world, "shop", Fraction(1, 2))
    assert not world.ask(ADMIN, Suspend(later, suspended=True)).reason
    assert held(world, 1).reason == "NO_AGREEMENT"
    done = captured(world, hold.number, 100)

    assert done.result.reimbursement_minor == 90
    assert done.result.hold.agreement == hold.result.hold.agreement != later
    assert refunded(world, hold.number, 50).result.reimbursement_minor == 45


def test_what_could_not_be_owed_is_not_held(world: Bench) -> None:
    may_redeem(world, "shop", Fraction(2**52))

    assert held(world, 3).reason == "OVERFLOW"
    hold = held(world, 2).number
    assert captured(world, hold, 2).result.reimbursement_minor == 2**53
    may_redeem(world, "shop", Fraction(2**62))
    assert held(world, 2).reason == "OVERFLOW"


# Balances -----------------------------------------------------------------------------------


def test_holds_of_one_batch_share_the_balance(world: Bench) -> None:
    sent = [world.submission(ADMIN, authorization(amount)) for amount in (600, 401, 400, 1)]

    assert [done.reason for done in world.batch(*sent)] == [
        "",
        "INSUFFICIENT_BALANCE",
        "",
        "INSUFFICIENT_BALANCE",
    ]


def test_a_hold_is_captured_and_refunded_in_the_batch_that_makes_it(world: Bench) -> None:
    """Numbers follow each other, so that a test can know them."""
    first = held(world, 1).number + 1
    commands = [
        (ADMIN, authorization(500)),
        ("shop", Capture(first, 400)),
        ("shop", Capture(first, 1)),
        (ADMIN, authorization(601)),
        ("shop", Refund(first, 5)),
        (ADMIN, authorization(604)),
    ]
    done = world.batch(*(world.submission(sender, command) for sender, command in commands))

    assert [outcome.reason for outcome in done] == [
        "",
        "",
        "HOLD_CAPTURED",
        "INSUFFICIENT_BALANCE",
        "",
        "",
    ]
    assert counters(world, member_id(world)) == (400, 605)


def test_what_is_held_is_not_converted(world: Bench) -> None:
    world.publish("stranger", definition("stranger", "STR"))
    world.rate("stranger", 1, 1)
    world.enrol("stranger", "1")
    world.link(("stranger", "1"), MEMBER, ("stranger", ADMIN))
    hold = held(world, 600).number

    def converts(amount: int) -> str:
        asked = world.ask(ADMIN, quote(MEMBER, ("stranger", "1"), amount))
        return world.ask(ADMIN, Convert(asked.result.quote.number)).reason

    assert converts(401) == "INSUFFICIENT_BALANCE"
    assert converts(100) == ""
    voided(world, hold)
    assert converts(900) == ""


def test_an_award_is_not_had_for_what_is_held(world: Bench) -> None:
    rest = '[[awards]]\naward = "mug"\nname = "A mug"\nprices = [{ points = 5 }]\n'
    coins = definition(OPERATOR, "COIN", exponent=2, rest=rest, valid_from=NOON)
    assert not world.publish(ADMIN, coins).reason
    command = Redeem(MEMBER, "mug", None, buy_missing=False)
    held(world, 501)

    with at(world, NOON + SECOND):
        assert world.ask(ADMIN, command).reason == "INSUFFICIENT_BALANCE"
    with at(world, NOON + WEEK + SECOND):
        assert world.ask(ADMIN, command).reason == ""


# Lives of members ---------------------------------------------------------------------------


def test_a_hold_is_honoured_when_the_member_is_blocked(world: Bench) -> None:
    hold = held(world, 100).number
    world.ask(ADMIN, update(*MEMBER, state=MembershipState.BLOCKED))

    assert captured(world, hold, 60).reason == ""
    assert refunded(world, hold, 10).reason == ""
    assert spendable(world) == 950


def leaves(world: Bench) -> None:
    assert not world.ask(ADMIN, update(*MEMBER, state=MembershipState.CLOSED)).reason


def test_who_leaves_forfeits_what_is_not_held_and_then_what_is_released(world: Bench) -> None:
    first, second = held(world, 100).number, held(world, 50).number
    leaves(world)
    assert spendable(world) == 0
    taken = captured(world, first, 70)
    let_go = voided(world, second)
    back = refunded(world, first, 20)

    def points(done: Outcome) -> list[tuple[str, int]]:
        return [(kind, amount) for kind, *_, amount in done.lines if kind != "PRINCIPAL"]

    assert points(taken) == [("REDEEMED", 70), ("FORFEITED", 30)]
    assert points(let_go) == [("FORFEITED", 50)]
    assert points(back) == [("REFUNDED", 20), ("FORFEITED", 20)]
    assert owed(world) == 45
    assert posted(world) == 0


def test_what_expires_after_somebody_left_is_forfeited_then(world: Bench) -> None:
    held(world, 100)
    with at(world, NOON + WEEK + SECOND):
        leaves(world)
        assert posted(world) == 100
        book_expired(world)
        assert posted(world) == 0


def test_who_comes_again_has_what_is_released_then(world: Bench) -> None:
    hold = held(world, 100).number
    leaves(world)
    assert not world.ask(ADMIN, enrol(*MEMBER)).reason
    assert spendable(world) == 0
    captured(world, hold, 60)

    assert spendable(world) == 40


OTHER = (OPERATOR, "other")


def test_a_membership_is_not_merged_while_its_points_are_held(world: Bench) -> None:
    """Also not in one batch; a hold past its expiry holds nothing, booked or not."""
    hold = held(world, 600, expires_at=NOON + DAY).number
    world.enrol(*OTHER, sender=ADMIN)
    assert world.ask(ADMIN, MergeMembers(OTHER, MEMBER)).reason == "POINTS_HELD"
    done = world.batch(
        world.submission(ADMIN, MergeMembers(OTHER, MEMBER)),
        world.submission("shop", Capture(hold, 200)),
        world.submission(ADMIN, MergeMembers(OTHER, MEMBER)),
    )
    assert [outcome.reason for outcome in done] == ["POINTS_HELD", "", ""]
    assert spendable(world, OTHER) == 800


def test_a_hold_past_its_expiry_keeps_nobody_apart(world: Bench) -> None:
    late = held(world, 100, expires_at=NOON + DAY).number
    world.enrol(*OTHER, sender=ADMIN)
    with at(world, NOON + DAY + SECOND):
        assert world.ask(ADMIN, MergeMembers(OTHER, MEMBER)).reason == ""
        assert book_expired(world) == [late]
        assert spendable(world, OTHER) == 1_000


def test_the_kept_membership_keeps_its_holds(world: Bench) -> None:
    """Captured from its own points; parted again, each has its own."""
    world.enrol(*OTHER, sender=ADMIN)
    give(world, OTHER, 500)
    hold = held(world, 600).number
    merge = world.ask(ADMIN, MergeMembers(MEMBER, OTHER)).result.merge
    captured(world, hold, 600)
    assert world.ask(ADMIN, Unmerge(merge)).reason == ""
    assert (spendable(world), spendable(world, OTHER)) == (400, 500)


def test_a_refund_goes_to_whom_the_member_was_merged_into(world: Bench) -> None:
    hold = held(world, 600, capture=True).number
    world.enrol(*OTHER, sender=ADMIN)
    world.ask(ADMIN, MergeMembers(OTHER, MEMBER))

    assert refunded(world, hold, 100).result.membership.key == MEMBER, "as the merchant knows it"
    assert spendable(world, OTHER) == 500


def test_a_refund_is_the_members_who_spent_it_when_the_two_are_parted(world: Bench) -> None:
    hold = held(world, 600, capture=True).number
    world.enrol(*OTHER, sender=ADMIN)
    merge = world.ask(ADMIN, MergeMembers(OTHER, MEMBER)).result.merge
    assert refunded(world, hold, 100).reason == ""
    assert world.ask(ADMIN, Unmerge(merge)).reason == ""

    assert (spendable(world), spendable(world, OTHER)) == (500, 0)


NEW = """
[replaces]
programme = "operator"
on = 2026-03-02T12:00:01Z
ratio = "1"
"""


def test_what_is_held_is_carried_over_when_it_is_free(world: Bench) -> None:
    """Members of a programme that was replaced: nobody is met for what is still held."""
    hold, other = held(world, 600).number, held(world, 100).number
    assert not world.publish(ADMIN, definition("coins", "COINS", exponent=2, rest=NEW)).reason

    def carried() -> tuple[int, int, int]:
        found = world.ask(ADMIN, CarryOver("coins", OPERATOR, 10)).result
        return found.carried, found.remaining, found.old_minor

    with at(world, NOON + SECOND):
        assert carried() == (1, 0, 300)
        assert carried() == (0, 0, 0)
        captured(world, hold, 500)
        voided(world, other)
        assert carried() == (1, 0, 200)
        assert refunded(world, hold, 50).reason == ""
        assert carried() == (1, 0, 50)
    assert posted(world) == 0


# Limits and blocks ----------------------------------------------------------------------------


def test_what_is_held_counts_against_the_operators_limit(world: Bench) -> None:
    """At 0.90 a hold of 100 promises 90; the operator may owe 180: two of them, and no third."""
    world.published(Limits(OPERATOR, 180, alert_percents=(50, 100)))
    first, second = (held(world, 100) for _ in range(2))
    assert [first.reason, second.reason] == ["", ""]
    assert held(world, 1, capture=True).reason == ""
    assert held(world, 2).reason == "LIMIT_EXCEEDED"
    assert held(world, 2, capture=True).reason == "LIMIT_EXCEEDED"
    assert captured(world, first.number, 100).reason == ""
    assert held(world, 2).reason == "LIMIT_EXCEEDED"
    assert voided(world, second.number).reason == ""
    assert held(world, 100).reason == ""


def test_promises_are_floored_hold_by_hold(world: Bench) -> None:
    """At 0.90, 9 and 9 promise 8 and 8, and not 16.2."""
    held(world, 9)
    held(world, 9)
    with reading(world) as connection:
        assert connection.execute(text("select amount from promised")).scalar() == 16


def test_holds_in_one_batch_share_a_limit(world: Bench) -> None:
    world.published(Limits(OPERATOR, 90))
    asked = [
        world.submission(ADMIN, Authorize(MEMBER, "shop", amount, f"r{amount}"))
        for amount in (60, 60, 40)
    ]
    assert [outcome.reason for outcome in world.batch(*asked)] == ["", "LIMIT_EXCEEDED", ""]


def test_nobody_on_the_block_list_spends_or_is_spent_at(world: Bench) -> None:
    hold = held(world, 10).number
    assert world.ask(ADMIN, SetBlock(MEMBER, "", blocked=True, reason="fraud")).reason == ""
    assert held(world, 10).reason == "BLOCKED"
    assert captured(world, hold, 10).reason == "", "what was granted is honoured"
    assert world.ask(ADMIN, SetBlock(MEMBER, "", blocked=False, reason="cleared")).reason == ""
    assert world.ask(ADMIN, SetBlock(None, "shop", blocked=True, reason="insolvent")).reason == ""
    assert held(world, 10).reason == "BLOCKED"


# What the self-check sees --------------------------------------------------------------------

DAMAGES: dict[str, set[str]] = {
    "update member_account set debits_pending = debits_pending + 1": {"pending"},
    "update member_account set credits_pending = 1": {"pending"},
    "update redemption_hold set amount = amount + 1 where state = 'OPEN'": {
        "pending",
        "hold-entry",
    },
    "update redemption_hold set state = 'VOIDED' where state = 'OPEN'": {
        "pending",
        "hold-entry",
        "promised",
    },
    "update redemption_hold set state = 'OPEN' where state = 'VOIDED'": {
        "pending",
        "hold-entry",
        "promised",
    },
    "update redemption_hold set captured = captured + 1 where state = 'CAPTURED'": {
        "hold-entry",
        "hold-lines",
    },
    "update redemption_hold set refunded = refunded - 1 where refunded > 0": {
        "hold-entry",
        "hold-lines",
    },
    "update redemption_hold set capture_number = capture_number + 1 where refunded > 0": {
        "hold-lines"
    },
    "update redemption_hold set merchant = 'cafe'": {"hold-entry"},
    "update redemption_hold set reference = 'x'": {"hold-entry"},
    "update agreement set reimbursement_numerator = 1 where buyer = 'shop'": {
        "hold-lines",
        "promised",
    },
    "update promised set amount = amount + 1": {"promised"},
    "delete from redemption_hold where state = 'VOIDED'": {"hold-entry", "hold-lines"},
    "insert into redemption_hold select 1, member_id, programme, merchant, amount, captured, "
    "refunded, capture_number, agreement, requester, captured_by, state, expires_at, reference "
    "from redemption_hold where state = 'VOIDED'": {"hold-entry", "hold-lines"},
    "update agreement_usage set used = used + 1": {"agreement-usage"},
}


@pytest.fixture
def spent(world: Bench) -> Bench:
    """An open hold, one that was voided, one that was captured and given back in part."""
    held(world, 10)
    voided(world, held(world, 20).number)
    hold = held(world, 30).number
    captured(world, hold, 25)
    refunded(world, hold, 5)
    return world


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage(spent: Bench, damage: str) -> None:
    assert spent.connection is not None
    with spent.connection.begin_nested() as savepoint:
        if "agreement_usage" in damage:
            spent.connection.execute(text("insert into agreement_usage values (4, 0)"))
        assert spent.connection.execute(text(damage)).rowcount > 0

        assert {problem.check for problem in check_agreed(spent.connection)} == DAMAGES[damage]
        savepoint.rollback()


# Reads --------------------------------------------------------------------------------------


def listed(world: Bench, sender: str, **asked: object) -> list[tuple[int, str]]:
    values = {"after": 0, "limit": 100, "only_open": False, **asked}
    with reading(world) as connection:
        found = holds(connection, asker(world, sender), **values)  # type: ignore[arg-type]
    return [(h.hold.number, h.hold.state) for h in found]


def test_lists(world: Bench) -> None:
    """A merchant's own; the operator's persons see all; by number; as they stand now."""
    first = held(world, 10, expires_at=NOON + DAY).number
    second = held(world, 10, merchant="cafe").number
    third = held(world, 10).number
    captured(world, third, 5)
    every = [(first, "OPEN"), (second, "OPEN"), (third, "CAPTURED")]

    assert listed(world, "shop") == [every[0], every[2]]
    assert listed(world, "cafe") == [every[1]]
    assert listed(world, "stranger") == []
    assert listed(world, ADMIN) == listed(world, "admin-two") == every
    assert listed(world, ADMIN, only_open=True) == every[:2]
    assert listed(world, ADMIN, after=first, limit=1) == every[1:2]
    with at(world, NOON + DAY + SECOND):
        assert listed(world, "shop") == [(first, "EXPIRED"), every[2]]
        assert listed(world, "shop", only_open=True) == []


# Many at once -------------------------------------------------------------------------------

CONTENDERS = 500


def test_of_500_in_one_batch_one_is_accepted(world: Bench) -> None:
    sent = [world.submission(ADMIN, authorization(501)) for _ in range(CONTENDERS)]
    reasons = [done.reason for done in world.batch(*sent)]

    assert reasons == ["", *["INSUFFICIENT_BALANCE"] * (CONTENDERS - 1)]


def test_of_500_at_the_same_time_one_is_accepted(database_url: str) -> None:
    with spending_bench(database_url) as made:
        sent = [made.submission(ADMIN, authorization(501)) for _ in range(CONTENDERS)]
        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda one: made.batch(one)[0].reason, sent))

        assert sorted(done) == ["", *["INSUFFICIENT_BALANCE"] * (CONTENDERS - 1)]
