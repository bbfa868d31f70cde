"""Custody and delivery: holds, deadlines, reports of partners, and what each of them leads to."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text

from partners.activities import ActivityKey
from partners.check import check_agreed
from partners.context import Command
from partners.due import Ended, due, end_due
from partners.exchange.terms import Caps, Limits, PairTerms
from partners.state import MembershipState
from partners.usecases.delivery import Confirm, Refuse
from partners.usecases.exchange import AuthorizeDebit, Convert
from partners.usecases.lives import MergeMembers, Unmerge
from support.coalition_day import NOON
from support.net_debits import exposures
from support.use_case_bench import Bench, Outcome, bench, definition, quote, report, update

A, V, W = ("alpha", "1"), ("vault", "1"), ("wallet", "1")
HOURS_2 = timedelta(hours=2)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[Bench]:
    """Alpha's balances are kept here; vault has two hours to answer, wallet a day.

    1,000 A are worth 500.00, of which 10.00 are fee and 5.00 spread: 606 V, and 0.20 rounding.
    """
    with bench(module_database_url) as made:
        made.admit("alpha", "vault", "wallet", "gamma")
        made.publish("alpha", definition("alpha", "AA"))
        short = "[conversion]\ndelivery_minutes = 120\n"
        made.publish("vault", definition("vault", "VV", custody="partner", rest=short))
        made.publish("wallet", definition("wallet", "WW", custody="partner"))
        made.rate("alpha", 50, 60, Fraction(1, 50), Fraction(1, 100))
        made.rate("vault", 70, 80)
        made.rate("wallet", 10, 20)
        for programme in ("alpha", "vault", "wallet"):
            made.enrol(programme, "1")
        made.enrol("alpha", "2")
        for one, other in ((A, V), (A, W), (V, W)):
            made.link(one, other)
        gift = report(A, ActivityKey("alpha", "GIFT", "1"), [("alpha", "BASE", 5_000)])
        assert not made.ask("alpha", gift).reason
        yield made


@pytest.fixture
def undone(world: Bench) -> Iterator[Bench]:
    """What a test does is rolled back, its clock set back, and the book was sound at its end."""
    with world.undone() as connection:
        yield world
        world.now = NOON
        assert list(check_agreed(connection)) == []


def given(
    world: Bench, amount: int = 1_000, source: tuple[str, str] = A, target: tuple[str, str] = V
) -> Outcome:
    """A conversion, by the source's partner; from a partner's own system under a hold."""
    number = world.ask(source[0], quote(source, target, amount)).result.quote.number
    hold = "" if source == A else f"hold-{number}"
    return world.ask(source[0], Convert(number, hold))


def row(world: Bench, number: int) -> tuple[str, str, int, int]:
    """State, reference and what came back, as they are stored."""
    assert world.connection is not None
    query = "select * from conversion where number = :n"
    found = world.connection.execute(text(query), {"n": number}).one()
    back = found.returned_source_minor, found.returned_target_minor
    return (found.state, found.reference, *back)


def breaks(world: Bench) -> list[tuple[str, str, int, int, str]]:
    """Kind, owner, what the ledger and the partner say, and the reference."""
    assert world.connection is not None
    query = "select kind, owner, ledger_minor, reported_minor, reference from delivery_break"
    return [tuple(found) for found in world.connection.execute(text(f"{query} order by number"))]


def entries(world: Bench, above: int) -> list[tuple[str, str, frozenset[str]]]:
    """Kinds of the entries above a number, what they say, and who is shown that."""
    assert world.connection is not None
    query = (
        "select kind, convert_from(facts, 'UTF8') as facts, array(select participant from feed f "
        "where f.number = e.number and f.facts) as parties "
        "from entry e where number > :above order by number"
    )
    rows = world.connection.execute(text(query), {"above": above})
    return [(r.kind, r.facts, frozenset(r.parties)) for r in rows]


def timed_out(world: Bench) -> list[Ended]:
    """What the timekeeper does now."""
    assert world.connection is not None
    return end_due(world.connection, world.coalition, world.now)


def test_a_conversion_waits_and_is_booked_at_once(undone: Bench) -> None:
    before = undone.accounts(undone.connection)
    done = given(undone)
    after = undone.accounts(undone.connection)

    assert done.result.conversion.state == "PENDING"
    assert done.result.conversion.deadline == NOON + HOURS_2
    assert after["external/vault"] - before.get("external/vault", 0) == 606
    (due_entry,) = entries(undone, done.number)
    kind, facts, parties = due_entry
    assert (kind, parties) == ("DELIVERY_DUE", {"vault"})
    assert facts == (
        f'{{"conversion":"{done.number}","deadline":"2026-03-02T14:00:00.000000Z",'
        '"target":["vault","1","606"]}'
    )


def test_without_a_time_of_its_own_a_partner_has_a_day(undone: Bench) -> None:
    assert given(undone, target=W).result.conversion.deadline == NOON + timedelta(days=1)


def test_into_balances_kept_here_nothing_waits(undone: Bench) -> None:
    done = given(undone, source=V, target=A)

    assert (done.result.conversion.state, done.result.conversion.deadline) == ("COMPLETED", None)
    assert entries(undone, done.number) == []
    for command in (Confirm(done.number, done.result.quote.target_minor, "r"), Refuse(1, "no")):
        assert undone.ask("alpha", command).reason == "UNKNOWN_CONVERSION"


def test_a_partner_that_converts_into_its_own_system_confirms_too(undone: Bench) -> None:
    """It asked under alpha's authorisation; what it signed then could not be a credit yet."""
    leave = AuthorizeDebit(A, V, "vault", 1_000, NOON + HOURS_2)
    authorization = undone.ask("alpha", leave).result.authorization
    number = undone.ask("vault", quote(A, V, 1_000, authorization)).result.quote.number
    done = undone.ask("vault", Convert(number))

    assert done.result.conversion.state == "PENDING"
    assert undone.ask("vault", Confirm(done.number, 606, "r")).result.conversion.state == (
        "COMPLETED"
    )


