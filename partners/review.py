"""The review of members by time alone: tiers that end, points that expire, notices before that.

Run every night, and as often as one likes: what is done is not met again. Members are reviewed
some hundreds at a time, each in a transaction under the writer's lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise, takewhile

from sqlalchemy import Connection, text

from partners.context import Context, Decision
from partners.desk import Desk
from partners.directory import Directory, Programme, ProgrammeVersion
from partners.directory_store import load_directory
from partners.member_changes import MembershipEvaluated
from partners.member_store import load_accounts, load_member_counters
from partners.postings import EXPIRED
from partners.programme_changes import ExpiryNoticed, TierReviewed
from partners.programmes.lapsing import Expiry, ExpiryBy, expired_minor
from partners.programmes.levels import Period, Term, Tier
from partners.programmes.model import ProgrammeDefinition
from partners.programmes.periods import DAY, Days, calendar_year, local_day
from partners.programmes.progress import ACTIVE, EARNED
from partners.programmes.tiers import TierSource, TierTerm, relegated
from partners.querying import ask, run, together
from partners.standing import progress_of, reviewed, term_entry
from partners.standing_store import load_held, load_invitations, load_standings
from partners.state import AccountKey, Membership, MembershipState, State
from settlement.ledger.book import read_head
from settlement.ledger.entries import Coalition

MEMBERS_AT_ONCE = 500
"""Members reviewed in one transaction, while all other writes wait."""

WIND_DOWN = "wind-down"
"""Rule of points that expire because their programme has ended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the review did, or would do, for people to read."""

    kind: str
    """TIER, INVITATION, EXPIRY or EXPIRY_NOTICE; or of the entry by which something ended."""
    programme: str
    """Empty, as what follows, where it is not of one membership."""
    member_id: int
    member_number: str
    what: str


@dataclass
class Review:
    """What a review found, and whether it writes it."""

    coalition: Coalition
    now: datetime
    writes: bool
    findings: list[Finding] = field(default_factory=list)
    unwritten: dict[AccountKey, tuple[TierTerm, ...]] = field(default_factory=dict)
    """Terms of earlier steps that were not written, where nothing is."""


def programmes_to_review(connection: Connection, coalition: Coalition) -> list[str]:
    """Programmes in which time alone changes something, by id."""
    directory = load_directory(connection, coalition)
    return [name for name in sorted(directory.programmes) if _conditions(directory, name)]


def _conditions(directory: Directory, programme_id: str) -> list[str]:
    """Which memberships of a programme have to be looked at, as conditions of SQL."""
    programme = directory.programmes[programme_id]
    definitions = [version.definition for version in programme.versions]
    conditions = ["m.tier_until < :today"]
    if any(_rated_by_time(definition) for definition in definitions):
        conditions.append("true")
    if programme.closing is not None or any(d.expiry is not None for d in definitions):
        conditions.append("a.credits > a.debits")
    tiers = any(len(definition.tiers) > 1 for definition in definitions)
    return conditions if tiers or len(conditions) > 1 else []


def _rated_by_time(definition: ProgrammeDefinition) -> bool:
    """Whether a tier can change without an activity and before its term ends."""
    q = definition.qualification
    months = any(counter.per == "membership_month" for counter in definition.counters)
    return q.period is Period.MONTHLY_RATING or q.term is Term.WHILE_REACHED or months


def review_members(
    connection: Connection, review: Review, programme_id: str, after: int
) -> int | None:
    """Review the next members of a programme, in the caller's transaction.

    `after` is the member id seen last, 0 in the beginning; gives the one seen now, or None where
    there are no more. With `review.writes` the caller commits, else it rolls back.
    """
    head = read_head(connection, lock=review.writes)
    now = max(review.now, head.accepted_at) if review.writes else review.now
    directory = load_directory(connection, review.coalition)
    judge = _Judge(review, Desk(directory, head, now, State()))
    numbers = _next_members(connection, directory, programme_id, judge.today(programme_id), after)
    judge.load(connection, {(member_id, programme_id) for member_id in numbers})
    for member_id in numbers:
        judge.judge(member_id, programme_id)
    if review.writes:
        judge.desk.write(connection)
    return numbers[-1] if numbers else None


def _next_members(
    connection: Connection, directory: Directory, programme_id: str, today: date, after: int
) -> list[int]:
    conditions = " or ".join(_conditions(directory, programme_id)) or "false"
    rows = connection.execute(
        text(
            "select m.member_id from membership m "  # noqa: S608 - conditions are of this module
            "left join member_account a on a.member_id = m.member_id "
            "and a.programme = m.programme "
            "where m.programme = :programme and m.member_id > :after "
            f"and m.state in ('ACTIVE', 'BLOCKED') and ({conditions}) "
            "order by m.member_id limit :limit"
        ),
        {
            "programme": programme_id,
            "after": after,
            "today": today,
            "limit": MEMBERS_AT_ONCE,
        },
    )
    return [row.member_id for row in rows]


@dataclass
class _Judge:
    """Judges members one after the other."""

    review: Review
    desk: Desk
    noticed: set[tuple[int, str, date]] = field(default_factory=set)

    @property
    def directory(self) -> Directory:
        """What members are judged by."""
        return self.desk.directory

    @property
    def state(self) -> State:
        """What is known of members."""
        return self.desk.state

    def load(self, connection: Connection, accounts: set[AccountKey]) -> None:
        """What is known of members."""
        run(connection, self._load(accounts))

    async def _load(self, accounts: set[AccountKey]) -> None:
        await load_accounts(self.state, accounts)
        await together(
            load_member_counters(self.state, accounts),
            load_standings(self.state, accounts),
            load_held(self.state, accounts),
            load_invitations(self.state, {self.state.accounts[a].key for a in accounts}),
        )
        rows = await ask(
            "select member_id, programme, due_on from expiry_notice "
            "where member_id = any(:members)",
            members=[member_id for member_id, _ in accounts],
        )
        self.noticed = {(row.member_id, row.programme, row.due_on) for row in rows}

    def context(self) -> Context:
        """As of a request whose entry was the last: what follows from it has the next number."""
        return replace(self.desk.context(), number=self.desk.next_number - 1)

    def today(self, programme_id: str) -> date:
        """The day that it is in a programme's time zone."""
        return self.context().today(programme_id)

    def judge(self, member_id: int, programme_id: str) -> None:
        """One membership: its tier, then its points."""
        member = self.state.accounts[member_id, programme_id]
        if member.state is MembershipState.ACTIVE:
            outcome = reviewed(member, self.context())
            for decision in outcome.consequences:
                self._add(decision, member, _in_words(decision))
            if outcome.terms and not self.review.writes:
                self.review.unwritten[member.account] = tuple(term for term, _ in outcome.terms)
            member = outcome.membership
            self.desk.apply([MembershipEvaluated(member.account, self.today(programme_id))])
        self._judge_points(member)

    def _judge_points(self, member: Membership) -> None:
        context = self.context()
        definition = context.definition(member.programme)
        programme = self.directory.programmes[member.programme]
        if not definition.keeps_points:
            return
        closing = programme.closing
        if closing is not None and closing.points_until <= self.desk.now:
            self._expire(member, max(0, self.state.posted(member.account)), WIND_DOWN)
            return
        if definition.expiry is None or member.tier in definition.expiry.exempt_tiers:
            return
        points = _Points(programme, definition.expiry, member, context)
        self._expire(member, points.gone_by(context.today(member.programme)), None)
        self._give_notice(points, definition.expiry)

    def _expire(self, member: Membership, amount: int, rule: str | None) -> None:
        if not amount:
            return
        decision = Decision(
            kind="EXPIRY",
            facts={
                "member": str(member.member_id),
                "programme": member.programme,
                "points": str(amount),
                "rule": rule,
            },
            result=None,
            facts_parties=frozenset({self.directory.programmes[member.programme].partner}),
            lines=tuple(self.context().book.returned(EXPIRED, member.account, amount, rule=rule)),
        )
        self._add(decision, member, f"{self._points(member, amount)} points expire")

    def _points(self, member: Membership, amount: int) -> str:
        return self.context().points(member.programme, amount)

    def _give_notice(self, points: "_Points", expiry: Expiry) -> None:
        member = points.member
        for due_on, amount in points.due_within(expiry.notice_days):
            if (*member.account, due_on) in self.noticed:
                continue
            change = ExpiryNoticed(member.account, due_on, amount, self.desk.next_number)
            decision = Decision(
                kind="EXPIRY_NOTICE",
                facts={
                    "member": str(member.member_id),
                    "programme": member.programme,
                    "points": str(amount),
                    "due_on": due_on.isoformat(),
                },
                result=None,
                facts_parties=frozenset({self.directory.programmes[member.programme].partner}),
                changes=(change,),
                business=False,
            )
            self._add(
                decision, member, f"{self._points(member, amount)} points will expire on {due_on}"
            )

    def close_year(self, programme_id: str, year: Days) -> None:
        """Note that a year was reviewed, as an entry."""
        decision = Decision(
            kind="TIER_REVIEW",
            facts={
                "programme": programme_id,
                "year_began_on": year.first.isoformat(),
            },
            result=None,
            facts_parties=frozenset({self.directory.programmes[programme_id].partner}),
            changes=(TierReviewed(programme_id, year.first, self.desk.next_number),),
            business=False,
        )
        self.desk.enter(decision)

    def fall(self, member: Membership) -> None:
        """Let a member of a tier fall by one."""
        context = self.context()
        definition, today = context.definition(member.programme), context.today(member.programme)
        fallen = replace(member, term=relegated(definition, member.term, today, member.joined_on))
        decision = term_entry(fallen, self.desk.next_number, context)
        self._add(decision, fallen, _in_words(decision))

    def _add(self, decision: Decision, member: Membership, what: str) -> None:
        self.desk.enter(decision)
        self.review.findings.append(
            Finding(decision.kind, member.programme, member.member_id, member.member_number, what)
        )


