"""What keeps conversions sane: the block list, a ceiling, velocity limits, cooling-off periods.

The figures are of the rate book, by the programme that gives. What they are judged by is loaded
for quotes and conversions alone, and only where a figure asks for it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from partners.context import Context, Decision
from partners.directory import Directory
from partners.exchange.terms import Safeguards
from partners.exchange_store import conversion_of, sources_of
from partners.member_store import load_member_counters
from partners.querying import ACCOUNT, ask, query, together
from partners.refusals import Reason, Refused
from partners.standing_store import load_held
from partners.state import AccountKey, ConversionState, Membership, Needs, State
from settlement.ledger.entries import Entry, timestamp
from settlement.ledger.reading import FIRST_AFTER

VELOCITY_PERIOD = timedelta(hours=24)
"""What velocity limits look back on: rolling, so that midnight gives nobody a second day."""

_COUNTS = frozenset({ConversionState.PENDING, ConversionState.COMPLETED})
"""Conversions that were not taken back."""


async def load_safeguarded(state: State, directory: Directory, needs: Needs) -> None:
    """What the safeguards of programmes that give are judged by, for the batch's conversions.

    Of all memberships of these programmes that the batch touches: any of them may be merged into
    one that gives.
    """
    sources = sources_of(state, needs)
    if not sources or needs.now is None:
        return
    now = needs.now
    figures = {name: directory.book.safeguards(name, now) for name in {p for _, p in sources}}
    touched = [account for account in state.accounts if account[1] in figures]
    await together(
        _load_links(state, {a for a in sources if figures[a[1]].link_cooling_seconds}),
        _load_recent(state, [a for a in touched if _has_velocity(figures[a[1]])], now),
    )
    seconds = max(f.earned_cooling_seconds for f in figures.values())
    cooling = {a for a in touched if figures[a[1]].earned_cooling_seconds}
    if cooling:
        sides = {side for account in cooling for side in state.sides(account)}
        await together(
            _load_young(state, cooling, now - timedelta(seconds=seconds)),
            load_member_counters(state, sides),
            load_held(state, sides),
        )


def _has_velocity(figures: Safeguards) -> bool:
    return figures.daily_count is not None or figures.daily_minor is not None


async def _load_links(state: State, accounts: Iterable[AccountKey]) -> None:
    rows = await query(
        "select l.*, e.accepted_at from {batch} join link l using (member_id, programme) "
        "join entry e on e.number = l.number",
        ACCOUNT,
        accounts,
    )
    for row in rows:
        link = (row.member_id, row.programme), (row.other_member_id, row.other_programme)
        state.linked_at[link] = row.accepted_at


async def _load_recent(state: State, accounts: Iterable[AccountKey], now: datetime) -> None:
    rows = await query(
        "select c.* from {batch} join conversion c on c.source_member_id = batch.member_id "
        "and c.source_programme = batch.programme and c.accepted_at > :since",
        ACCOUNT,
        accounts,
        since=now - VELOCITY_PERIOD,
    )
    for row in rows:
        state.put_conversion(conversion_of(row))


async def _load_young(state: State, accounts: Iterable[AccountKey], since: datetime) -> None:
    """Points by the accruals they came by after an instant, less what was reversed of these."""
    for account in accounts:
        state.young[account] = {}
    ((first,),) = await ask(FIRST_AFTER, instant=since)
    rows = await query(
        "select batch.member_id, batch.programme, o.number, o.accepted_at, "
        "sum(case when e.kind = 'ACCRUAL' then l.amount else -l.amount end) as amount "
        "from {batch} join member_entry m on m.member_id = batch.member_id "
        "and m.programme = batch.programme and m.number >= :first "
        "join entry e on e.number = m.number and e.kind in ('ACCRUAL', 'REVERSAL') "
        "join entry o on o.number = coalesce(e.corrects, e.number) and o.number >= :first "
        "join line l on l.number = e.number "
        "and case when e.kind = 'ACCRUAL' then l.credit else l.debit end "
        "= 'member/' || batch.member_id || '/' || batch.programme group by 1, 2, 3, 4",
        ACCOUNT,
        accounts,
        first=first,
    )
    for row in rows:
        state.young[row.member_id, row.programme][row.number] = int(row.amount)
        state.earned_at[row.number] = row.accepted_at


def note_earned(decision: Decision, entry: Entry, state: State) -> None:
    """Points that a batch's own accruals gave to watched accounts are brand-new."""
    if not state.young or decision.kind not in {"ACCRUAL", "REVERSAL"}:
        return
    earns = decision.kind == "ACCRUAL"
    origin = entry.number if decision.corrects is None else decision.corrects
    if earns:
        state.earned_at[origin] = entry.accepted_at
    elif origin not in state.earned_at:
        return
    for line in decision.lines:
        account = line.credit if earns else line.debit
        young = state.young.get((account.member_id or 0, account.programme or ""))
        if young is not None:
            young[origin] = young.get(origin, 0) + (line.amount if earns else -line.amount)


