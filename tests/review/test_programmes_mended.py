"""What was found wrong in programmes once, and must not come back."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from gateway.reviewing import review
from partners.activities import ActivityKey
from partners.claims import simulate
from partners.programmes.definition import BadDefinition, parse_definition
from partners.programmes.progress import Progress
from partners.programmes.reaching import Judge, Reached
from partners.programmes.tiers import Standing, TierSource, TierTerm, Verdict, evaluate
from partners.queries import Asker
from partners.state import MembershipState
from partners.usecases.awards import CancelVoucher, Redeem
from partners.usecases.lives import MergeMembers, Unmerge
from partners.usecases.reversal import Reverse
from support.standings import STAYS, TIERS, hotel, on, rows, stay_on, tier, tiered
from support.use_case_bench import bench, definition, enrol, report, update

VOUCHER = '[[vouchers]]\nvoucher = "third"\nname = "Third"\ncounter = "stays"\nevery = 3\n'
AWARDS = (
    '[[awards]]\naward = "night"\nname = "Night"\nprices = [{ points = 1000 }]\n'
    '[buying]\nat_most = "10%"\ncurrency = "EUR"\nprice = "0.01"\n'
)


def take(reference: str) -> Reverse:
    return Reverse(ActivityKey("hotel", "STAY", reference), "test")


def refused(text_: str) -> dict[str, str]:
    with pytest.raises(BadDefinition) as caught:
        parse_definition(text_.encode())
    return {problem.field: problem.problem for problem in caught.value.problems}


def test_a_late_activity_is_judged_by_the_thresholds_of_its_day_as_well(database_url: str) -> None:
    """Three stays made SILVER until 1 May, five make it since; the third is reported in May."""
    with tiered(database_url) as world:
        world.enrol("hotel", "H1")
        world.now = on("2026-04-20")
        for day in ("2026-04-01", "2026-04-02"):
            world.ask("hotel", stay_on("H1", day, day))
        harder = TIERS.replace("stays = 3", "stays = 9").replace("stays = 5", "stays = 12")
        harder = harder.replace("stays = 7", "stays = 14")
        later = hotel(tiers=harder, valid_from=on("2026-05-01"))
        assert not world.publish("hotel", later).reason
        world.now = on("2026-05-10")
        new_days = world.ask("hotel", stay_on("H1", "new", "2026-05-02"))
        assert new_days.result.terms == ()
        late = world.ask("hotel", stay_on("H1", "late", "2026-04-03"))

        ((term, _),) = late.result.terms
        assert (term.tier, term.since) == ("SILVER", date(2026, 4, 3))
        assert tier(world, "H1") == "SILVER"


@pytest.mark.parametrize("factor", ["999999999999", "1"])
def test_a_sum_that_does_not_fit_refuses_its_item_and_no_other(
    database_url: str, factor: str
) -> None:
    rest = (
        '[[counters]]\ncounter = "spend"\nactivity = "STAY"\nper = "money"\ncurrency = "EUR"\n'
        f'factor = "{factor}"\n' + STAYS.split("[[earn]]")[0]
    )
    with bench(database_url) as world:
        world.admit("hotel")
        world.publish("hotel", definition("hotel", "H-POINTS", rest=rest))
        world.enrol("hotel", "H1")

        def spent(reference: str, minor: int) -> object:
            key = ActivityKey("hotel", "STAY", reference)
            return report(("hotel", "H1"), key, spend=[("ROOM", "EUR", minor)])

        three = [spent("a", 1), spent("b", 20_000_000), spent("c", 1)]
        done = world.batch(*(world.submission("hotel", each) for each in three))  # type: ignore[arg-type]
        expected = "OVERFLOW" if factor != "1" else ""
        assert [outcome.reason for outcome in done] == ["", expected, ""]


def test_sums_over_a_day_that_do_not_fit_are_refused(database_url: str) -> None:
    """Each of the two fits: 9 * 10^18 is less than 2^63, and 18 * 10^18 is not."""
    rest = (
        '[[counters]]\ncounter = "spend"\nactivity = "STAY"\nper = "money"\ncurrency = "EUR"\n'
        'factor = "900000000000"\n'
    )
    with bench(database_url) as world:
        world.admit("hotel")
        world.publish("hotel", definition("hotel", "H-POINTS", rest=rest))
        world.enrol("hotel", "H1")
        keys = [ActivityKey("hotel", "STAY", reference) for reference in "ab"]
        spend = [("ROOM", "EUR", 10_000_000)]
        both = [report(("hotel", "H1"), key, spend=spend) for key in keys]
        done = world.batch(*(world.submission("hotel", each) for each in both))
        assert [outcome.reason for outcome in done] == ["", "OVERFLOW"]


def test_who_returns_gets_vouchers_anew_and_keeps_what_is_new(database_url: str) -> None:
    with tiered(database_url, VOUCHER) as world:
        world.enrol("hotel", "H1")
        world.now = on("2026-04-20")
        old = [world.ask("hotel", stay_on("H1", f"o{n}", "2026-04-20")) for n in range(3)]
        assert [len(done.result.vouchers) for done in old] == [0, 0, 1]
        world.ask("hotel", update("hotel", "H1", state=MembershipState.CLOSED))
        world.ask("hotel", enrol("hotel", "H1"))
        new = [world.ask("hotel", stay_on("H1", f"n{n}", "2026-04-20")) for n in range(3)]
        assert [len(done.result.vouchers) for done in new] == [0, 0, 1]
        assert tier(world, "H1") == "SILVER"

        assert world.ask("hotel", take("o0")).result.terms == ()
        assert tier(world, "H1") == "SILVER"
        counted = rows(world, "select sum(amount) from progress where counter = 'stays'")
        assert counted == [(3,)]


def test_bought_points_do_not_come_back_with_the_voucher(database_url: str) -> None:
    with tiered(database_url, AWARDS) as world:
        world.enrol("hotel", "H1")
        world.now = on("2026-04-20")
        world.ask("hotel", stay_on("H1", "a", "2026-04-01", minor=9_000))
        for _ in range(2):
            bought = world.ask("hotel", Redeem(("hotel", "H1"), "night", None, buy_missing=True))
            assert bought.result.voucher.bought_minor == 100
            assert not world.ask("hotel", CancelVoucher(bought.number)).reason
        assert rows(world, "select credits - debits from member_account") == [(900,)]


def test_held_points_that_were_merged_and_taken_back_hold_nothing_back(database_url: str) -> None:
    held = STAYS.replace('points = "10"', 'points = "10"\navailable = "at-end"')
    with bench(database_url) as world:
        world.admit("hotel")
        world.publish("hotel", definition("hotel", "H-POINTS", rest=AWARDS + held))
        for number in ("K", "M"):
            world.enrol("hotel", number)
        world.now = on("2026-04-20")
        world.ask("hotel", stay_on("K", "k", "2026-04-01"))
        key = ActivityKey("hotel", "STAY", "m")
        early = report(
            ("hotel", "M"),
            key,
            started_at=world.now,
            ended_at=world.now + timedelta(days=9),
            spend=[("ROOM", "EUR", 20_000)],
        )
        assert not world.ask("hotel", early).reason
        assert not world.ask("hotel", MergeMembers(("hotel", "K"), ("hotel", "M"))).reason
        assert not world.ask("hotel", take("m")).reason
        bought = world.ask("hotel", Redeem(("hotel", "K"), "night", None, buy_missing=False))
        assert not bought.reason


def test_what_a_merged_member_loses_does_not_move_back_from_the_other(database_url: str) -> None:
    with tiered(database_url) as world:
        for number in ("K", "M"):
            world.enrol("hotel", number)
        world.now = on("2026-04-20")
        for number, minor in (("K", 10_000), ("M", 30_000)):
            world.ask("hotel", stay_on(number, number.lower(), "2026-04-01", minor=minor))
        merge = world.ask("hotel", MergeMembers(("hotel", "K"), ("hotel", "M")))
        assert not world.ask("hotel", take("m")).reason
        assert not world.ask("hotel", Unmerge(merge.number)).reason
        balances = rows(
            world,
            "select member_number, coalesce(credits - debits, 0) from membership "
            "left join member_account using (member_id, programme) order by 1",
        )
        assert balances == [("K", 1_000), ("M", 0)]


def test_a_definition_whose_tiers_cost_everybody_time_is_refused() -> None:
    wide = "[" + ", ".join(f"{{ stays = {n + 1} }}" for n in range(10)) + "]"
    levels = "".join(
        f'[[tiers]]\nname = "T{n}"\n' + (f"reached = {wide}\nlifetime = {wide}\n" if n else "")
        for n in range(17)
    )
    found = refused(definition("hotel", "H-POINTS", rest=STAYS + levels))
    assert found == {"tiers[16].reached": "brings the limits of all tiers to 310"}


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The days that an evaluation looks at."""
    looked_at: list[date] = []
    whole = Judge.reached_on

    def reached_on(judge: Judge, day: date) -> Iterator[Reached]:
        looked_at.append(day)
        return whole(judge, day)

    monkeypatch.setattr(Judge, "reached_on", reached_on)
    return looked_at


