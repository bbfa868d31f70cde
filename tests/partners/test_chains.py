"""No money machine: the search finds a chain if and only if there is one, and shows it."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.exchange.book import RateBook, Stop, Version
from partners.exchange.chains import (
    Chain,
    Finding,
    NotProven,
    check_book,
    find_chain,
    first_shortfall,
)
from partners.exchange.searching import Work
from partners.exchange.terms import (
    BonusStep,
    Caps,
    MoneyFee,
    MoneyValue,
    PairTerms,
    RateTerms,
    Safeguards,
    Terms,
)
from partners.exchange.ways import Convertible, Way, quote_way, ways_in_force
from support.brute_force_chains import brute_force
from support.published import real_file

DAY = datetime(2024, 1, 1, tzinfo=UTC)
F = Fraction


def book_of(*terms: Terms, stops: tuple[Stop, ...] = ()) -> RateBook:
    versions = (Version(n, 1, t, DAY, None, DAY) for n, t in enumerate(terms, start=1))
    return RateBook(tuple(versions), stops)


def open_to_all(*programmes: str) -> dict[str, Convertible]:
    return dict.fromkeys(programmes, Convertible(out=True, into=True, exponent=0))


PROGRAMMES = open_to_all("a", "b", "c", "hub")


def ways_of(book: RateBook, now: datetime = DAY) -> list[Way]:
    return ways_in_force(book, now, DAY, PROGRAMMES, "hub")


def rates_of(book: RateBook) -> dict[str, Fraction]:
    found = {name: book.rate(name, DAY) for name in ("a", "b", "c")}
    rates = {name: v.terms.rate_in for name, v in found.items() if v is not None}
    return {"hub": F(1)} | {name: rate for name, rate in rates.items() if rate is not None}


def chain_of(book: RateBook, including: Sequence[Way] = ()) -> Chain | None:
    """The chain of a book, replayed."""
    ways, rates = ways_of(book), rates_of(book)
    chain = find_chain(ways, rates, including=including)
    if chain is not None:
        assert chain.replay([*ways, *including], rates.get(chain.steps[0].source))
    return chain


def rate(programme: str, rate_in: Fraction | int = 1, cost: Fraction | int | None = None) -> Terms:
    return RateTerms(programme, F(rate_in), F(rate_in if cost is None else cost))


def incoming(programme: str, rate_in: Fraction | int = 1) -> Terms:
    """A programme that only pairs lead into."""
    return RateTerms(programme, F(rate_in), None)


def pair(
    source: str,
    target: str,
    ratio: Fraction | int,
    offer: str = "",
    *,
    minimum: int = 1,
    increment: int = 1,
    bonus: tuple[int, int] | None = None,
    fee: MoneyFee | None = None,
    cap: int | None = None,
    once: bool = False,
) -> PairTerms:
    bonuses = (BonusStep(*bonus, source),) if bonus else ()
    return PairTerms(
        source,
        target,
        offer,
        F(ratio),
        F(1, 1_000),
        minimum,
        increment,
        bonuses,
        fee,
        Caps(member_daily_minor=cap),
        once_per_member=once,
    )


def loop(*pairs: PairTerms, ceiling: int | None = None, others: tuple[Terms, ...] = ()) -> RateBook:
    """Pairs alone: every programme may go in by its rate, and rates lead out of nowhere."""
    names = sorted({p.source for p in pairs})
    limits = (Safeguards("", ceiling_minor=ceiling),) if ceiling else ()
    return book_of(*(incoming(name) for name in names), *limits, *others, *pairs)


BONUS = pair("a", "b", F(1, 3), minimum=3_000, increment=3_000, bonus=(60_000, 5_000))
BACK = pair("b", "a", F(5, 2))
CHARGED = pair("a", "b", F(101, 100), fee=MoneyFee("USD", F(1, 10), 300))
DOLLAR = MoneyValue("USD", F(1))
STOPPED = Stop(9, "a", "b", "x", "", DAY)

SOUND: dict[str, RateBook] = {
    "nothing at all": book_of(),
    "a loop that neither gives nor takes": loop(pair("a", "b", F(2, 3)), pair("b", "a", F(3, 2))),
    "rates that neither give nor take": book_of(rate("a", F(1, 3)), rate("b", 7), rate("c", 1)),
    "a bonus that the ceiling is below": loop(BONUS, BACK, ceiling=59_999),
    "an amount that is below the minimum of the way back": loop(
        pair("a", "b", 2, cap=100), pair("b", "a", 1, minimum=201)
    ),
    "increments that never meet": loop(
        pair("a", "b", 2, minimum=1_000, increment=1_000),
        pair("b", "a", 1, minimum=500, increment=1_000),
        ceiling=10**11,
    ),
    "increments that only meet above the cap": loop(
        pair("a", "b", F(10, 9), minimum=9, increment=9, cap=9_000),
        pair("b", "a", 1, minimum=10_007, increment=10_007),
    ),
    "a gain that is always rounded off": loop(
        pair("a", "b", F(11, 10)), pair("b", "a", 1), ceiling=9
    ),
    "a fee that costs more than the gain": loop(
        CHARGED, pair("b", "a", 1), ceiling=30_000, others=(DOLLAR,)
    ),
    "a pair that is stopped": RateBook(
        loop(pair("a", "b", 2), pair("b", "a", 1)).versions, (STOPPED,)
    ),
    "a fee in a money that is worth nothing": loop(CHARGED, pair("b", "a", 1)),
    "rates that standing terms take the place of": RateBook(
        book_of(incoming("a", 2), rate("b"), pair("a", "b", 1), pair("b", "a", F(3, 4))).versions,
        (Stop(9, "a", "hub", "x", "", DAY),),
    ),
    "fee and spread, with a minimum at which they are felt": book_of(
        RateTerms("a", F(101, 100), F(1), F(1, 100), F(1, 100)),
        RateTerms("b", F(101, 100), F(1), F(1, 100), F(1, 100)),
        Safeguards("", minimum_minor=10_000),
    ),
}

UNSOUND: dict[str, RateBook] = {
    "a bonus that the ceiling allows": loop(BONUS, BACK, ceiling=60_000),
    "an amount that just reaches the minimum of the way back": loop(
        pair("a", "b", 2, cap=100), pair("b", "a", 1, minimum=200)
    ),
    "increments that meet once": loop(
        pair("a", "b", F(10, 9), minimum=9, increment=9, cap=90_063),
        pair("b", "a", 1, minimum=10_007, increment=10_007),
        ceiling=100_070,
    ),
    "increments that meet far apart": loop(
        pair("a", "b", 2),
        pair("b", "c", 1, minimum=99_991, increment=99_991),
        pair("c", "a", 1, minimum=10_007, increment=10_007),
        ceiling=10**11,
    ),
    "the first amount whose gain is not rounded off": loop(
        pair("a", "b", F(11, 10)), pair("b", "a", 1), ceiling=10
    ),
    "a fee that is capped": loop(CHARGED, pair("b", "a", 1), ceiling=30_100, others=(DOLLAR,)),
    "an offer, once per member": loop(
        pair("a", "b", 1), pair("b", "a", 1), pair("a", "b", 2, "spring", once=True)
    ),
    "two offers that overlap": loop(
        pair("a", "b", 1),
        pair("b", "a", 1),
        pair("a", "b", F(3, 2), "spring", cap=4),
        pair("b", "a", F(4, 3), "summer", minimum=6),
    ),
    "rates beside an offer, without standing terms": book_of(
        rate("a", 2), rate("b", 1), pair("b", "a", F(3, 5), "spring")
    ),
    "three programmes of which no two gain": loop(
        pair("a", "b", F(1, 2)), pair("b", "c", F(1, 2)), pair("c", "a", F(401, 100))
    ),
    "the shared currency in the middle": book_of(RateTerms("a", F(101, 100), F(1))),
    "fee and spread that are rounded off tiny amounts": book_of(
        RateTerms("a", F(101, 100), F(1), F(1, 200), F(1, 200)), Safeguards("a", ceiling_minor=100)
    ),
}


@pytest.mark.parametrize("book", SOUND.values(), ids=SOUND)
def test_passes(book: RateBook) -> None:
    assert chain_of(book) is None


@pytest.mark.parametrize("book", UNSOUND.values(), ids=UNSOUND)
def test_is_refused_with_a_chain_that_replays(book: RateBook) -> None:
    assert chain_of(book) is not None


def amounts_of(chain: Chain | None) -> list[int]:
    assert chain is not None
    return [chain.steps[0].source_minor, *(step.target_minor for step in chain.steps)]


small_rates = st.fractions(F(1, 6), 6, max_denominator=7)
parts = st.sampled_from([F(0), F(0), F(1, 10), F(1, 3), F(1, 100)])
small = st.integers(1, 12)


@st.composite
def rates(draw: st.DrawFn, programme: str) -> RateTerms:
    rate_in = draw(small_rates)
    margin = draw(st.sampled_from([F(1), F(1), F(11, 10), F(9, 10), F(3)]))
    cost = draw(st.sampled_from([None, *[rate_in * margin] * 3]))
    return RateTerms(programme, rate_in, cost, draw(parts), draw(parts))


@st.composite
def pairs(draw: st.DrawFn, source: str, target: str, worth: Mapping[str, Fraction]) -> PairTerms:
    """Terms near what the two are worth, so that about every other book is sound."""
    off = draw(st.sampled_from([F(1), F(1), F(9, 10), F(1, 2), F(101, 100), F(11, 10)]))
    once = draw(st.sampled_from(["", "", "spring", "summer"]))
    return PairTerms(
        source,
        target,
        once,
        worth[source] / worth[target] * off,
        F(1, 1_000),
        draw(st.one_of(st.just(1), small, st.integers(1, 200))),
        draw(st.one_of(st.just(1), small, st.integers(1, 60))),
        tuple(
            draw(
                st.lists(st.builds(BonusStep, st.integers(1, 150), small, st.just("x")), max_size=1)
            )
        ),
        draw(
            st.one_of(
                st.none(),
                st.builds(MoneyFee, st.just("USD"), small_rates, st.one_of(st.none(), small)),
            )
        ),
        Caps(pair_daily_minor=draw(st.one_of(st.none(), st.integers(1, 400)))),
        once_per_member=bool(once),
    )


@st.composite
def books(draw: st.DrawFn) -> RateBook:
    names = ["a", "b", "c", "hub"][: draw(st.integers(2, 4))]
    terms: list[Terms] = [draw(rates(name)) for name in names if name != "hub"]
    worth = {t.programme: t.rate_in or F(1) for t in terms if isinstance(t, RateTerms)}
    worth |= {"hub": F(1)}
    ends = [(s, t) for s in names for t in names if s != t]
    chosen = draw(st.lists(st.sampled_from(ends), min_size=1, max_size=5))
    terms += [draw(pairs(source, target, worth)) for source, target in chosen]
    terms += [MoneyValue("USD", draw(small_rates))] if draw(st.booleans()) else []
    ceiling, minimum = draw(st.integers(30, 300)), draw(st.sampled_from([1, 1, 10, 50]))
    terms.append(Safeguards("", ceiling_minor=ceiling, minimum_minor=minimum))
    return book_of(*terms)


@given(books())
@settings(max_examples=150, deadline=None)
def test_finds_a_chain_if_and_only_if_trying_everything_does(book: RateBook) -> None:
    found = brute_force(ways_of(book), rates_of(book))
    assert (chain_of(book) is None) == (found is None), found


def test_shows_a_chain_at_its_smallest_amount_for_people() -> None:
    chain = chain_of(loop(BONUS, BACK))
    assert chain is not None
    assert str(chain) == (
        "60000 minor units of a -> 25000 minor units of b by the terms of version 3"
        " -> 62500 minor units of a by the terms of version 4: 2500 minor units of a more"
    )
    assert chain.words(lambda programme, minor: f"{minor} {programme.upper()}") == (
        "60000 A -> 25000 B by the terms of version 3"
        " -> 62500 A by the terms of version 4: 2500 A more"
    )


def test_a_fee_counts_for_what_it_is_worth() -> None:
    book = UNSOUND["a fee that is capped"]
    chain = chain_of(book)
    assert chain is not None
    assert (chain.gain, chain.money_fees_minor) == (301, 300)
    assert str(chain).endswith(
        "301 minor units of b more, for money fees worth 300 shared minor units"
    )
    assert not chain.replay(ways_of(book), F(300, 301))


def test_a_chain_replays_along_its_own_ways_alone() -> None:
    chain = chain_of(loop(BONUS, BACK))
    assert chain is not None
    assert not chain.replay(ways_of(loop(BONUS, pair("b", "a", F(12, 5)))))
    assert not Chain(chain.steps[:1]).replay(ways_of(loop(BONUS, BACK)))


QUOTED = quote_way("a", "b", 100, 60, 99)


def test_an_open_quote_and_new_rates_make_a_chain() -> None:
    before = loop(pair("a", "b", F(3, 5)), pair("b", "a", F(5, 3)))
    after = loop(pair("a", "b", F(1, 2)), pair("b", "a", 2))
    assert chain_of(before, [QUOTED]) is None
    assert chain_of(after) is None
    chain = chain_of(after, [QUOTED])
    assert amounts_of(chain) == [100, 60, 120]
    assert chain is not None
    assert chain.steps[0].label == "quote 99"


def test_a_quote_in_the_middle_is_reached_with_just_its_amount() -> None:
    others = (pair("b", "c", F(1, 2)), pair("c", "a", F(7, 2), cap=30))
    assert chain_of(loop(*others), [QUOTED]) is not None
    assert chain_of(loop(*others[:1], pair("c", "a", F(7, 2), cap=29)), [QUOTED]) is None


def test_chains_without_the_quote_are_not_its_matter() -> None:
    book = loop(pair("a", "b", 2), pair("b", "a", 1))
    assert chain_of(book) is not None
    assert chain_of(book, [quote_way("a", "b", 100, 60, 99)]) is None


quotes = st.builds(
    quote_way,
    st.sampled_from(["a", "b"]),
    st.sampled_from(["c", "hub"]),
    st.integers(1, 60),
    st.integers(1, 60),
    st.just(99),
)


@given(books(), st.lists(quotes, min_size=1, max_size=2))
@settings(max_examples=80, deadline=None)
def test_finds_a_chain_with_a_quote_if_and_only_if_there_is_one(
    book: RateBook, including: list[Way]
) -> None:
    found = brute_force(ways_of(book), rates_of(book), including)
    assert (chain_of(book, including) is None) == (found is None), found


@given(
    st.fractions(F(1, 50), 5, max_denominator=60),
    st.fractions(F(1, 50), 5, max_denominator=60),
    st.sampled_from([F(1), F(99, 100), F(1_001, 1_000), F(11, 10)]),
    st.integers(1, 50),
    st.integers(1, 50),
    st.integers(1, 1_000),
)
def test_the_first_shortfall_is_the_first(
    ratio: Fraction, price: Fraction, off: Fraction, minimum: int, increment: int, largest: int
) -> None:
    terms = PairTerms("a", "b", "", ratio, price, minimum, increment)
    rate_in = ratio * price * off
    short = (
        x
        for x in range(minimum, largest + 1, increment)
        if x * rate_in // 1 < (x * ratio // 1) * price // 1
    )
    assert first_shortfall(terms, rate_in, largest) == next(short, None)


def test_a_shortfall_that_shows_late_is_found_without_trying_all() -> None:
    terms = PairTerms("a", "b", "", F(1), F(10**9 + 1, 10**9))
    assert first_shortfall(terms, F(1), 10**9 - 1) is None
    assert first_shortfall(terms, F(1), 10**11) == 10**9


def test_what_the_budget_does_not_settle_is_named() -> None:
    ways = ways_of(loop(BONUS, BACK, ceiling=10**11))
    enough = Work(10_000)
    assert find_chain(ways, {}, budget=enough) is not None
    with pytest.raises(NotProven, match="the cycle a -> b -> a"):
        find_chain(ways, {}, budget=enough.spent - 1)
    with pytest.raises(NotProven, match="the bounds"):
        find_chain(ways, {}, budget=1)


# Forty programmes, the first of them the shared currency, and forty pairs with terms.
MANY = [f"p{n:02}" for n in range(40)]


def many(discount: Fraction, fee: Fraction, minimum: int) -> RateBook:
    """Rates without margin but `fee`; pairs from each to a later one at `discount` of the worth."""
    worth = {name: F(30 + 70 * n, 10_000) for n, name in enumerate(MANY)}
    terms: list[Terms] = [RateTerms(name, w, w, fee) for name, w in worth.items()]
    terms.append(Safeguards("", ceiling_minor=10**11, minimum_minor=minimum))
    for n, source in enumerate(MANY[:-1]):
        target = MANY[min(39, n + 1 + n % 7)]
        step = (10**5, 1)[n % 2]
        ratio = worth[source] / worth[target] * discount
        terms.append(PairTerms(source, target, "", ratio, worth[target], step, step))
    return book_of(*terms)


@dataclass(frozen=True)
class Scale:
    book: RateBook
    allowed: int
    programmes: Mapping[str, Convertible] = field(default_factory=lambda: open_to_all(*MANY))

    def work(self) -> int:
        ways = ways_in_force(self.book, DAY, DAY, self.programmes, "hub")
        rates = {v.terms.programme: v.terms.rate_in or F(1) for v in map(self._rate, MANY) if v}
        work = Work(self.allowed)
        assert len(ways) == 40 * 39
        assert find_chain(ways, rates, budget=work) is None
        return work.spent

    def _rate(self, name: str) -> Version[RateTerms] | None:
        return self.book.rate(name, DAY)


@pytest.mark.parametrize(
    "scale",
    [
        Scale(many(F(1), F(0), 1), 5_000),
        Scale(many(F(99, 100), F(0), 1), 5_000),
        Scale(many(F(5_001, 5_000), F(1, 50), 10**5), 5_000),
    ],
    ids=["neutral", "below the rates", "between the rates and their fees"],
)
def test_a_sound_book_of_forty_programmes_takes_little_work(scale: Scale) -> None:
    assert scale.work() <= scale.allowed


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def terms_of(row: Mapping[str, str], offer: str) -> PairTerms:
    """A row, with points of no decimals that are each worth a cent on the way in."""
    every, bonus = row["bonus_every_source_units"], row["bonus_target_units"]
    per_unit, cap = row["fee_per_source_unit_usd"], row["fee_cap_usd"]
    ratio = F(int(row["target_units"]), int(row["source_units"]))
    return PairTerms(
        row["source"],
        row["target"],
        offer,
        ratio,
        1 / ratio,
        int(row["minimum"]),
        int(row["increment"]),
        (BonusStep(int(every), int(bonus), row["source"]),) if every else (),
        MoneyFee("USD", F(per_unit) * 100, int(cap) * 100) if per_unit else None,
    )


def real_book(rows: Sequence[Mapping[str, str]]) -> RateBook:
    """Every row as it stood; the launch offer of Nectar lies beside the standing terms."""
    begin = day("2000-01-01")
    sources = sorted({row["source"] for row in rows})
    base: list[Terms] = [RateTerms(name, F(1), None) for name in sources]
    base.append(MoneyValue("USD", F(1)))
    versions = [Version(n, 1, t, begin, None, begin) for n, t in enumerate(base, start=1)]
    for number, row in enumerate(rows, start=len(versions) + 1):
        since = day(row["effective_from"])
        until = day(row["effective_to"]) if row["effective_to"] else None
        terms = terms_of(row, "launch" if "launch offer" in row["note"] else "")
        versions.append(Version(number, 2, terms, since, until, begin))
    return RateBook(tuple(versions))


@pytest.fixture
def real_rows() -> list[dict[str, str]]:
    return list(csv.DictReader(real_file().decode().splitlines()))


def checked(rows: Sequence[Mapping[str, str]], since: str) -> Finding | None:
    names = {row[end] for row in rows for end in ("source", "target")}
    instant = day(since)
    return check_book(real_book(rows), instant, open_to_all(*names), "hub", instant)


def amounts_from_nectar(rows: Sequence[Mapping[str, str]]) -> list[int | None]:
    """The same chain, begun with Nectar points."""
    instant, names = day("2021-01-25"), open_to_all("AVIOS", "NECTAR")
    ways = ways_in_force(real_book(rows), instant, instant, names, "hub")
    (launch,) = (way for way in ways if "launch" in way.label)
    (back,) = (way for way in ways if way.source == "AVIOS")
    middle = launch.result(1_600)
    return [1_600, middle, back.result(middle or 0)]


def test_of_real_conversions_just_the_launch_offer_makes_a_chain(
    real_rows: list[dict[str, str]],
) -> None:
    finding = checked(real_rows, "2001-01-01")
    assert finding is not None
    assert finding.instant == day("2021-01-25")
    assert amounts_of(finding.chain) == [1_000, 1_600, 1_500]
    assert "offer launch" in str(finding.chain)
    assert amounts_from_nectar(real_rows) == [1_600, 1_500, 2_400]
    assert checked(real_rows, "2021-02-13") is not None
    assert checked(real_rows, "2021-02-14") is None
    without = [row for row in real_rows if "launch offer" not in row["note"]]
    assert len(without) == len(real_rows) - 1
    assert checked(without, "2001-01-01") is None


def test_a_book_is_checked_at_every_later_instant() -> None:
    book = loop(pair("a", "b", 1), pair("b", "a", 1))
    later = DAY + timedelta(days=30)
    spring: Version[Terms] = Version(90, 1, pair("a", "b", 2, "spring"), later, None, DAY)
    finding = check_book(book.with_versions([spring]), DAY, PROGRAMMES, "hub", DAY)
    assert check_book(book, DAY, PROGRAMMES, "hub", DAY) is None
    assert finding is not None
    assert finding.instant == later


def test_terms_that_nobody_funds_are_found() -> None:
    terms = PairTerms("a", "b", "", F(1), F(11, 10))
    funded = PairTerms("a", "b", "", F(1), F(11, 10), shortfall_funder="a")
    expected = Finding(DAY, None, ("a", "b"), 2, 10)
    assert check_book(book_of(incoming("a"), terms), DAY, PROGRAMMES, "hub", DAY) == expected
    assert check_book(book_of(incoming("a"), funded), DAY, PROGRAMMES, "hub", DAY) is None
