"""A quote that is made and executed in one batch, by a number that its sender has guessed."""

from collections.abc import Iterator

import pytest

from partners.usecases.delivery import Refuse
from partners.usecases.exchange import AuthorizeDebit, Convert
from partners.usecases.lives import MergeMembers, Unmerge
from partners.usecases.reversal import Reverse
from settlement.ledger.book import read_head
from support.coalition_day import NOON
from support.exchanges import OUTSIDE, A, B, Exchanges, exchanges, key_of, problems
from support.use_case_bench import Bench, definition, quote, report


@pytest.fixture(scope="module")
def bench(module_database_url: str) -> Iterator[Bench]:
    with exchanges(module_database_url) as made:
        made.publish("alpha", definition("vault", "VV", custody="partner"))
        made.rate("vault", 100, 100)
        made.enrol("vault", "1", sender="alpha")
        made.enrol("outside", "2", sender="gamma")
        made.link(("outside", "2"), ("vault", "1"), ("gamma", "alpha"))
        yield made


@pytest.fixture
def world(bench: Bench) -> Iterator[Bench]:
    with bench.undone() as connection:
        yield bench
        assert problems(connection, bench) == []


def next_number(world: Bench) -> int:
    assert world.connection is not None
    return read_head(world.connection).size


def test_who_owes_points_converts_none(world: Bench) -> None:
    life = Exchanges(world)
    life.gave(A, "g", 1_000)
    life.spent(A, 1_000)
    life.taken(A, "g")
    assert life.holds(A) == [-1_000]
    number = next_number(world)
    gift = report(A, key_of(A, "late"), [("alpha", "BASE", 500)])

    done = world.batch(
        world.submission("alpha", gift),
        world.submission("alpha", quote(A, B, 500)),
        world.submission("alpha", Convert(number + 1)),
    )

    assert [one.reason for one in done] == ["", "", "INSUFFICIENT_BALANCE"]
    assert life.holds(A, B) == [-500, 0]


def test_what_is_held_elsewhere_is_known(world: Bench) -> None:
    """The member of the target owes points: a reversal takes no more from there than is there."""
    life = Exchanges(world)
    life.gave(B, "b", 406)
    life.spent(B, 406)
    life.taken(B, "b")
    life.gave(A, "g", 1_000)
    number = next_number(world)

    done = world.batch(
        world.submission("alpha", quote(A, B, 1_000)),
        world.submission("alpha", Convert(number)),
        world.submission("alpha", Reverse(key_of(A, "g"), "test")),
    )

    assert [one.reason for one in done] == ["", "", ""]
    assert life.holds(B) == [0]


def test_a_hold_is_used_once(world: Bench) -> None:
    first = world.ask("gamma", quote(OUTSIDE, B, 100)).result.quote.number
    assert not world.ask("gamma", Convert(first, "hold")).reason
    number = next_number(world)

    done = world.batch(
        world.submission("gamma", quote(OUTSIDE, B, 100)),
        world.submission("gamma", Convert(number, "hold")),
    )

    assert [one.reason for one in done] == ["", "ALREADY_EXISTS"]


def test_a_hold_is_used_once_also_by_an_authorisation(world: Bench) -> None:
    first = world.ask("gamma", quote(OUTSIDE, B, 100)).result.quote.number
    assert not world.ask("gamma", Convert(first, "hold")).reason
    number = next_number(world)
    until = NOON.replace(hour=20)

    done = world.batch(
        world.submission("gamma", AuthorizeDebit(OUTSIDE, B, "beta", 100, until, "hold")),
        world.submission("beta", quote(OUTSIDE, B, 100, number)),
        world.submission("beta", Convert(number + 1)),
    )

    assert [one.reason for one in done] == ["", "", "ALREADY_EXISTS"]


def test_members_kept_elsewhere_are_parted_after_a_refusal(world: Bench) -> None:
    """Their points are in their partner's system: none moved with the merge, and none came back."""
    asked = world.ask("gamma", quote(("outside", "2"), ("vault", "1"), 100)).result.quote.number
    given = world.ask("gamma", Convert(asked, "hold"))
    merge = world.ask("gamma", MergeMembers(OUTSIDE, ("outside", "2"))).result.merge
    assert not world.ask("alpha", Refuse(given.number, "no")).reason

    assert world.ask("gamma", Unmerge(merge)).reason == ""