EARLY, LATE = timedelta(hours=2, microseconds=-1), HOURS_2
RIGHT, WRONG = Confirm(0, 606, "credit-1"), Confirm(0, 607, "credit-1")
OTHER, NO = Confirm(0, 606, "credit-2"), Refuse(0, "closed there")
TIMER = "timer"

Step = tuple[timedelta, Command | str, str]
"""When after the conversion, what is done, and the refusal, the break, or the state it leads to."""

HISTORIES: dict[str, tuple[list[Step], tuple[str, str], list[str]]] = {
    # name: steps, state and reference in the end, breaks
    "confirmed at the last moment": ([(EARLY, RIGHT, "COMPLETED")], ("COMPLETED", "credit-1"), []),
    "refused at the last moment": ([(EARLY, NO, "REFUSED")], ("REFUSED", ""), []),
    "silent": ([(LATE, TIMER, "TIMED_OUT")], ("TIMED_OUT", ""), []),
    "looked at too early": ([(EARLY, TIMER, "PENDING")], ("PENDING", ""), []),
    "confirmed at the deadline, before the timer": (
        [(LATE, RIGHT, "TIMED_OUT"), (LATE, TIMER, "TIMED_OUT")],
        ("TIMED_OUT", ""),
        ["LATE_CONFIRMATION"],
    ),
    "confirmed at the deadline, after the timer": (
        [(LATE, TIMER, "TIMED_OUT"), (LATE, RIGHT, "TIMED_OUT")],
        ("TIMED_OUT", ""),
        ["LATE_CONFIRMATION"],
    ),
    "late, and late again": (
        [
            (LATE, RIGHT, "TIMED_OUT"),
            (LATE, RIGHT, "ALREADY_DELIVERED"),
            (LATE, OTHER, "TIMED_OUT"),
            (LATE, WRONG, "TIMED_OUT"),
        ],
        ("TIMED_OUT", ""),
        ["LATE_CONFIRMATION"] * 3,
    ),
    "refused late": (
        [(LATE, NO, "TIMED_OUT"), (LATE, NO, "ALREADY_DELIVERED")],
        ("TIMED_OUT", ""),
        [],
    ),
    "refused after the timer": (
        [(LATE, TIMER, "TIMED_OUT"), (LATE, NO, "ALREADY_DELIVERED")],
        ("TIMED_OUT", ""),
        [],
    ),
    "confirmed twice": (
        [(EARLY, RIGHT, "COMPLETED"), (EARLY, RIGHT, "ALREADY_DELIVERED")],
        ("COMPLETED", "credit-1"),
        [],
    ),
    "confirmed, and the same again late": (
        [(EARLY, RIGHT, "COMPLETED"), (LATE, RIGHT, "ALREADY_DELIVERED")],
        ("COMPLETED", "credit-1"),
        [],
    ),
    "credited twice": (
        [
            (EARLY, RIGHT, "COMPLETED"),
            (EARLY, OTHER, "COMPLETED"),
            (EARLY, OTHER, "ALREADY_DELIVERED"),
        ],
        ("COMPLETED", "credit-1"),
        ["CONFIRMED_TWICE"],
    ),
    "confirmed, then of another amount": (
        [
            (EARLY, RIGHT, "COMPLETED"),
            (EARLY, WRONG, "COMPLETED"),
            (EARLY, WRONG, "ALREADY_DELIVERED"),
        ],
        ("COMPLETED", "credit-1"),
        ["AMOUNT_DIFFERS"],
    ),
    "of another amount, then mended": (
        [
            (EARLY, WRONG, "PENDING"),
            (EARLY, WRONG, "ALREADY_DELIVERED"),
            (EARLY, RIGHT, "COMPLETED"),
        ],
        ("COMPLETED", "credit-1"),
        ["AMOUNT_DIFFERS"],
    ),
    "of another amount, and never mended": (
        [(EARLY, WRONG, "PENDING"), (LATE, TIMER, "TIMED_OUT")],
        ("TIMED_OUT", ""),
        ["AMOUNT_DIFFERS"],
    ),
    "confirmed after its refusal": (
        [
            (EARLY, NO, "REFUSED"),
            (EARLY, RIGHT, "REFUSED"),
            (EARLY, RIGHT, "ALREADY_DELIVERED"),
            (EARLY, NO, "ALREADY_DELIVERED"),
            (LATE, TIMER, "REFUSED"),
        ],
        ("REFUSED", ""),
        ["CONFIRMED_AFTER_REFUSAL"],
    ),
    "refused after its confirmation": (
        [
            (EARLY, RIGHT, "COMPLETED"),
            (EARLY, NO, "COMPLETED"),
            (LATE, Refuse(0, "and again"), "ALREADY_DELIVERED"),
            (LATE, TIMER, "COMPLETED"),
        ],
        ("COMPLETED", "credit-1"),
        ["REFUSED_AFTER_CONFIRMATION"],
    ),
}