def require_not_blocked(membership: Membership, context: Context) -> None:
    """Refuse a membership that neither converts nor redeems, or whose programme's partner does not.

    What was merged into it counts. The words are the same for all of it: why is between those who
    blocked it and its programme's partner.
    """
    blocks = context.directory.blocks
    keys = [m.key for m in (membership, *context.state.merged_into(membership))]
    keys.append(("", context.programme(membership.programme).partner))
    found = next((blocks[key] for key in keys if key in blocks), None)
    if found is not None:
        known = {"block": str(found.number)} if context.owns(membership.programme) else {}
        raise Refused(
            Reason.BLOCKED,
            f"membership {membership.member_number} of {membership.programme} may not be used",
            {
                "programme": membership.programme,
                "member_number": membership.member_number,
                **known,
            },
        )


def require_sane_amount(programme: str, amount_minor: int, context: Context) -> None:
    """Refuse a conversion or redemption beyond the ceiling: a decimal point in the wrong place."""
    exponent = context.directory.exponents.get(programme, 0)
    ceiling = context.directory.book.ceiling_minor(programme, exponent, context.now)
    if amount_minor > ceiling:
        raise Refused(
            Reason.IMPLAUSIBLE,
            f"{context.points(programme, amount_minor)} points of {programme} at once are beyond "
            f"what is sane; at most {context.points(programme, ceiling)} are (amounts are sent in "
            "minor units)",
            {"asked": str(amount_minor), "allowed": str(ceiling)},
        )


def require_safe(
    source: Membership, target: Membership, amount_minor: int, context: Context
) -> None:
    """Refuse what is too often, too much, over too new a link, or of points too new.

    Whether the member holds the points at all is judged where they are taken.
    """
    figures = context.directory.book.safeguards(source.programme, context.now)
    asked = _Asked(source, amount_minor, figures, context)
    asked.require_velocity()
    asked.require_old_link(target)
    asked.require_old_points()