def _in_words(decision: Decision) -> str:
    facts = decision.facts
    if decision.kind == "TIER":
        return f"{facts['source']}: {facts['tier']} until {facts['until'] or 'further notice'}"
    return f"invited to {facts['tier']}"


@dataclass
class _Points:
    """A member's points with what keeps them alive."""

    programme: Programme
    expiry: Expiry
    member: Membership
    context: Context

    def gone_by(self, day: date) -> int:
        """Points, in minor units, that are gone by a day if nothing happens until then."""
        return expired_minor(
            self.expiry,
            balance_minor=self.context.state.posted(self.member.account),
            by_day=self._by_day,
            today=day,
            since=self._since,
        )

    def due_within(self, days: int) -> Iterator[tuple[date, int]]:
        """The days within so many on which points will be gone, with how many on each."""
        today = self.context.today(self.member.programme)
        before = self.gone_by(today)
        due = {self.expiry.gone_on(day) for day in (self._since, *self._by_day)}
        for day in sorted(day for day in due if today < day <= today + days * DAY):
            gone = self.gone_by(day)
            if gone > before:
                yield day, gone - before
            before = gone

    @cached_property
    def _by_day(self) -> Mapping[date, int]:
        counter = ACTIVE if self.expiry.by is ExpiryBy.INACTIVITY else EARNED
        return progress_of(self.member, self.context).by_day(counter)

    @cached_property
    def _since(self) -> date:
        """From when on the member's points expire like this: the latest of three days.

        The programme's first such version in a row (what was counted before that, if anything
        was, is not what counts now), joining, and leaving a tier whose points never expire.
        """
        alike = takewhile(self._expires_alike, reversed(self._versions_so_far()))
        *_, first = alike
        begun = local_day(first.valid_from, first.definition.time_zone)
        return max(begun, self.member.joined_on, self._left_exempt_tier_on())

    def _left_exempt_tier_on(self) -> date:
        exempt = self.expiry.exempt_tiers
        terms = self.context.state.terms.get(self.member.account, [])
        left = [then.since for had, then in pairwise(terms) if had.tier in exempt]
        return left[-1] if left else date.min

    def _versions_so_far(self) -> Sequence[ProgrammeVersion]:
        versions = self.programme.versions
        return [v for v in versions if v.valid_from <= self.context.now] or versions[:1]

    def _expires_alike(self, version: ProgrammeVersion) -> bool:
        expiry = version.definition.expiry
        return expiry is not None and expiry.by is self.expiry.by