def told(number: int, command: Command) -> Command:
    """The report of a history, about a conversion."""
    if isinstance(command, Confirm):
        return Confirm(number, command.credited_minor, command.reference)
    assert isinstance(command, Refuse)
    return Refuse(number, command.reason)


@pytest.mark.parametrize("name", HISTORIES)
def test_histories(undone: Bench, name: str) -> None:
    """Whatever is reported, in the end both sides moved or neither did."""
    steps, end, expected = HISTORIES[name]
    before = undone.accounts(undone.connection)
    done = given(undone)
    moved = undone.accounts(undone.connection)
    for after, command, outcome in steps:
        undone.now = NOON + after
        if isinstance(command, str):
            timed_out(undone)
            assert row(undone, done.number)[0] == outcome
        else:
            answered = undone.ask("vault", told(done.number, command))
            assert (answered.reason or answered.result.conversion.state) == outcome

    state, reference, source, target = row(undone, done.number)
    assert (state, reference) == end
    stands = state in {"PENDING", "COMPLETED"}
    assert (source, target) == ((0, 0) if stands else (1_000, 606))
    assert undone.accounts(undone.connection) == (moved if stands else before)
    assert [kind for kind, *_ in breaks(undone)] == expected
    assert {owner for _, owner, *_ in breaks(undone)} <= {"vault"}


def test_the_deadline_is_what_counts_and_not_the_timer(undone: Bench) -> None:
    """A batch in which time has passed: the late one is taken back with its break, in one step."""
    before = undone.accounts(undone.connection)
    done = given(undone)
    undone.now = NOON + LATE
    sent = [undone.submission("vault", Confirm(done.number, 606, f"c{i}")) for i in (1, 2)]
    first, second = undone.batch(*sent)

    assert [kind for kind, _, _ in entries(undone, done.number + 1)] == [
        "BREAK",
        "CONVERSION_REVERSED",
        "BREAK",
    ]
    assert first.result.break_number == first.number
    assert second.result.break_number == second.number
    assert breaks(undone) == [
        ("LATE_CONFIRMATION", "vault", 0, 606, "c1"),
        ("LATE_CONFIRMATION", "vault", 0, 606, "c2"),
    ]
    assert undone.accounts(undone.connection) == before