TENURE = (
    '[[counters]]\ncounter = "months"\nper = "membership_month"\n'
    '[[tiers]]\nname = "MEMBER"\n[[tiers]]\nname = "OLD"\nreached = [{ months = 500 }]\n'
)
SINCE, TODAY = date(2016, 1, 10), date(2026, 3, 1)
JOINED = TierTerm("MEMBER", SINCE, None, TierSource.JOINED)


@pytest.mark.parametrize(("seen_to", "days"), [(date.min, 122), (TODAY - timedelta(days=1), 1)])
def test_time_that_was_seen_to_is_not_looked_at_again(
    judged: list[date], seen_to: date, days: int
) -> None:
    """Ten years of membership: 121 months were completed, and there is today."""
    programme = parse_definition(definition("hotel", "H-POINTS", rest=TENURE).encode())
    standing = Standing(JOINED, Progress(), SINCE, evaluated_on=seen_to)
    assert evaluate(programme, standing, TODAY) == Verdict()
    assert len(judged) == days


def test_a_late_activity_is_looked_at_to_the_end_of_its_year(judged: list[date]) -> None:
    programme = parse_definition(hotel().encode())
    progress, days = Progress(), (TODAY - SINCE).days
    for ahead in range(0, days, 3):
        progress.add("other", SINCE + timedelta(days=ahead), 0, 1)
    for month in range(1, 13):
        for year in range(2016, 2026):
            progress.add("stays", date(year, month, 11), 0, 1 if year > 2016 or month > 11 else 0)
    standing = Standing(JOINED, progress, SINCE)
    evaluate(programme, standing, TODAY, date(2017, 1, 11))
    assert {day.year for day in judged} == {2017, 2026}