def relegate_lowest(connection: Connection, review: Review, programme_id: str) -> bool:
    """Let the lowest of a tier fall, once for each calendar year that has ended.

    In the caller's transaction some of them, where `review.writes`; tells whether more are left.
    Ranked are members who had the tier by the end of the year; of equals the one who joined last
    falls first.
    """
    head = read_head(connection, lock=review.writes)
    now = max(review.now, head.accepted_at) if review.writes else review.now
    directory = load_directory(connection, review.coalition)
    judge = _Judge(review, Desk(directory, head, now, State()))
    definition = judge.context().definition(programme_id)
    falling = [tier for tier in definition.tiers if tier.lowest_fall and tier.lowest_by]
    year = calendar_year(calendar_year(judge.today(programme_id)).first - DAY)
    if not falling or _is_reviewed(connection, programme_id, year):
        return False
    lowest = [m for tier in falling for m in _lowest(connection, review, programme_id, tier, year)]
    now_falling = lowest[:MEMBERS_AT_ONCE] if review.writes else lowest
    judge.load(connection, {(member_id, programme_id) for member_id in now_falling})
    for member_id in now_falling:
        judge.fall(judge.state.accounts[member_id, programme_id])
    more = len(now_falling) < len(lowest)
    if not more:
        judge.close_year(programme_id, year)
    if review.writes:
        judge.desk.write(connection)
    return more