def test_what_a_break_says_and_to_whom(undone: Bench) -> None:
    done = given(undone)
    answered = undone.ask("vault", told(done.number, WRONG))
    again = undone.ask("vault", told(done.number, WRONG))

    ((kind, facts, parties),) = entries(undone, done.number + 1)
    assert (kind, parties) == ("BREAK", {"vault", "operator"})
    assert facts == (
        f'{{"conversion":"{done.number}","kind":"AMOUNT_DIFFERS","ledger":"606",'
        '"owner":"vault","reference":"credit-1","reported":"607"}'
    )
    assert dict(again.metadata)["break_number"] == str(answered.number)


def test_lines_of_what_is_taken_back(undone: Bench) -> None:
    """All of it: points of both sides, price, fee, spread and rounding, to whom they concern."""
    done = given(undone)
    refused = undone.ask("vault", told(done.number, NO))
    assert refused.accepted is not None
    decision = refused.accepted.decision

    assert refused.lines == [(kind, cr, dr, amount) for kind, dr, cr, amount in done.lines]
    assert decision.corrects == done.number
    assert [sorted(line.parties) for line in decision.lines] == [
        ["alpha"],
        ["vault"],
        ["alpha", "vault"],
        ["alpha", "operator"],
        ["alpha", "operator"],
        ["alpha", "operator"],
    ]
    ((kind, facts, parties),) = entries(undone, done.number + 1)
    assert (kind, parties) == ("CONVERSION_REVERSED", {"alpha", "vault"})
    assert facts == (
        f'{{"conversion":"{done.number}","reason":"closed there","state":"REFUSED",'
        '"target":["vault","606"]}'
    )


def test_obligations_come_back_in_the_window_that_is_open(undone: Bench) -> None:
    done = given(undone)
    assert undone.connection is not None
    undone.connection.execute(text("update ledger_head set open_window = open_window + 1"))
    refused = undone.ask("vault", told(done.number, NO))

    windows = {debit.split("/")[1] for _, debit, _, _ in refused.lines if "clearing/" in debit}
    assert windows == {"2"}


WHO: dict[str, tuple[str, Command]] = {
    "of another partner's system": ("wallet", Confirm(0, 606, "r")),
    "by who converted": ("alpha", Confirm(0, 606, "r")),
    "by an administrator": ("admin-one", Refuse(0, "r")),
    "of what is none": ("vault", Confirm(10**9, 606, "r")),
}


@pytest.mark.parametrize("name", WHO)
def test_who_may_not_report(undone: Bench, name: str) -> None:
    done = given(undone)
    sender, command = WHO[name]
    if name != "of what is none":
        command = told(done.number, command)

    assert undone.ask(sender, command).reason == "UNKNOWN_CONVERSION"
    assert row(undone, done.number)[0] == "PENDING"


def test_the_receipt_shows_only_what_is_the_partners(undone: Bench) -> None:
    """Its own member and reference; not the member that gave, nor the hold in another's system."""
    done = given(undone, source=W, target=V, amount=10_000)
    seen = undone.ask("vault", told(done.number, Confirm(0, 1_250, "credit-1"))).result

    assert (seen.source_number, seen.target_number) == ("", "1")
    assert (seen.conversion.source_hold, seen.conversion.reference) == ("", "credit-1")


def test_many_at_once_are_ended_together_and_once(undone: Bench) -> None:
    numbers = [given(undone, 10 * n).number for n in range(1, 4)]
    confirmed = numbers.pop()
    assert not undone.ask("vault", Confirm(confirmed, 18, "r")).reason
    undone.now = NOON + LATE
    assert undone.connection is not None
    assert len(due(undone.connection, undone.now)) == 2

    assert [ended.number for ended in timed_out(undone)] == numbers
    assert timed_out(undone) == []
    assert row(undone, confirmed)[0] == "COMPLETED"


def test_a_trial_changes_nothing(undone: Bench) -> None:
    done = given(undone)
    assert undone.connection is not None
    later = NOON + LATE
    ended = end_due(undone.connection, undone.coalition, later, writes=False)

    assert [(e.kind, e.number) for e in ended] == [("CONVERSION_REVERSED", done.number)]
    assert str(done.number) in ended[0].what
    assert row(undone, done.number)[0] == "PENDING"