def test_the_night_notes_up_to_when_it_saw(database_url: str) -> None:
    with tiered(database_url) as world:
        world.enrol("hotel", "H1")
        world.now = on("2026-04-20")
        for day in ("2026-04-01", "2026-04-02", "2026-04-03"):
            world.ask("hotel", stay_on("H1", day, day))
        review(world.engine, world.coalition, on("2028-01-02"), writes=True, on_finding=str)
        assert rows(world, "select tier, evaluated_on from membership") == [
            ("MEMBER", date(2028, 1, 2))
        ]


@pytest.mark.parametrize("names", ["of", "reasons"])
def test_lists_that_every_activity_walks_have_an_end(names: str) -> None:
    many = ", ".join(f'"{"A" * (n // 26 + 1)}{chr(65 + n % 26)}"' for n in range(101))
    rest = {
        "of": STAYS + '[[earn]]\nrule = "more"\nactivity = "STAY"\nper = "points"\npoints = "1"\n'
        f"of = [{many.lower()}]\n",
        "reasons": f'[[counters]]\ncounter = "base"\nper = "points"\nreasons = [{many}]\n',
    }[names]
    found = refused(definition("hotel", "H-POINTS", rest=rest))
    assert [problem for field, problem in found.items() if field.endswith(names)] == [
        "has 101 of them"
    ]


def test_points_finer_than_their_currency_are_refused() -> None:
    rest = '[[awards]]\naward = "pen"\nname = "Pen"\nprices = [{ points = "0.5" }]\n'
    capped = STAYS.replace('points = "10"', 'points = "10"\ncap_per_day = "0.25"')
    found = refused(definition("hotel", "H-POINTS", rest=rest + capped))
    assert set(found) == {"awards[0].prices[0].points", "earn[0].cap_per_day"}
    assert parse_definition(
        definition("hotel", "H-POINTS", exponent=2, rest=rest + capped).encode()
    )


def test_a_stay_of_next_year_is_tried_out_with_why_not(database_url: str) -> None:
    promotion = (
        '[[earn]]\nrule = "summer"\nactivity = "STAY"\nper = "activity"\npoints = "500"\n'
        "valid_from = 2027-06-01T00:00:00Z\nregistration = true\n"
    )
    with tiered(database_url, promotion) as world:
        world.enrol("hotel", "H1")
        world.ask("hotel", stay_on("H1", "a", "2026-01-01"))

        def tried(day: str) -> list[tuple[str, str]]:
            assert world.directory is not None
            asker = Asker("hotel", world.directory, world.now)
            with world.engine.connect() as connection:
                found = simulate(connection, asker, stay_on("H1", "x", day))
            assert [leg.points_minor for leg in found.legs] == [2_000]
            return list(found.passed_over)

        assert tried("2027-05-01") == [("summer", "it is not in its dates")]
        assert tried("2027-07-01") == [("summer", "the member had not registered for it")]
        with world.engine.connect() as connection:
            kept = connection.execute(text("select count(*) from activity")).scalar()
        assert kept == 1