@dataclass(frozen=True, slots=True)
class _Asked:
    """Points that a member wants to convert, with the figures of their programme."""

    source: Membership
    amount_minor: int
    figures: Safeguards
    context: Context

    def require_velocity(self) -> None:
        """Not more conversions nor more points of a member in 24 hours than it may."""
        if not _has_velocity(self.figures):
            return
        frees = sorted(self._recent())
        count, most = self.figures.daily_count, self.figures.daily_minor
        if count is not None and len(frees) >= count:
            needed = len(frees) + 1 - count
            free_at = _freed([(at, 1) for at, _ in frees], needed)
            raise self._too_fast(f"{count} times", len(frees), count, free_at)
        used = sum(amount for _, amount in frees)
        if most is not None and used + self.amount_minor > most:
            free_at = _freed(frees, used + self.amount_minor - most)
            raise self._too_fast(f"{self._points(most)} points", used, most, free_at)

    def _recent(self) -> Iterator[tuple[datetime, int]]:
        """Of the member's conversions in the last 24 hours: until when they count, and points."""
        state, now = self.context.state, self.context.now
        for side in state.sides(self.source.account):
            for number in state.converted.get(side, ()):
                conversion = state.conversions[number]
                until = conversion.accepted_at + VELOCITY_PERIOD
                if until > now and conversion.state in _COUNTS:
                    yield until, conversion.source_minor

    def _too_fast(self, what: str, used: int, allowed: int, free_at: datetime | None) -> Refused:
        when = "send less" if free_at is None else f"ask again at {timestamp(free_at)}"
        return self._refused(
            Reason.VELOCITY_EXCEEDED,
            f"a member may convert out of {self.source.programme} {what} in 24 hours",
            when,
            {"allowed": str(allowed), "used": str(used), **_instant(free_at)},
        )

    def require_old_link(self, target: Membership) -> None:
        """The link was made long enough ago; one person's own memberships need none."""
        cooling = timedelta(seconds=self.figures.link_cooling_seconds)
        if not cooling or self.source.member_id == target.member_id:
            return
        now = self.context.now
        since = self.context.state.linked_at.get((self.source.account, target.account), now)
        if now - since < cooling:
            raise self._refused(
                Reason.COOLING_OFF,
                f"the link to {target.programme} is too new to move points over it",
                f"ask again at {timestamp(since + cooling)}",
                _instant(since + cooling),
            )

    def require_old_points(self) -> None:
        """The points were earned long enough ago, those apart that other conversions leave over.

        Not where waiting would not help: then the member does not hold enough.
        """
        context, account = self.context, self.source.account
        keeps = context.book.holder(account).member_id is not None
        if not self.figures.earned_cooling_seconds or not keeps:
            return
        frees = sorted(self._cooling())
        available = context.state.available(account, context.now)
        old = available - sum(points for _, points in frees)
        if old >= self.amount_minor or available < self.amount_minor:
            return
        free_at = _freed(frees, self.amount_minor - old)
        raise self._refused(
            Reason.COOLING_OFF,
            f"{self._points(max(0, old))} points were earned long enough ago to be converted",
            "" if free_at is None else f"enough will be at {timestamp(free_at)}",
            {"asked": str(self.amount_minor), "available": str(max(0, old)), **_instant(free_at)},
        )

    def _cooling(self) -> Iterator[tuple[datetime, int]]:
        """Points that were earned too recently: when each accrual's will be old enough.

        Those that cannot be spent yet are not available anyway.
        """
        state, now = self.context.state, self.context.now
        cooling = timedelta(seconds=self.figures.earned_cooling_seconds)
        points: dict[int, int] = {}
        for side in state.sides(self.source.account):
            held = state.held.get(side, {})
            for origin, amount in state.young.get(side, {}).items():
                waits = origin in held and held[origin].available_at > now
                counted = amount - (held[origin].amount if waits else 0)
                points[origin] = points.get(origin, 0) + counted
        for origin, amount in points.items():
            free_at = state.earned_at[origin] + cooling
            if free_at > now and amount > 0:
                yield free_at, amount

    def _points(self, minor: int) -> str:
        return self.context.points(self.source.programme, minor)

    def _refused(self, reason: Reason, why: str, when: str, metadata: dict[str, str]) -> Refused:
        """To the programme's own partner with figures; what others' members did is not told."""
        if self.context.owns(self.source.programme):
            return Refused(reason, f"{why}; {when}" if when else why, metadata)
        return Refused(reason, f"{_OF_OTHERS[reason]}; ask again later")


_OF_OTHERS = {
    Reason.VELOCITY_EXCEEDED: "the member has converted too often or too much within a day",
    Reason.COOLING_OFF: "the link is too new, or the points were earned too recently",
}


def _freed(frees: list[tuple[datetime, int]], needed: int) -> datetime | None:
    """When as much will be free, of amounts by the instant at which each will be."""
    freed = 0
    for at, amount in frees:
        freed += amount
        if freed >= needed:
            return at
    return None


def _instant(at: datetime | None) -> dict[str, str]:
    return {} if at is None else {"again_at": timestamp(at)}