def test_who_comes_to_owe_by_silence_is_alerted(undone: Bench) -> None:
    """Vault is owed for the points that it was to credit, which pays for those that it gave."""
    undone.published(Limits("vault", 0, 0, 0, ()))
    given(undone)
    last = executed(undone, "hold-1").number
    assert undone.connection is not None
    assert exposures(undone.connection, ["vault"])["vault"] < 0
    undone.now = NOON + LATE
    timed_out(undone)

    reversal, alert = entries(undone, last)
    owed = exposures(undone.connection, ["vault"])["vault"]
    assert reversal[0] == "CONVERSION_REVERSED"
    assert (alert[0], alert[2]) == ("LIMIT_ALERT", {"operator", "vault"})
    assert f'"net_debit":"{owed}"' in alert[1]


def test_only_some_of_what_is_due(undone: Bench) -> None:
    first, second = (given(undone, 10 * n).number for n in (1, 2))
    undone.now = NOON + LATE
    assert undone.connection is not None
    end_due(undone.connection, undone.coalition, undone.now, only={second})

    assert (row(undone, first)[0], row(undone, second)[0]) == ("PENDING", "TIMED_OUT")


# Holds ------------------------------------------------------------------------------------


def executed(world: Bench, hold: str, sender: str = "vault", **leave: str) -> Outcome:
    """100 V become A under a hold; with `leave` by gamma, under vault's authorisation."""
    authorization = None
    if leave:
        command = AuthorizeDebit(V, A, sender, 100, NOON + HOURS_2, leave["source_hold"])
        asked = world.ask("vault", command)
        if asked.reason:
            return asked
        authorization = asked.result.authorization
    number = world.ask(sender, quote(V, A, 100, authorization)).result.quote.number
    return world.ask(sender, Convert(number, hold))


def test_out_of_a_partners_system_under_its_hold(undone: Bench) -> None:
    done = executed(undone, "hold-1")

    assert done.lines[0] == ("CONVERSION", "external/vault", "issued/vault", 100)
    assert done.result.conversion.source_hold == "hold-1"
    assert done.accepted is not None
    assert done.accepted.decision.facts["source_hold"] == "hold-1"


HOLDS: dict[str, tuple[tuple[str, str, dict[str, str]], str]] = {
    "without one": (("", "vault", {}), "HOLD_REQUIRED"),
    "under the authorisation's": (("", "gamma", {"source_hold": "h"}), ""),
    "without one in the authorisation": (("", "gamma", {"source_hold": ""}), "HOLD_REQUIRED"),
    "one that who executes gives": (("h2", "gamma", {"source_hold": "h"}), "INVALID_ARGUMENT"),
}


@pytest.mark.parametrize("name", HOLDS)
def test_holds(undone: Bench, name: str) -> None:
    (hold, sender, leave), reason = HOLDS[name]
    done = executed(undone, hold, sender, **leave)

    assert done.reason == reason
    if not reason:
        assert done.result.conversion.source_hold == "h"
        assert [p for kind, _, p in entries(undone, 0) if kind == "CONVERSION"] == [
            {"gamma", "vault"}
        ]


def test_a_hold_where_balances_are_kept_here(undone: Bench) -> None:
    number = undone.ask("alpha", quote(A, V, 100)).result.quote.number

    assert undone.ask("alpha", Convert(number, "hold")).reason == "INVALID_ARGUMENT"
    leave = AuthorizeDebit(A, V, "gamma", 100, NOON + HOURS_2, "hold")
    assert undone.ask("alpha", leave).reason == "INVALID_ARGUMENT"
    assert undone.ask("alpha", Convert(number)).reason == ""


def test_a_hold_is_used_once(undone: Bench) -> None:
    """By its partner's programme; in one batch too, and in an authorisation."""
    numbers = [
        undone.ask("vault", quote(V, target, 1_000)).result.quote.number for target in (A, W)
    ]
    sent = [undone.submission("vault", Convert(number, "hold-1")) for number in numbers]
    assert [o.reason for o in undone.batch(*sent)] == ["", "ALREADY_EXISTS"]
    assert executed(undone, "hold-1").reason == "ALREADY_EXISTS"
    assert executed(undone, "", "gamma", source_hold="hold-1").reason == "ALREADY_EXISTS"
    assert executed(undone, "hold-2").reason == ""
    other = undone.ask("wallet", quote(W, A, 100)).result.quote.number
    assert undone.ask("wallet", Convert(other, "hold-1")).reason == ""