def _is_reviewed(connection: Connection, programme_id: str, year: Days) -> bool:
    known = text("select 1 from tier_review where programme = :programme and year_began_on = :year")
    found = connection.execute(known, {"programme": programme_id, "year": year.first})
    return found.first() is not None


def _lowest(
    connection: Connection, review: Review, programme_id: str, tier: Tier, year: Days
) -> Sequence[int]:
    """Members of a tier with the least of a counter in a year: the part that falls.

    Without those who have fallen already, in a step before this one.
    """
    rows = connection.execute(
        text(_RANKED),
        {
            "counter": tier.lowest_by,
            "programme": programme_id,
            "tier": tier.name,
            "first": year.first,
            "last": year.last,
            "unwritten": [member_id for member_id, _ in review.unwritten],
        },
    )
    ranked = []
    fallen: set[int] = set()
    for row in rows:
        terms = review.unwritten.get((row.member_id, programme_id), ())
        had = [row.had, *(term.tier for term in terms if term.since <= year.last)][-1]
        now = terms[-1] if terms else TierTerm(row.tier, year.last, None, TierSource(row.source))
        has_fallen = row.source == TierSource.RELEGATED and row.since > year.last
        if had != tier.name or now.source is TierSource.LIFETIME:
            continue
        if has_fallen:
            fallen.add(row.member_id)
        if has_fallen or now.tier == tier.name:
            ranked.append(row.member_id)
    lowest = ranked[: int(len(ranked) * (tier.lowest_fall or 0))]
    return [member_id for member_id in lowest if member_id not in fallen]


_RANKED = """
with recursive side (root, member_id) as (
  select member_id, member_id from membership m
  where m.programme = :programme and m.state = 'ACTIVE'
    and (m.tier = :tier or m.member_id = any(:unwritten)
         or m.tier_source = 'RELEGATED' and m.tier_since > :last)
  union all
  select side.root, m.member_id from side
  join membership m on m.merged_into = side.member_id and m.programme = :programme
)
select m.member_id, m.tier, m.tier_source as source, m.tier_since as since, had.tier as had,
       coalesce(sum(p.amount), 0) as value
from side
join membership m on m.member_id = side.root and m.programme = :programme
join lateral (
  select t.tier from tier_term t
  where t.member_id = m.member_id and t.programme = m.programme and t.since <= :last
  order by t.number desc limit 1
) had on true
left join progress p on p.member_id = side.member_id and p.programme = :programme
  and p.counter = :counter and p.day between :first and :last
group by m.member_id, m.tier, m.tier_source, m.tier_since, had.tier
order by value, m.member_id desc
"""
"""Members who have a tier with what they had by the end of a year and did in it, least first.

What memberships did that were merged into theirs counts as well.
"""