def test_a_hold_that_came_back_is_released_and_can_be_used_again(undone: Bench) -> None:
    """Both sides in partners' own systems: each is told what it has to do, and nothing else."""
    before = undone.accounts(undone.connection)
    number = undone.ask("vault", quote(V, W, 1_000)).result.quote.number
    done = undone.ask("vault", Convert(number, "hold-1"))
    assert executed(undone, "hold-1").reason == "ALREADY_EXISTS"
    assert not undone.ask("wallet", Refuse(done.number, "no")).reason

    told_to = {kind: (facts, who) for kind, facts, who in entries(undone, done.number)}
    assert told_to["HOLD_RELEASED"] == (
        f'{{"conversion":"{done.number}","source":["vault","1","1000"],"source_hold":"hold-1"}}',
        {"vault"},
    )
    assert undone.accounts(undone.connection) == before
    assert executed(undone, "hold-1").reason == ""


# What else hangs on a conversion -------------------------------------------------------------


def test_what_came_back_does_not_count_for_caps(undone: Bench) -> None:
    """On the day of the conversion, however late it is taken back."""
    undone.published(
        PairTerms(
            "alpha",
            "vault",
            "",
            ratio=Fraction(1, 2),
            settlement_price=Fraction(80),
            caps=Caps(member_daily_minor=1_000),
        )
    )
    first = given(undone)
    capped = undone.ask("alpha", quote(A, V, 1))
    assert capped.reason == "CONVERSION_CAP_EXCEEDED"
    assert not undone.ask("vault", Refuse(first.number, "no")).reason
    second = given(undone)
    assert second.reason == ""
    undone.now = NOON + timedelta(days=1)
    assert [ended.number for ended in timed_out(undone)] == [second.number]
    assert undone.connection is not None
    used = undone.connection.execute(text("select period, used from conversion_usage")).all()
    assert {period for period, _ in used} == {"2026-03-02", "2026"}
    assert {int(amount) for _, amount in used} == {0}


def test_points_come_back_to_whom_the_member_was_merged_into(undone: Bench) -> None:
    """And are the merged member's again when the two are parted."""
    done = given(undone)
    member, kept = (undone.balance_of("alpha", number) for number in ("1", "2"))
    assert (member, kept) == (4_000, 0)
    merged = undone.ask("alpha", MergeMembers(("alpha", "2"), A))
    assert undone.balance_of("alpha", "2") == 4_000
    assert not undone.ask("vault", Refuse(done.number, "no")).reason
    assert undone.balance_of("alpha", "2") == 5_000
    assert not undone.ask("alpha", Unmerge(merged.result.merge)).reason

    assert [undone.balance_of("alpha", number) for number in ("1", "2")] == [5_000, 0]


@pytest.mark.parametrize("state", [MembershipState.BLOCKED, MembershipState.CLOSED])
def test_points_come_back_whatever_the_member_is_by_then(
    undone: Bench, state: MembershipState
) -> None:
    done = given(undone)
    assert not undone.ask("alpha", update("alpha", "1", state=state)).reason
    before = undone.balance_of("alpha", "1")
    assert not undone.ask("vault", Refuse(done.number, "no")).reason

    assert undone.balance_of("alpha", "1") == before + 1_000


@pytest.mark.parametrize(
    "damage",
    {
        "update conversion set state = 'COMPLETED' where state = 'TIMED_OUT'": None,
        "update conversion set returned_source_minor = 0": None,
        "update conversion set source_hold = 'x'": None,
        "delete from conversion": None,
        "update delivery_break set reported_minor = 1": None,
        "delete from delivery_break": None,
    },
)
def test_damage_is_found(world: Bench, damage: str) -> None:
    with world.undone() as connection:
        done = given(world)
        world.now = NOON + LATE
        assert not world.ask("vault", told(done.number, RIGHT)).reason
        world.now = NOON
        assert list(check_agreed(connection)) == []
        assert connection.execute(text(damage)).rowcount == 1
        assert list(check_agreed(connection)) != []


def test_a_hold_is_free_again_within_the_batch(undone: Bench) -> None:
    first, second = (
        undone.ask("vault", quote(V, target, 1_000)).result.quote.number for target in (W, A)
    )
    done = undone.ask("vault", Convert(first, "hold-1"))
    refused = undone.submission("wallet", Refuse(done.number, "no"))
    again = undone.submission("vault", Convert(second, "hold-1"))

    assert [outcome.reason for outcome in undone.batch(refused, again)] == ["", ""]
